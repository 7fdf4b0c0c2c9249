"""Batched decoding with a transformers model: prompts once, then a token a step for every row."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from collate.engines.protocol import Request
from collate.engines.sampling import RowSampler

COMPACT_BELOW = 0.75
"""Finished rows leave the cache when fewer than this share of its rows still write: leaving costs
about as much as a step, a dead row its part of every further step."""


class Decoding:
    """One batch being written. Equal prompts are computed once and their cache is shared out."""

    def __init__(self, model: Any, requests: Sequence[Request], rooms: Sequence[int]):
        self._model, self._rooms = model, rooms
        self._device = next(model.parameters()).device
        self._accepted = inspect.signature(model.forward).parameters.keys()
        self._sampler = RowSampler(requests, rooms, self._device)
        self.token_ids: list[list[int]] = [[] for _ in requests]
        self.logprobs = [0.0] * len(requests)
        prompts = list(dict.fromkeys(request.prompt_ids for request in requests))
        place = {prompt: i for i, prompt in enumerate(prompts)}
        shared = torch.tensor([place[r.prompt_ids] for r in requests], device=self._device)
        self._rows_B = torch.arange(len(requests), device=self._device)
        self._cache = DynamicCache(config=model.config)
        ids_B_T, self._mask_B_T = left_padded(prompts, self._device)
        self._logits_B_V = self._forward(ids_B_T)[shared]
        self._cache.batch_select_indices(shared)
        self._mask_B_T = self._mask_B_T[shared]

    def run(self, is_last: Callable[[Sequence[int]], bool]) -> None:
        """Write every row until `is_last` says so of its tokens, or its room is used up.

        Fills `token_ids` and `logprobs` (sums, in nats), in the order of the requests.
        """
        alive = list(range(len(self.token_ids)))
        present = alive.copy()
        for step in range(max(self._rooms)):
            token_B, logprob_B = self._sampler(self._logits_B_V, self._rows_B, step)
            written = dict(
                zip(present, zip(token_B.tolist(), logprob_B.tolist(), strict=True), strict=True)
            )
            for row in alive:
                token, logprob = written[row]
                self.token_ids[row].append(token)
                self.logprobs[row] += logprob
            alive = [
                row
                for row in alive
                if len(self.token_ids[row]) < self._rooms[row] and not is_last(self.token_ids[row])
            ]
            if not alive:
                return
            if len(alive) < COMPACT_BELOW * len(present):
                token_B = self._keep([present.index(row) for row in alive], token_B)
                present = alive.copy()
            self._advance(token_B)

    def _advance(self, token_B: Tensor) -> None:
        new_B_1 = torch.ones_like(self._mask_B_T[:, :1])
        self._mask_B_T = torch.cat([self._mask_B_T, new_B_1], dim=1)
        self._logits_B_V = self._forward(token_B[:, None])

    def _forward(self, ids_B_T: Tensor) -> Tensor:
        """Logits of the last position, `_B_V`; the cache grows by the ids."""
        position_B_T = (self._mask_B_T.cumsum(-1) - 1).clamp(min=0)[:, -ids_B_T.shape[1] :]
        optional = {"position_ids": position_B_T, "logits_to_keep": 1}
        output = self._model(
            input_ids=ids_B_T,
            attention_mask=self._mask_B_T,
            past_key_values=self._cache,
            use_cache=True,
            **{name: value for name, value in optional.items() if name in self._accepted},
        )
        return output.logits[:, -1]

    def _keep(self, places: list[int], token_B: Tensor) -> Tensor:
        kept = torch.tensor(places, device=self._device)
        self._cache.batch_select_indices(kept)
        self._mask_B_T, self._rows_B = self._mask_B_T[kept], self._rows_B[kept]
        return token_B[kept]


def left_padded(prompts: Sequence[tuple[int, ...]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids and attention mask, `_B_T` each, with the prompts' ends aligned."""
    width = max(map(len, prompts))
    ids_B_T = torch.zeros(len(prompts), width, dtype=torch.long)
    mask_B_T = torch.zeros_like(ids_B_T)
    for row, prompt in enumerate(prompts):
        ids_B_T[row, width - len(prompt) :] = torch.tensor(prompt)
        mask_B_T[row, width - len(prompt) :] = 1
    return ids_B_T.to(device), mask_B_T.to(device)
