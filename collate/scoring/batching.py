"""Sequences to be scored, in batches: packed to a budget, padded, sharing what they begin with."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence to score: `ids` follow the shared prefix of question number `question`.

    Rows with one number `stem` are answers after the same rationale.
    """

    question: int
    stem: int
    ids: tuple[int, ...]
    answer_tokens: int


def shared_stem(rows: Sequence[Row]) -> tuple[int, ...]:
    """What the rows begin with alike, short of the token that predicts an answer's first."""
    room = min(len(row.ids) - row.answer_tokens - 1 for row in rows)
    return rows[0].ids[: min(room, alike([row.ids for row in rows]))]


def alike(sequences: Sequence[tuple[int, ...]]) -> int:
    """How many tokens all sequences begin with."""
    first, last = min(sequences), max(sequences)  # these two differ where any do
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return sum(1 for _ in same)


def padded(sequences: Sequence[Sequence[int]], *, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask (1 on tokens), both [B, T], padded on one side to the longest sequence."""
    width = max(len(ids) for ids in sequences)
    ids_B_T = torch.zeros(len(sequences), width, dtype=torch.long)
    mask_B_T = torch.zeros_like(ids_B_T)
    for b, ids in enumerate(sequences):
        place = slice(width - len(ids), width) if left else slice(0, len(ids))
        ids_B_T[b, place] = torch.tensor(ids, dtype=torch.long)
        mask_B_T[b, place] = 1
    return ids_B_T, mask_B_T


def pack(lengths: Sequence[int], budget: int, *, shared: int = 0) -> Iterator[list[int]]:
    """Indices in batches, longest first, each padded batch within the budget or of one row.

    A row takes `shared` tokens besides its own, padded to its batch's longest.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    while order:
        rows = max(1, budget // max(1, shared + lengths[order[0]]))
        yield order[:rows]
        order = order[rows:]


def select(cache: Any, rows: torch.Tensor) -> Any:
    """A cache of the given rows, which may repeat; the given cache stays as it is.

    A shallow copy of the layers suffices: `batch_select_indices` binds new tensors to them, and a
    layer grows by concatenation.
    """
    selected = copy.copy(cache)
    selected.layers = [copy.copy(layer) for layer in cache.layers]
    selected.batch_select_indices(rows)
    return selected
