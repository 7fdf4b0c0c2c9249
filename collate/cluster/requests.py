"""Having the engines write what is asked of a block's questions, and keeping what comes.

Questions go through the engines block by block. What is there already is not asked for again, so
that a stage that was killed goes on where it was.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from collate.cluster.workers import Report, Workers
from collate.engines.protocol import Completion, Request
from collate.errors import EngineError
from collate.models.weights import AgentWeights
from collate.tables import SAMPLED, Question

Weights = Mapping[str, AgentWeights]


class Kept(Protocol):
    """Rows of a stage that are there already, by block, and where to put more as they come."""

    def rows(self, block: int) -> list[Any]: ...

    def add(self, block: int, rows: Sequence[Any]) -> None: ...


class Loose:
    """Rows that are kept nowhere but here."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Any]] = defaultdict(list)

    def rows(self, block: int) -> list[Any]:
        return self._rows[block]

    def add(self, block: int, rows: Sequence[Any]) -> None:
        self._rows[block] += rows


@dataclass(frozen=True)
class Asked:
    """What one row is to be made from. `prefix` are tokens that stand before what is written."""

    request: Request
    question: Question
    sample: int
    source: str = SAMPLED
    prefix: tuple[int, ...] = ()


Ask = Callable[[Sequence[Question], Sequence[Any]], Iterable[Asked]]
"""What is asked of a block's questions, given the rows that the block has so far."""
RowsOf = Callable[[Sequence[tuple[Asked, Completion]]], list[Any]]
"""Rows of what was asked and written."""
KeyOf = Callable[[Any], str]
"""The key of the request that a row answers."""


def left_over(
    blocks: Sequence[Sequence[Question]], ask: Ask, key_of: KeyOf, kept: Kept
) -> tuple[int, int]:
    """How many rows are asked for in all, and how many of them are kept already."""
    total = there = 0
    for number, block in enumerate(blocks):
        rows = kept.rows(number)
        keys = {key_of(row) for row in rows}
        for one in ask(block, rows):
            total += 1
            there += one.request.key in keys
    return total, there


def write(
    blocks: Sequence[Sequence[Question]],
    ask: Ask,
    rows_of: RowsOf,
    key_of: KeyOf,
    weights: Weights,
    workers: Workers,
    kept: Kept,
    report: Report,
) -> None:
    """Have everything written that is asked of each block, but what is kept already."""
    waiting: dict[str, Asked] = {}

    def missing() -> Iterator[list[Request]]:
        for number, block in enumerate(blocks):
            rows = kept.rows(number)
            there = {key_of(row) for row in rows}
            left = {o.request.key: o for o in ask(block, rows) if o.request.key not in there}
            waiting.update(left)
            yield [one.request for one in left.values()]

    def keep(number: int, done: Sequence[Completion]) -> None:
        kept.add(number, rows_of([(waiting.pop(one.key), one) for one in done]))

    workers.generate(missing(), weights, report, keep=keep)
    if waiting:
        raise EngineError(f"the engines left {len(waiting)} requests unanswered: {min(waiting)}")


def in_order(
    blocks: Sequence[Sequence[Question]], asks: Sequence[Ask], key_of: KeyOf, kept: Kept
) -> Iterator[list[Any]]:
    """The rows of each block, in the order in which they were asked for."""
    for number, block in enumerate(blocks):
        rows = {key_of(row): row for row in kept.rows(number)}
        ordered: list[Any] = []
        for ask in asks:
            ordered += [rows[one.request.key] for one in ask(block, ordered)]
        yield ordered
