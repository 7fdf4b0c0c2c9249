"""Rule `right_only`: every distinct right rationale is chosen and none rejected, for tuning by SFT.

Over the rationales of all agents this is RFT, which pools the right paths of several models
(arXiv 2308.01825; it tells paths apart by their equations, here it is by their text). With
`winner=own` and rationales written from a hint where a question has no right one, it is STaR
(arXiv 2203.14465).

Of more than `per_question`, those that agents wrote come before a gold solution, and the ids
decide, which are digests: taking the likeliest would be a choice that these methods do not make.
"""

from collections.abc import Sequence

from collate.config.schema import PairsConfig
from collate.pairs.candidates import Candidate, Match, none_right
from collate.tables import RIGHT

REJECTS_NOTHING = True


def right_only(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """The right ones, each without a loser, or the reason why there is none. A `Rule`."""
    right = [one for one in candidates if one.verdict == RIGHT and one.may_win]
    if not right:
        return none_right(candidates)
    right.sort(key=lambda one: (not one.written, one.chosen_id))
    return [(one, None) for one in right[: config.per_question]]
