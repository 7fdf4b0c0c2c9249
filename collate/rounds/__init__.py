"""The loop, its stages, and the run folder.

Puts the other rooms together, which know nothing of it, and owns what a run has on disk.
"""
