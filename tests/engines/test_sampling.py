"""Rows draw from the distribution that temperature and top-p name, each from its own seed."""

import pytest
import torch
from scipy.stats import chisquare

from collate.engines.protocol import Request
from collate.engines.sampling import RowSampler, nucleus

LOGITS_V = torch.tensor([2.0, 1.5, 0.3, -0.5, -1.0, -3.0])


def requests(count: int, *, temperature: float, top_p: float = 1.0) -> list[Request]:
    return [
        Request(key=str(i), agent="a", prompt_ids=(1,), seed=i, temperature=temperature,
                top_p=top_p, max_tokens=3)
        for i in range(count)
    ]  # fmt: skip


def draw(rows: list[Request], step: int) -> tuple[torch.Tensor, torch.Tensor]:
    sampler = RowSampler(rows, [3] * len(rows), torch.device("cpu"))
    return sampler(LOGITS_V.repeat(len(rows), 1), torch.arange(len(rows)), step)


@pytest.mark.parametrize("step", [0, 2])
@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.6, 1.0), (1.5, 0.8)])
def test_frequencies_follow_the_distribution(temperature: float, top_p: float, step: int) -> None:
    token_B, _ = draw(requests(20_000, temperature=temperature, top_p=top_p), step)
    prob_V = (LOGITS_V.double() / temperature).softmax(-1)
    if top_p < 1:
        outside_V = prob_V.cumsum(-1) - prob_V >= top_p  # the logits are in descending order
        prob_V = prob_V.masked_fill(outside_V, 0.0) / prob_V[~outside_V].sum()
    count_V = token_B.bincount(minlength=len(LOGITS_V))
    inside_V = prob_V > 0
    assert int(count_V[~inside_V].sum()) == 0
    expected_V = (prob_V[inside_V] * len(token_B)).numpy()
    assert chisquare(count_V[inside_V].numpy(), expected_V).pvalue > 1e-3


def test_a_row_draws_the_same_among_others_and_alone() -> None:
    rows = requests(64, temperature=1.0)
    together, _ = draw(rows, 1)
    alone = [int(draw([row], 1)[0]) for row in rows]
    assert together.tolist() == alone
    assert len(set(alone)) > 1


def test_temperature_zero_is_greedy_beside_sampled_rows() -> None:
    rows = [*requests(1, temperature=0.0), *requests(200, temperature=5.0)]
    token_B, logprob_B = draw(rows, 0)
    assert int(token_B[0]) == 0
    assert len(token_B[1:].unique()) == len(LOGITS_V)
    torch.testing.assert_close(logprob_B, LOGITS_V.log_softmax(-1)[token_B])


def test_the_nucleus_is_the_smallest_set_that_reaches_top_p() -> None:
    prob_B_V = torch.tensor([[0.1, 0.5, 0.4], [0.1, 0.5, 0.4], [0.1, 0.5, 0.4], [0.1, 0.5, 0.4]])
    kept_B_V = nucleus(prob_B_V, torch.tensor([0.45, 0.6, 0.95, 1.0])) > 0
    assert kept_B_V.tolist() == [
        [False, True, False], [False, True, True], [True, True, True], [True, True, True],
    ]  # fmt: skip
