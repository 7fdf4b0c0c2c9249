"""The numbers of a run: accuracy, votes, diversity, intervals, and the comparison of arms.

Rows and arrays in, metrics out; knows neither files, nor models, nor Ray.
"""
