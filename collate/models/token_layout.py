"""How sequences of tokens are laid out for one forward pass: as padded rows, or as a tree.

Completions that are to be read after their contexts share much: the worked examples of all prompts,
a question's prompt, a rationale's first steps. As a tree of tokens they are one row, a parent
before its children; a token's position is its depth, and the mask lets it see its ancestors and
itself. So nothing is computed twice and nothing is padded.

With two worked examples (110 tokens), questions of 20 and rationales of 20 tokens, eight pairs of
rationales make about 550 tokens instead of 2,400.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor


def padded(
    sequences: Sequence[Sequence[int]], *, side: Literal["left", "right"]
) -> tuple[Tensor, Tensor]:
    """Token ids and mask (1 on tokens), both [B, T], padded on one side to the longest sequence."""
    width = max(len(ids) for ids in sequences)
    ids_B_T = torch.zeros(len(sequences), width, dtype=torch.long)
    mask_B_T = torch.zeros_like(ids_B_T)
    for row, ids in enumerate(sequences):
        columns = slice(width - len(ids), width) if side == "left" else slice(0, len(ids))
        ids_B_T[row, columns] = torch.tensor(ids, dtype=torch.long)
        mask_B_T[row, columns] = 1
    return ids_B_T, mask_B_T


@dataclass(frozen=True)
class TokenTree:
    """Completions after their contexts, as one row in which every distinct prefix stands once.

    T counts the tree's tokens, C distinct completions, R their tokens, H the tokens of the row
    whose logits are needed: those at which some completion's token, or its end, is predicted.
    """

    input_ids_T: Tensor
    position_ids_T: Tensor
    mask_T_T: Tensor
    """True where the row's token may attend to the column's."""
    index_H: Tensor
    """Where in the row these are."""
    head_R: Tensor
    """For each completion token, the index into `index_H` of where it is predicted."""
    target_R: Tensor
    completion_R: Tensor
    length_C: Tensor
    end_head_C: Tensor
    """For each completion, the index into `index_H` of its last token; empty without ends."""

    def to(self, device: Any) -> "TokenTree":
        """The tree with its tensors on a device."""
        return replace(self, **{name: part.to(device) for name, part in vars(self).items()})


class TreeBuilder:
    """Collects completions with their contexts; equal ones become one."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        # Index of a token by (index of the token before it, or -1; the token).
        self._children: dict[tuple[int, int], int] = {}
        # Each sequence that brings something new adds one run of tokens: (first index, index of
        # the token that the run follows, or -1).
        self._runs: list[tuple[int, int]] = []
        self._completions: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
        self._paths: list[list[int]] = []

    def __len__(self) -> int:
        """Tokens of the tree so far."""
        return len(self._tokens)

    def new_tokens(self, token_ids: Sequence[int]) -> int:
        """By how many tokens the tree would grow with a sequence."""
        parent, shared = -1, 0
        for token in token_ids:
            if (parent, token) not in self._children:
                break
            parent = self._children[parent, token]
            shared += 1
        return len(token_ids) - shared

    def add(self, context_ids: Sequence[int], completion_ids: Sequence[int]) -> int:
        """Add a completion after its context, neither of them empty; returns its number."""
        key = tuple(context_ids), tuple(completion_ids)
        number = self._completions.setdefault(key, len(self._completions))
        if number == len(self._paths):
            path = self._insert((*context_ids, *completion_ids))
            # The last token of the context predicts the completion's first.
            self._paths.append(path[len(context_ids) - 1 :])
        return number

    def build(self, *, with_ends: bool = False) -> TokenTree:
        """The tree as tensors; `with_ends` has logits taken at the completions' last tokens too."""
        predicting: list[int] = []
        targets: list[int] = []
        owners: list[int] = []
        ends: list[int] = []
        for number, path in enumerate(self._paths):
            predicting += path[:-1]
            targets += [self._tokens[index] for index in path[1:]]
            owners += [number] * (len(path) - 1)
            ends.append(path[-1])
        indices = torch.tensor(predicting + ends if with_ends else predicting, dtype=torch.long)
        index_H, head = torch.unique(indices, return_inverse=True)
        position_T, mask_T_T = self._positions_and_mask()
        return TokenTree(
            input_ids_T=torch.tensor(self._tokens),
            position_ids_T=position_T,
            mask_T_T=mask_T_T,
            index_H=index_H,
            head_R=head[: len(predicting)],
            target_R=torch.tensor(targets),
            completion_R=torch.tensor(owners),
            length_C=torch.tensor([len(path) - 1 for path in self._paths]),
            end_head_C=head[len(predicting) :],
        )

    def _insert(self, token_ids: Sequence[int]) -> list[int]:
        """The indices of a sequence's tokens, new ones where its prefix has not been seen."""
        parent, path, size = -1, [], len(self._tokens)
        for token in token_ids:
            if (parent, token) not in self._children:
                if len(self._tokens) == size:
                    self._runs.append((size, parent))
                self._children[parent, token] = len(self._tokens)
                self._tokens.append(token)
            parent = self._children[parent, token]
            path.append(parent)
        return path

    def _positions_and_mask(self) -> tuple[Tensor, Tensor]:
        size = len(self._tokens)
        position_T = torch.zeros(size, dtype=torch.long)
        mask_T_T = torch.zeros(size, size, dtype=torch.bool)
        ends = [first for first, _ in self._runs[1:]] + [size]
        for (first, parent), end in zip(self._runs, ends, strict=True):
            depth = 0
            if parent >= 0:
                mask_T_T[first:end] = mask_T_T[parent]
                depth = int(position_T[parent]) + 1
            mask_T_T[first:end, first:end] = torch.ones(end - first, end - first).tril().bool()
            position_T[first:end] = torch.arange(depth, depth + end - first)
        return position_T, mask_T_T
