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
    width = max(len(token_ids) for token_ids in sequences)
    ids_B_T = torch.zeros(len(sequences), width, dtype=torch.long)
    mask_B_T = torch.zeros_like(ids_B_T)
    for row, token_ids in enumerate(sequences):
        first_column = width - len(token_ids) if side == "left" else 0
        columns = slice(first_column, first_column + len(token_ids))
        ids_B_T[row, columns] = torch.tensor(token_ids, dtype=torch.long)
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
        parent_index, shared_tokens = -1, 0
        for token in token_ids:
            if (parent_index, token) not in self._children:
                break
            parent_index = self._children[parent_index, token]
            shared_tokens += 1
        return len(token_ids) - shared_tokens

    def add(self, context_ids: Sequence[int], completion_ids: Sequence[int]) -> int:
        """Add a completion after its context, neither of them empty; returns its number."""
        key = tuple(context_ids), tuple(completion_ids)
        completion_number = self._completions.setdefault(key, len(self._completions))
        if completion_number == len(self._paths):
            token_indices = self._insert((*context_ids, *completion_ids))
            # The last token of the context predicts the completion's first.
            self._paths.append(token_indices[len(context_ids) - 1 :])
        return completion_number

    def build(self, *, with_ends: bool = False) -> TokenTree:
        """The tree as tensors; `with_ends` has logits taken at the completions' last tokens too."""
        predicting: list[int] = []
        targets: list[int] = []
        owners: list[int] = []
        end_indices: list[int] = []
        for completion_number, path in enumerate(self._paths):
            predicting += path[:-1]
            targets += [self._tokens[index] for index in path[1:]]
            owners += [completion_number] * (len(path) - 1)
            end_indices.append(path[-1])
        needed_indices = predicting + end_indices if with_ends else predicting
        indices = torch.tensor(needed_indices, dtype=torch.long)
        # Completions that part share the token before: its logits are taken once for all of them.
        index_H, head_index = torch.unique(indices, return_inverse=True)
        position_T, mask_T_T = self._positions_and_mask()
        return TokenTree(
            input_ids_T=torch.tensor(self._tokens),
            position_ids_T=position_T,
            mask_T_T=mask_T_T,
            index_H=index_H,
            head_R=head_index[: len(predicting)],
            target_R=torch.tensor(targets),
            completion_R=torch.tensor(owners),
            length_C=torch.tensor([len(path) - 1 for path in self._paths]),
            end_head_C=head_index[len(predicting) :],
        )

    def _insert(self, token_ids: Sequence[int]) -> list[int]:
        """The indices of a sequence's tokens, new ones where its prefix has not been seen."""
        parent_index, token_indices, size_before = -1, [], len(self._tokens)
        for token in token_ids:
            if (parent_index, token) not in self._children:
                # The first new token begins a run; those after it have a new parent, and so are new
                # as well.
                if len(self._tokens) == size_before:
                    self._runs.append((size_before, parent_index))
                self._children[parent_index, token] = len(self._tokens)
                self._tokens.append(token)
            parent_index = self._children[parent_index, token]
            token_indices.append(parent_index)
        return token_indices

    def _positions_and_mask(self) -> tuple[Tensor, Tensor]:
        size = len(self._tokens)
        position_T = torch.zeros(size, dtype=torch.long)
        mask_T_T = torch.zeros(size, size, dtype=torch.bool)
        run_ends = [run_start for run_start, _ in self._runs[1:]] + [size]
        for (run_start, parent_index), run_end in zip(self._runs, run_ends, strict=True):
            run_length = run_end - run_start
            first_depth = 0
            # A run's tokens see what the token before the run sees, and the run up to themselves.
            if parent_index >= 0:
                mask_T_T[run_start:run_end] = mask_T_T[parent_index]
                first_depth = int(position_T[parent_index]) + 1
            causal_mask = torch.ones(run_length, run_length).tril().bool()
            mask_T_T[run_start:run_end, run_start:run_end] = causal_mask
            position_T[run_start:run_end] = torch.arange(first_depth, first_depth + run_length)
        return position_T, mask_T_T
