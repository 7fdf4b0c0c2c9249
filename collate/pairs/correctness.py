"""Rule `correctness`: a right rationale over a wrong one (Iterative RPO, arXiv 2404.19733).

Chosen candidates are right, rejected ones are wrong; a candidate whose verdict is unknown (no
stated answer, or several) is neither, since unknown never becomes wrong by default. A candidate is
used again only when its side has none left that is unused. `pairs.order` says which pairs come
first:

    nearest   the right candidates are taken by falling likelihood. Each meets the wrong candidate
              that the agent wrote itself, where there is one left (a loser that its own policy
              produces), and among several the one nearest in likelihood: the hardest to tell apart.
              Without likelihoods the ids decide, which are digests
    margin    the pairs with the largest difference in likelihood. Verdict first and likelihood
              second: the two in lexicographic order, where the rule `blended` adds them up
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from collate.config.schema import PairsConfig
from collate.pairs.candidates import Candidate, Match, none_right, none_wrong
from collate.pairs.matching import best_first, height, meetings
from collate.pairs.reasons import MARGIN
from collate.tables import RIGHT, WRONG


def correctness(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """Right over wrong, or the reason why there is no such pair. A `Rule`."""
    right = [one for one in candidates if one.verdict == RIGHT and one.may_win]
    wrong = [one for one in candidates if one.verdict == WRONG and one.may_lose]
    if not right:
        return none_right(candidates)
    if not wrong:
        return none_wrong(candidates)
    order = _largest_margin if config.order == "margin" else _nearest
    return best_first(meetings(right, wrong, config), order, config) or MARGIN


def _nearest(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    gap = abs(chosen.margin_over(rejected))
    return (
        *(uses[chosen], -height(chosen), chosen.chosen_id),
        *(uses[rejected], not rejected.own, gap, -height(rejected), rejected.rejected_id),
    )


def _largest_margin(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    margin = chosen.margin_over(rejected)
    ids = (chosen.chosen_id, not rejected.own, rejected.rejected_id)
    return (uses[chosen], uses[rejected], -margin, *ids)
