"""A run shown: as DataFrames, plots, a page, and tables on the screen.

Reads what `collate.rounds` wrote and changes none of it; needs neither a model nor Ray.
"""
