"""Rule `blended`: the highest over the lowest score, a sum of verdict and likelihood.

    score = w [right] + (1 - w) likelihood,    w = pairs.blend, likelihood in [0, 1]

With w = 0 this is equation 7 without equation 9's filter, with w = 1 the verdict alone. From w =
0.5 on no right rationale is below one that is not, so the likelihood decides only among equals;
below that a likely rationale may beat a right one. Unlike `correctness` with `order=margin`, where
verdict and likelihood stand in lexicographic order as well, a question whose rationales are all
right or all wrong gives pairs too, and a rationale whose verdict is unknown counts like a wrong
one: it is not known to be right.

Pairs go inwards as under `likelihood`, none uses a rationale twice, and equal scores make no pair.
The margin of a pair, and what `min_margin` is compared with, is the difference in score.
"""

from collections.abc import Sequence
from dataclasses import replace

from collate.config.schema import PairsConfig
from collate.errors import InputError
from collate.pairs.candidates import Candidate, Match
from collate.pairs.likelihood import furthest
from collate.pairs.matching import best_first, meetings
from collate.pairs.reasons import ALL_EQUAL, MARGIN
from collate.tables import RIGHT


def blended(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """Highest over lowest score, or the reason why there is no such pair. A `Rule`.

    Its candidates come back with their score in place of their likelihood. Raises InputError where
    a likelihood was not taken, or is no number from 0 to 1.
    """
    scored = [replace(one, likelihood=_score(one, config.blend)) for one in candidates]
    if len(scored) == 1:
        return ALL_EQUAL
    winners = [one for one in scored if one.may_win]
    losers = [one for one in scored if one.may_lose]
    above = [two for two in meetings(winners, losers, config) if two[0].margin_over(two[1]) > 0]
    return best_first(above, furthest, config, once=True) or MARGIN


def _score(candidate: Candidate, weight: float) -> float:
    if candidate.likelihood is None or not 0 <= candidate.likelihood <= 1:
        raise InputError(
            "pairs.rule=blended needs a likelihood from 0 to 1 of every rationale, and "
            f"{candidate.id} has {candidate.likelihood}; set scoring.likelihood=true and "
            "scoring.normalisation=mean_prob or geometric"
        )
    return weight * (candidate.verdict == RIGHT) + (1 - weight) * candidate.likelihood
