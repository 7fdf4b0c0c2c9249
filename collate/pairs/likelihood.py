"""Rule `likelihood`: the paper's winner and loser, whatever the verdicts (equations 7 and 9).

Equation 7: of all rationales for a question, the one under which the frozen model gives the gold
answer the highest likelihood is chosen, the one with the lowest is rejected. Equation 9: the pair
stands only if the chosen one's likelihood exceeds that without a rationale, that is, if its lift is
above 0; the baseline here is taken under the same prompt. Further pairs of a question take the
second highest and second lowest, and so on inwards, so no rationale is used twice.

The paper has no rule for ties. Equal likelihoods make no pair here, and among rationales that tie
for the lowest the agent's own is rejected first. One that may not win is passed over above, and may
still be the lowest.
"""

from collections.abc import Sequence

from collate.config.schema import PairsConfig
from collate.errors import InputError
from collate.pairs.candidates import ALL_EQUAL, MARGIN, NO_LIFT, Candidate, Match


def likelihood(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """Highest over lowest likelihood, or the reason why there is no such pair. A `Rule`.

    Raises InputError where the likelihood was not taken.
    """
    heights: dict[Candidate, float] = {}
    for one in candidates:
        if one.likelihood is None or one.lift is None:
            raise InputError(
                "pairs.rule=likelihood needs the likelihood of every rationale, and "
                f"{one.chosen_id} has none; set scoring.likelihood=true, or "
                "pairs.rule=correctness"
            )
        heights[one] = one.likelihood
    if len(candidates) == 1:
        return ALL_EQUAL
    winners = [one for one in candidates if one.may_win]
    falling = sorted(winners, key=lambda one: (-heights[one], one.chosen_id))
    rising = sorted(candidates, key=lambda one: (heights[one], not one.own, one.rejected_id))
    matches: list[Match] = []
    reason = MARGIN
    for chosen, rejected in zip(falling, rising, strict=False):
        margin = chosen.margin_over(rejected)
        # Margins and lifts only fall from here on, so the first pair that fails is the end.
        if margin <= 0 or margin < config.min_margin or len(matches) == config.per_question:
            break
        if chosen.lift is not None and chosen.lift <= 0:
            reason = NO_LIFT
            break
        matches.append((chosen, rejected))
    return matches or reason
