"""The loop and its stages.

Puts the other folders' functions together, which know nothing of it.
"""
