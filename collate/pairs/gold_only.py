"""Rule `gold_only`: the data set's solution is chosen and nothing rejected: plain SFT on it.

Where a question has no worked solution, its gold rationale is the stated answer alone. That bears
the mark "only the answer", so the preset sets `allow_marked: true`.
"""

from collections.abc import Sequence

from collate.config.schema import PairsConfig
from collate.pairs.candidates import Candidate, Match
from collate.pairs.reasons import NO_GOLD
from collate.tables import GOLD

REJECTS_NOTHING = True


def gold_only(candidates: Sequence[Candidate], config: PairsConfig) -> list[Match] | str:
    """The gold solution without a loser, or the reason why there is none. A `Rule`."""
    gold = [one for one in candidates if GOLD in one.sources and one.may_win]
    gold.sort(key=lambda one: one.chosen_id)
    return [(one, None) for one in gold[: config.per_question]] or NO_GOLD
