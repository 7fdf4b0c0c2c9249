"""Rule `longest_right`: the longest right rationale over one that fails (DPO-VP, 2503.12854).

DPO-VP scores an answer 1 where it is right and in the form asked for, 0 where it is wrong and in
that form, and -1 where it is not in the form, whatever it says. The chosen one is the longest with
score 1, in tokens. The rejected one is drawn from those with score -1, or from those with score 0
where there is none: this is the one rule under which a rationale that states no readable answer
loses, since the paper's loser is one that misses the form. An unknown verdict for any other reason
(the verifier gave up, say) neither wins nor loses.

The draw is by id, which is a digest, after the agent's own. The paper takes one pair a question
(`per_question: 1` in the preset); more take the next longest. It also prefers, where nothing is
right, the longest wrong one to one that misses the form. That is left out: what misses the form
may be right.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from collate.config.schema import PairsConfig
from collate.pairs.candidates import Candidate, Match, none_right, none_wrong
from collate.pairs.matching import best_first, meetings
from collate.pairs.reasons import MARGIN
from collate.tables import RIGHT, WRONG


def longest_right(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """The longest right over a formless or wrong one, or why there is no such pair. A `Rule`."""
    right = [one for one in candidates if one.verdict == RIGHT and one.may_win]
    failed = [
        one for one in candidates if one.may_lose and (one.verdict == WRONG or one.misses_form)
    ]
    if not right:
        return none_right(candidates)
    if not failed:
        return none_wrong(candidates)
    return best_first(meetings(right, failed, config), _longest, config) or MARGIN


def _longest(chosen: Candidate, rejected: Candidate, uses: Counter[Candidate]) -> Any:
    return (
        *(uses[chosen], -chosen.tokens, chosen.chosen_id),
        *(uses[rejected], not rejected.misses_form, not rejected.own, rejected.rejected_id),
    )
