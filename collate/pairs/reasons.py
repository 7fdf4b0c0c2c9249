"""Why a question gave an agent no pair: every reason that a dropped row may name.

The first group is about the rationales, whatever the conditions of `PairsConfig`; the second names
the condition that stood in the way of a pair there would have been without it.
"""

NO_RATIONALE = "no rationale"
ALL_RIGHT = "all right"
ALL_WRONG = "all wrong"
NONE_RIGHT = "none right, some unstated"
NONE_WRONG = "no wrong rationale"
ALL_EQUAL = "all rationales equal"
NO_LIFT = "no lift over the baseline"
NO_GOLD = "no gold solution"
NO_OWN = "no own rationale"
NO_MAJORITY = "no majority"
OUTVOTED = "own answers differ from the majority"

TOO_LONG = "too long"
MARKED = "winners marked"
TOO_LONG_OR_MARKED = "winners too long or marked"
NO_OWN_WINNER = "no own winner"
NO_OWN_LOSER = "no own loser"
NOT_ACROSS = "no pair across agents"
LENGTHS = "lengths too different"
MARGIN = "margin below the floor"
SEVERAL = "several conditions together"

REASONS = (
    NO_RATIONALE,
    ALL_RIGHT,
    ALL_WRONG,
    NONE_RIGHT,
    NONE_WRONG,
    ALL_EQUAL,
    NO_LIFT,
    NO_GOLD,
    NO_OWN,
    NO_MAJORITY,
    OUTVOTED,
    TOO_LONG,
    MARKED,
    TOO_LONG_OR_MARKED,
    NO_OWN_WINNER,
    NO_OWN_LOSER,
    NOT_ACROSS,
    LENGTHS,
    MARGIN,
    SEVERAL,
)
