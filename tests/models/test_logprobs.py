"""Log-probabilities of completions against one sequence at a time, whatever the architecture."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    FalconConfig,
    Gemma2Config,
    GPT2Config,
    Mamba2Config,
    MistralConfig,
    MptConfig,
)

from collate.models import load_causal_lm
from collate.models.logprobs import (
    HEAD_ROWS,
    SCORING_TILES,
    Completion,
    completion_logprobs,
    reads_trees,
    token_logprobs,
)
from collate.models.tiled_attention import TILED

COMMON = {"vocab_size": 512, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 3}
SHAPE = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 16,
}  # fmt: skip
TREES = {
    "soft-capped logits, every other layer a window": lambda: Gemma2Config(
        **COMMON, **SHAPE, sliding_window=6, final_logit_softcapping=2.0, initializer_range=0.3
    ),
    "a window in every layer": lambda: MistralConfig(
        **COMMON, **SHAPE, sliding_window=6, initializer_range=0.3
    ),
    "learned positions": lambda: GPT2Config(
        **COMMON, n_embd=32, n_layer=2, n_head=2, n_positions=128, initializer_range=0.3
    ),
}
ROWS = {
    "a recurrent state": lambda: Mamba2Config(
        **COMMON, hidden_size=32, num_hidden_layers=2, num_heads=8, head_dim=8, state_size=8,
        n_groups=1, chunk_size=16,
    ),
    "positions along the row": lambda: MptConfig(
        **COMMON, d_model=32, n_heads=2, n_layers=2, max_seq_len=128
    ),
    "positions along the row, if its settings say so": lambda: FalconConfig(
        **COMMON, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, alibi=True
    ),
}  # fmt: skip


def small(config: Any) -> Any:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()


def random_completions(seed: int, count: int = 12) -> list[Completion]:
    """Ragged, with shared beginnings, and some twice."""
    draw = random.Random(seed)

    def ids(least: int, most: int) -> tuple[int, ...]:
        return tuple(draw.randrange(4, 512) for _ in range(draw.randint(least, most)))

    beginnings = [(), *(ids(1, 20) for _ in range(3))]
    completions = []
    for _ in range(count):
        completions.append(Completion(draw.choice(beginnings) + ids(1, 9), ids(1, 4)))
    return [*completions, completions[0], Completion(completions[1].context_ids, ids(3, 3))]


def slowly(model: Any, completion: Completion, stop_ids: Sequence[int]) -> list[float]:
    """One sequence, all logits, no mask."""
    ids = [*completion.context_ids, *completion.target_ids]
    with torch.no_grad():
        logprob_T_V = model(torch.tensor([ids]), use_cache=False).logits[0].double().log_softmax(-1)
    first = len(completion.context_ids)
    logprobs = [float(logprob_T_V[t - 1, ids[t]]) for t in range(first, len(ids))]
    if stop_ids:
        logprobs.append(math.log(sum(float(logprob_T_V[-1, stop].exp()) for stop in stop_ids)))
    return logprobs


def assert_agrees(model: Any, *, stop_ids: Sequence[int], batch_tokens: int) -> None:
    completions = random_completions(batch_tokens)
    found = completion_logprobs(model, completions, stop_ids=stop_ids, batch_tokens=batch_tokens)
    assert len(found) == len(completions)
    for completion, logprobs in zip(completions, found, strict=True):
        assert logprobs == pytest.approx(slowly(model, completion, stop_ids), abs=1e-4)


@pytest.mark.parametrize("batch_tokens", [1, 60, 4096])
@pytest.mark.parametrize("stop_ids", [(), (2,), (9, 2, 0)])
def test_they_are_those_of_one_sequence_at_a_time(
    tiny_model: Path, batch_tokens: int, stop_ids: tuple[int, ...]
) -> None:
    model = load_causal_lm(tiny_model, dtype="float32")
    assert reads_trees(model)
    assert_agrees(model, stop_ids=stop_ids, batch_tokens=batch_tokens)
    assert model.config._attn_implementation == TILED


@pytest.mark.parametrize("causal_run", [1, 8])
def test_runs_that_are_attended_causally_have_the_same_ones(
    tiny_model: Path, causal_run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With long prompts; a run is short here, so that some are found."""
    shape = replace(SCORING_TILES, causal_run=causal_run)
    monkeypatch.setattr("collate.models.logprobs.SCORING_TILES", shape)
    model = load_causal_lm(tiny_model, dtype="float32")
    for batch_tokens in (60, 4096):
        assert_agrees(model, stop_ids=(2,), batch_tokens=batch_tokens)


