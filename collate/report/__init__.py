"""A finished or running run, shown: as DataFrames, plots and one HTML page.

Reads what the run wrote and changes none of it; needs neither a model nor Ray.
"""
