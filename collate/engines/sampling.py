"""Drawing the next token for each row of a batch, every row from its own seed."""

from collections.abc import Sequence

import torch
from torch import Tensor

from collate.engines.protocol import Request


class RowSampler:
    """Next tokens for the rows of a batch.

    A row's draws are one uniform number for each of its tokens, made from its seed before the first
    step on the CPU: they depend neither on the other rows, nor on how many there are, nor on the
    device. The token is where the number falls in the cumulative distribution over the vocabulary
    (inversion), after temperature and top-p.
    """

    def __init__(self, requests: Sequence[Request], rooms: Sequence[int], device: torch.device):
        self._uniform_B_T = torch.zeros(len(requests), max(rooms), dtype=torch.float64)
        for row, (request, room) in enumerate(zip(requests, rooms, strict=True)):
            if request.temperature > 0:
                generator = torch.Generator().manual_seed(request.seed)
                draws_T = torch.rand(room, generator=generator, dtype=torch.float64)
                self._uniform_B_T[row, :room] = draws_T
        self._uniform_B_T = self._uniform_B_T.to(device)
        temperatures = [request.temperature for request in requests]
        self._temperature_B = torch.tensor(temperatures, device=device)
        self._top_p_B = torch.tensor([request.top_p for request in requests], device=device)
        self._any_sampled = any(temperature > 0 for temperature in temperatures)

    def __call__(self, logits_B_V: Tensor, rows_B: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Token ids and their log-probabilities (nats, temperature 1, all tokens), `(_B, _B)`.

        `rows_B` says which of the requests each row of the logits is; `step` counts from 0.
        """
        logits_B_V = logits_B_V.float()
        token_B = logits_B_V.argmax(-1)
        if self._any_sampled:
            temperature_B = self._temperature_B[rows_B]
            drawn_B = self._draw(logits_B_V, temperature_B, rows_B, step)
            token_B = token_B.where(temperature_B == 0, drawn_B)
        chosen_B = logits_B_V.gather(-1, token_B[:, None])[:, 0]
        return token_B, chosen_B - logits_B_V.logsumexp(-1)

    def _draw(self, logits_B_V: Tensor, temperature_B: Tensor, rows_B: Tensor, step: int) -> Tensor:
        # Greedy rows are not drawn from; 1 only keeps them from dividing by 0.
        scale_B = temperature_B.where(temperature_B > 0, 1.0)
        prob_B_V = (logits_B_V / scale_B[:, None]).softmax(-1)
        top_p_B = self._top_p_B[rows_B]
        if bool((top_p_B < 1).any()):
            prob_B_V = nucleus(prob_B_V, top_p_B)
        # In float64: a float32 sum over a large vocabulary loses its tail.
        cumulative_B_V = prob_B_V.cumsum(-1, dtype=torch.float64)
        target_B = self._uniform_B_T[rows_B, step] * cumulative_B_V[:, -1]
        # right=True passes over tokens of probability 0, whose sum equals that of the token before.
        return torch.searchsorted(cumulative_B_V, target_B[:, None], right=True)[:, 0]


def nucleus(prob_B_V: Tensor, top_p_B: Tensor) -> Tensor:
    """Probabilities with zeros outside each row's nucleus, not renormalised.

    The nucleus is the smallest set of most probable tokens whose probabilities reach `top_p`
    (Holtzman et al. 2020, equation 2); rows with top-p of 1 are left as they are.
    """
    sorted_B_V, order_B_V = prob_B_V.sort(-1, descending=True)
    # The probability of all likelier tokens: a token is in the nucleus while that is below top-p.
    before_B_V = sorted_B_V.cumsum(-1) - sorted_B_V
    outside_B_V = (before_B_V >= top_p_B[:, None]) & (top_p_B[:, None] < 1)
    # The most probable token stays even if it alone exceeds top-p.
    outside_B_V[:, 0] = False
    return prob_B_V.scatter(-1, order_B_V, sorted_B_V.masked_fill(outside_B_V, 0.0))
