"""Rule `likelihood`: the paper's winner and loser, whatever the verdicts (equations 7 and 9).

Equation 7: of all rationales for a question, the one under which the frozen model gives the gold
answer the highest likelihood is chosen, the one with the lowest is rejected. Equation 9: the pair
stands only if the chosen one's likelihood exceeds that without a rationale, that is, if its lift is
above 0; which prompt the baseline is taken under, `scoring.baseline` says. Further pairs of a
question take the second highest and second lowest, and so on inwards, so no rationale is used
twice. Where a condition keeps the highest and the lowest apart, the two that may meet and lie
furthest apart come first.

The paper has no rule for ties. Equal likelihoods make no pair here, and among rationales that tie
for the lowest the agent's own is rejected first. One that may not win is passed over above, and may
still be the lowest.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from collate.config.schema import PairsConfig
from collate.errors import InputError
from collate.pairs.candidates import Candidate, Match
from collate.pairs.matching import best_first, height, meetings
from collate.pairs.reasons import ALL_EQUAL, MARGIN, NO_LIFT


def likelihood(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """Highest over lowest likelihood, or the reason why there is no such pair. A `Rule`.

    Raises InputError where the likelihood was not taken.
    """
    for one in candidates:
        if one.likelihood is None or one.lift is None:
            raise InputError(
                "pairs.rule=likelihood needs the likelihood of every rationale, and "
                f"{one.id} has none; set scoring.likelihood=true, or pairs.rule=correctness"
            )
    if len(candidates) == 1:
        return ALL_EQUAL
    winners = [one for one in candidates if one.may_win]
    losers = [one for one in candidates if one.may_lose]
    above = [two for two in meetings(winners, losers, config) if two[0].margin_over(two[1]) > 0]
    lifting = [two for two in above if two[0].lift is not None and two[0].lift > 0]
    return best_first(lifting, furthest, config, once=True) or (NO_LIFT if above else MARGIN)


def furthest(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    """An `Order`: the largest margin first, and among equal ones a loser of the agent's own."""
    return (
        -chosen.margin_over(rejected),
        *(-height(chosen), chosen.chosen_id),
        *(height(rejected), not rejected.own, rejected.rejected_id),
    )
