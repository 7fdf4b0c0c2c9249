"""Ray: the processes that do the work, the queue before them, and deadlines.

Knows what engines, scoring and tuning offer; nothing of rounds or of the run folder.
"""
