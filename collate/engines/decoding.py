"""Batched decoding with a transformers model: prompts once, then a token a step for every row."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from collate.engines.protocol import Request
from collate.engines.sampling import RowSampler
from collate.models.token_layout import padded

COMPACT_BELOW = 0.75
"""Finished rows leave the cache when fewer than this share of its rows still write: leaving costs
about as much as a step, a finished row its part of every further step."""


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
        index_of_prompt = {prompt: index for index, prompt in enumerate(prompts)}
        prompt_B = torch.tensor(
            [index_of_prompt[request.prompt_ids] for request in requests], device=self._device
        )
        # Which of the requests each row of the cache is.
        self._rows_B = torch.arange(len(requests), device=self._device)
        self._cache = DynamicCache(config=model.config)
        # The ends of the prompts are aligned, so that every row's next token is in one column.
        ids_B_T, mask_B_T = padded(prompts, side="left")
        self._mask_B_T = mask_B_T.to(self._device)
        self._logits_B_V = self._forward(ids_B_T.to(self._device))[prompt_B]
        self._cache.batch_select_indices(prompt_B)
        self._mask_B_T = self._mask_B_T[prompt_B]

    def run(self, is_complete: Callable[[Sequence[int]], bool]) -> None:
        """Write every row until `is_complete` says so of its tokens, or its room is used up.

        Fills `token_ids` and `logprobs` (sums, in nats), in the order of the requests.
        """
        unfinished = list(range(len(self.token_ids)))
        in_cache = unfinished.copy()
        for step in range(max(self._rooms)):
            token_B, logprob_B = self._sampler(self._logits_B_V, self._rows_B, step)
            draws = zip(token_B.tolist(), logprob_B.tolist(), strict=True)
            drawn_by_row = dict(zip(in_cache, draws, strict=True))
            for row in unfinished:
                token, logprob = drawn_by_row[row]
                self.token_ids[row].append(token)
                self.logprobs[row] += logprob
            unfinished = [row for row in unfinished if self._goes_on(row, is_complete)]
            if not unfinished:
                return
            if len(unfinished) < COMPACT_BELOW * len(in_cache):
                token_B = self._compact([in_cache.index(row) for row in unfinished], token_B)
                in_cache = unfinished.copy()
            self._advance(token_B)

    def _goes_on(self, row: int, is_complete: Callable[[Sequence[int]], bool]) -> bool:
        token_ids = self.token_ids[row]
        return len(token_ids) < self._rooms[row] and not is_complete(token_ids)

    def _advance(self, token_B: Tensor) -> None:
        new_B_1 = torch.ones_like(self._mask_B_T[:, :1])
        self._mask_B_T = torch.cat([self._mask_B_T, new_B_1], dim=1)
        self._logits_B_V = self._forward(token_B[:, None])

    def _forward(self, ids_B_T: Tensor) -> Tensor:
        """Logits of the last position, `_B_V`; the cache grows by the ids."""
        # Padding counts as position 0 instead of -1, which no model has.
        position_B_T = (self._mask_B_T.cumsum(-1) - 1).clamp(min=0)[:, -ids_B_T.shape[1] :]
        # Not every model takes these: one with a recurrent state has no positions.
        optional_arguments = {"position_ids": position_B_T, "logits_to_keep": 1}
        output = self._model(
            input_ids=ids_B_T,
            attention_mask=self._mask_B_T,
            past_key_values=self._cache,
            use_cache=True,
            **{name: value for name, value in optional_arguments.items() if name in self._accepted},
        )
        logits_B_V: Tensor = output.logits[:, -1]
        return logits_B_V

    def _compact(self, rows: Sequence[int], token_B: Tensor) -> Tensor:
        """Leave only these rows in the cache; returns their part of the tokens."""
        row_B = torch.tensor(rows, device=self._device)
        self._cache.batch_select_indices(row_B)
        self._mask_B_T, self._rows_B = self._mask_B_T[row_B], self._rows_B[row_B]
        return token_B[row_B]
