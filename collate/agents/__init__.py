"""What makes the copies of the model differ, and the record of each.

Knows settings, models and folders of weights; neither rounds nor Ray.
"""
