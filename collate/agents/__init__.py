"""What makes the copies of the model differ, the record of each, and their prompts.

Knows settings, tasks, models and folders of weights; neither rounds nor Ray.
"""
