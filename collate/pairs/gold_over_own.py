"""Rule `gold_over_own`: the data set's solution over what the agent wrote itself.

This is SPIN (arXiv 2401.01335), and equation 5 of the paper, by which its agents come to differ:
each on its own random part of the questions (`agents.own_part`). Neither verdict nor likelihood
plays a part, so that a right rationale is rejected too. SPIN and the paper take one sample a
question (`per_question: 1` in the preset); which one is drawn by id, a digest.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from collate.config.schema import PairsConfig
from collate.pairs.candidates import Candidate, Match
from collate.pairs.matching import best_first, meetings
from collate.pairs.reasons import ALL_EQUAL, MARGIN, NO_GOLD, NO_OWN
from collate.tables import GOLD


def gold_over_own(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """Gold over own, or the reason why there is no such pair. A `Rule`."""
    gold = [one for one in candidates if GOLD in one.sources and one.may_win]
    own = [one for one in candidates if one.own and one.may_lose]
    if not gold:
        return NO_GOLD
    if not own:
        return NO_OWN
    if all(one in gold for one in own):
        return ALL_EQUAL
    others = [one for one in own if one not in gold]
    return best_first(meetings(gold, others, config), _drawn, config) or MARGIN


def _drawn(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    return (uses[chosen], chosen.chosen_id, uses[rejected], rejected.rejected_id)
