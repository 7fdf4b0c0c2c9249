"""The verdicts of the tables, each as the set of what may be said of a statement.

`N` is a statement that nobody takes for the gold answer: that it differs or that it cannot be told
is both true of "minus 12" where 12 is the answer.
"""

from collate.verdicts import RIGHT, UNKNOWN, WRONG

R = frozenset({RIGHT})
W = frozenset({WRONG})
U = frozenset({UNKNOWN})
N = frozenset({WRONG, UNKNOWN})