@pytest.mark.parametrize("kind", TREES)
@pytest.mark.parametrize("tiled", [True, False])
def test_other_architectures_read_trees(
    kind: str, tiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small(TREES[kind]())
    if not tiled:  # as on a GPU
        monkeypatch.setattr(type(model), "_supports_attention_backend", False)
    assert reads_trees(model)
    assert_agrees(model, stop_ids=(2,), batch_tokens=100)
    assert (model.config._attn_implementation == TILED) == tiled


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("stop_ids", [(), (2, 5)])
def test_models_that_cannot_read_trees_are_given_rows(kind: str, stop_ids: tuple[int, ...]) -> None:
    model = small(ROWS[kind]())
    assert not reads_trees(model)
    for batch_tokens in (1, 100):
        assert_agrees(model, stop_ids=stop_ids, batch_tokens=batch_tokens)
    assert not model.get_output_embeddings()._forward_pre_hooks


def passes_of(model: Any, run: Callable[[], Any]) -> list[int]:
    """Tokens of each forward pass while something runs."""
    sizes: list[int] = []
    hook = model.register_forward_pre_hook(
        lambda _, __, inputs: sizes.append(inputs["input_ids"].numel()), with_kwargs=True
    )
    run()
    hook.remove()
    return sizes


def test_a_pass_keeps_the_budget_unless_its_first_completion_is_long(tiny_model: Path) -> None:
    model = load_causal_lm(tiny_model, dtype="float32")
    prompt = tuple(range(10, 50))
    completions = [Completion((*prompt, 60 + n), (70 + n, 80 + n)) for n in range(30)]

    def score(batch_tokens: int) -> None:
        completion_logprobs(model, completions, stop_ids=(2,), batch_tokens=batch_tokens)

    assert passes_of(model, lambda: score(4096)) == [40 + 30 * 3]
    assert passes_of(model, lambda: score(100)) == [40 + 20 * 3, 40 + 10 * 3]
    # A single one has 43 tokens; twice that leaves room for 15.
    assert passes_of(model, lambda: score(50)) == [40 + 15 * 3] * 2
    assert passes_of(model, lambda: score(1)) == [40 + 15 * 3] * 2
    # Another prompt of 40 tokens would leave room for 6 of its completions.
    completions[10:] = [
        Completion((*prompt[::-1], *completion.context_ids[40:]), completion.target_ids)
        for completion in completions[10:]
    ]
    assert passes_of(model, lambda: score(130)) == [40 + 10 * 3, 40 + 20 * 3]
    assert passes_of(model, lambda: score(4096)) == [40 + 10 * 3 + 40 + 20 * 3]


def test_the_head_runs_where_something_is_predicted_only(tiny_model: Path) -> None:
    model = load_causal_lm(tiny_model, dtype="float32")
    rows: list[int] = []
    hook = model.lm_head.register_forward_hook(lambda _, __, logits: rows.append(logits.shape[1]))
    completions = [Completion((*range(10, 60), last), (7, 8)) for last in (5, 6)]
    for stop_ids, expected in (((2,), 2 * 3), ((), 2 * 2)):
        completion_logprobs(model, completions, stop_ids=stop_ids, batch_tokens=4096)
        assert rows.pop() == expected
    hook.remove()


def seeded(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_token_logprobs_and_their_gradient_are_those_of_log_softmax() -> None:
    rows, vocabulary = 2 * HEAD_ROWS + 3, 11
    logits_H_V = (5 * seeded(rows, vocabulary)).requires_grad_()
    head_R = torch.tensor([0, 0, 0, 5, rows - 1, 40])
    target_R = torch.tensor([3, 3, 10, 0, 7, 1])
    weight_R = seeded(len(head_R), seed=1)
    plain_R = logits_H_V.log_softmax(1)[head_R, target_R]
    (expected,) = torch.autograd.grad((weight_R * plain_R).sum(), logits_H_V)
    found_R = token_logprobs(logits_H_V, head_R, target_R)
    (found,) = torch.autograd.grad((weight_R * found_R).sum(), logits_H_V)
    torch.testing.assert_close(found_R, plain_R, check_dtype=False, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert not found[1].any()


def test_token_logprobs_of_huge_logits_are_finite() -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    found = token_logprobs(logits, torch.tensor([0, 0]), torch.tensor([0, 1]))
    found.sum().backward()
    assert found.tolist() == [0.0, -2e4]
    assert logits.grad is not None and logits.grad.isfinite().all()
