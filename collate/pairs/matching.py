"""From winners and losers to pairs: which two may meet, and which of them come first.

A rule says who may win, who may lose and what comes first; `meetings` asks the conditions of
`PairsConfig` in its place, so that every rule keeps them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any

from collate.config.schema import PairsConfig
from collate.pairs.candidates import Candidate, Match
from collate.pairs.conditions import above_floor, may_meet
from collate.tables import Rationale

Meeting = tuple[Candidate, Candidate]
"""A chosen and a rejected candidate that may make a pair."""

Order = Callable[[Candidate, Candidate, Counter[Candidate]], Any]
"""A sort key of a meeting, the best being the smallest, given how often each one was used."""


def meetings(
    winners: Iterable[Candidate], losers: Sequence[Candidate], config: PairsConfig
) -> list[Meeting]:
    """Every winner with every loser that the conditions let it meet.

    One that may not win meets nobody, and nobody meets one that may not lose.
    """
    return [
        (chosen, rejected)
        for chosen in winners
        for rejected in losers
        if chosen is not rejected
        and above_floor(chosen.likelihood, rejected.likelihood, config)
        and any(may_meet(*two, config) for two in product(chosen.as_chosen, rejected.as_rejected))
    ]


def best_first(
    open_meetings: Iterable[Meeting], order: Order, config: PairsConfig, *, once: bool = False
) -> list[Match]:
    """At most `per_question` distinct meetings; with `once`, no candidate is in two of them."""
    left = list(open_meetings)
    uses: Counter[Candidate] = Counter()
    taken: list[Match] = []
    while left and len(taken) < config.per_question:
        best = min(left, key=lambda two: order(two[0], two[1], uses))
        taken.append(best)
        uses.update(best)
        left = [
            two for two in left if two is not best and not (once and (uses[two[0]] or uses[two[1]]))
        ]
    return taken


def named(match: Match, config: PairsConfig) -> tuple[Rationale, Rationale | None]:
    """The rationales that stand for a match in the table: the first two that may meet."""
    chosen, rejected = match
    if rejected is None:
        return chosen.as_chosen[0], None
    both = product(chosen.as_chosen, rejected.as_rejected)
    return next(two for two in both if may_meet(*two, config))


def height(candidate: Candidate) -> float:
    """The likelihood; 0 where none was taken, so that ids decide."""
    return 0.0 if candidate.likelihood is None else candidate.likelihood
