"""Send the requests of a block's questions to the engines, and store the completions.

Questions go through the engines block by block. Requests whose row is stored already are not sent
again, so that a stage that was killed goes on where it was.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from collate.cluster.pool import Progress
from collate.cluster.workers import Workers
from collate.engines.protocol import Completion, Request
from collate.errors import EngineError
from collate.models.weights import AgentWeights
from collate.tables import SAMPLED, Question


class RowStore(Protocol):
    """Rows of a stage that are there already, by block, and where to put more as they come."""

    def rows(self, block: int) -> list[Any]: ...

    def add(self, block: int, rows: Sequence[Any]) -> None: ...


class MemoryRows:
    """A `RowStore` in memory, for rows that no killed process needs to find again."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Any]] = defaultdict(list)

    def rows(self, block: int) -> list[Any]:
        return self._rows[block]

    def add(self, block: int, rows: Sequence[Any]) -> None:
        self._rows[block] += rows


@dataclass(frozen=True)
class PendingRow:
    """What one row is to be made from. `prefix` are tokens that stand before what is written."""

    request: Request
    question: Question
    sample: int
    origin: str = SAMPLED
    prefix: tuple[int, ...] = ()


Plan = Callable[[Sequence[Question], Sequence[Any]], Iterable[PendingRow]]
"""What is to be written for a block's questions, given the rows that the block has so far."""
MakeRows = Callable[[Sequence[tuple[PendingRow, Completion]]], list[Any]]
"""Rows of what was requested and written."""
RequestKey = Callable[[Any], str]
"""The key of the request that a row answers."""


def count_rows(
    blocks: Sequence[Sequence[Question]], plan: Plan, key_of: RequestKey, store: RowStore
) -> tuple[int, int]:
    """How many rows are planned in all, and how many of them are stored already."""
    planned_count = stored_count = 0
    for block_number, block_questions in enumerate(blocks):
        stored_rows = store.rows(block_number)
        stored_keys = {key_of(row) for row in stored_rows}
        for pending in plan(block_questions, stored_rows):
            planned_count += 1
            stored_count += pending.request.key in stored_keys
    return planned_count, stored_count


def write_rows(
    blocks: Sequence[Sequence[Question]],
    plan: Plan,
    make_rows: MakeRows,
    key_of: RequestKey,
    weights: Mapping[str, AgentWeights],
    workers: Workers,
    store: RowStore,
    progress: Progress,
) -> None:
    """Have everything written that is planned for each block, except what is stored already."""
    pending_by_key: dict[str, PendingRow] = {}

    def missing_requests() -> Iterator[list[Request]]:
        # One block at a time, as the queue asks for them: requests of a whole round may be too many
        # for memory.
        for number, block_questions in enumerate(blocks):
            stored_rows = store.rows(number)
            stored_keys = {key_of(row) for row in stored_rows}
            missing_by_key: dict[str, PendingRow] = {}
            for pending in plan(block_questions, stored_rows):
                if pending.request.key not in stored_keys:
                    missing_by_key[pending.request.key] = pending
            pending_by_key.update(missing_by_key)
            yield [pending.request for pending in missing_by_key.values()]

    def store_completions(number: int, completions: Sequence[Completion]) -> None:
        # Taken out, so that what is left at the end was never answered.
        written = [(pending_by_key.pop(completion.key), completion) for completion in completions]
        store.add(number, make_rows(written))

    workers.generate(missing_requests(), weights, progress, on_completions=store_completions)
    if pending_by_key:
        raise EngineError(
            f"the engines left {len(pending_by_key)} requests unanswered: {min(pending_by_key)}"
        )


def ordered_rows(
    blocks: Sequence[Sequence[Question]],
    plans: Sequence[Plan],
    key_of: RequestKey,
    store: RowStore,
) -> Iterator[list[Any]]:
    """The rows of each block as they were planned: in one order on every machine."""
    for block_number, block_questions in enumerate(blocks):
        rows_by_key = {key_of(row): row for row in store.rows(block_number)}
        planned_rows: list[Any] = []
        for plan in plans:
            # A later plan looks at the rows of the earlier ones.
            planned_rows += [
                rows_by_key[pending.request.key] for pending in plan(block_questions, planned_rows)
            ]
        yield planned_rows
