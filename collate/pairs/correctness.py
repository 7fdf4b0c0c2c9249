"""Rule `correctness`: a right rationale over a wrong one, the nearest competition first.

Chosen candidates are right and may win, rejected ones are wrong; a candidate whose verdict is
unknown (no stated answer, or several) is neither, since unknown never becomes wrong by default.

The right candidates are taken by falling likelihood. Each meets the wrong candidate that the agent
wrote itself, where there is one left (a loser that its own policy produces), and among several the
one nearest in likelihood: the hardest to tell apart. A candidate is used again only when its side
has none left that is unused. Without likelihoods the ids decide, which are digests.
"""

from collections import Counter
from collections.abc import Sequence

from collate.config.schema import PairsConfig
from collate.pairs.candidates import (
    ALL_RIGHT,
    ALL_WRONG,
    MARGIN,
    NONE_RIGHT,
    NONE_WRONG,
    Candidate,
    Match,
)
from collate.tables import RIGHT, WRONG


def correctness(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """Right over wrong, or the reason why there is no such pair. A `Rule`."""
    right = [one for one in candidates if one.verdict == RIGHT and one.may_win]
    wrong = [one for one in candidates if one.verdict == WRONG]
    if not right:
        return ALL_WRONG if len(wrong) == len(candidates) else NONE_RIGHT
    if not wrong:
        return ALL_RIGHT if len(right) == len(candidates) else NONE_WRONG
    return _nearest_first(right, wrong, config) or MARGIN


def _nearest_first(
    right: Sequence[Candidate], wrong: Sequence[Candidate], config: PairsConfig
) -> list[Match]:
    """At most `per_question` distinct pairs; none only if every margin is below the floor."""
    open_matches = {
        chosen: {one for one in wrong if _above_floor(chosen, one, config.min_margin)}
        for chosen in right
    }
    uses: Counter[Candidate] = Counter()
    matches: list[Match] = []
    while len(matches) < config.per_question:
        available = [one for one, partners in open_matches.items() if partners]
        if not available:
            break
        chosen = min(available, key=lambda one: (uses[one], -_height(one), one.chosen_id))
        rejected = min(open_matches[chosen], key=lambda one: _preference(chosen, one, uses))
        open_matches[chosen].remove(rejected)
        uses.update((chosen, rejected))
        matches.append((chosen, rejected))
    return matches


def _preference(
    chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]
) -> tuple[int, bool, float, float, str]:
    gap = abs(chosen.margin_over(rejected))
    return (uses[rejected], not rejected.own, gap, -_height(rejected), rejected.rejected_id)


def _height(candidate: Candidate) -> float:
    return 0.0 if candidate.likelihood is None else candidate.likelihood


def _above_floor(chosen: Candidate, rejected: Candidate, floor: float) -> bool:
    """A floor of 0 asks nothing: a right rationale beats a wrong one that the scorer likes more."""
    if floor <= 0 or chosen.likelihood is None or rejected.likelihood is None:
        return True
    return chosen.margin_over(rejected) >= floor
