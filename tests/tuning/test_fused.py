"""The fused parts of a tuning step against their plain forms, in float64, and as a whole."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from collate.agents.adapters import new_adapter
from collate.config.schema import AgentsConfig
from collate.models import load_causal_lm
from collate.tuning import fused
from collate.tuning.batches import collate_pairs, completion_logprobs
from collate.tuning.fused import TILED, LowRank, Tiles, fuse_adapters, token_logprobs
from tests.tuning.test_against_trl import examples


def seeded(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_token_logprobs_and_their_gradient_are_those_of_log_softmax() -> None:
    rows, vocabulary = 2 * fused.HEAD_ROWS + 3, 11
    logits_H_V = (5 * seeded(rows, vocabulary)).requires_grad_()
    head_R = torch.tensor([0, 0, 0, 5, rows - 1, 40])
    target_R = torch.tensor([3, 3, 10, 0, 7, 1])
    weight_R = seeded(len(head_R), seed=1)
    plain_R = logits_H_V.log_softmax(1)[head_R, target_R]
    (wanted,) = torch.autograd.grad((weight_R * plain_R).sum(), logits_H_V)
    found_R = token_logprobs(logits_H_V, head_R, target_R)
    (found,) = torch.autograd.grad((weight_R * found_R).sum(), logits_H_V)
    torch.testing.assert_close(found_R, plain_R, check_dtype=False, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    assert not found[1].any()


def test_token_logprobs_of_huge_logits_are_finite() -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    found = token_logprobs(logits, torch.tensor([0, 0]), torch.tensor([0, 1]))
    found.sum().backward()
    assert found.tolist() == [0.0, -2e4]
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_an_adapter_is_added_in_place_with_the_gradients_of_peft(tiny_model: Path) -> None:
    model = load_causal_lm(tiny_model, dtype="float32").double()
    plain = new_adapter(model, AgentsConfig(rank=4, alpha=12), seed=0)
    with torch.no_grad():
        for number, (name, weight) in enumerate(plain.named_parameters()):
            if "lora_" in name:
                weight.copy_(0.1 * seeded(*weight.shape, seed=number))
    quick = copy.deepcopy(plain)
    fuse_adapters(quick)
    used = [m.lora_variant for m in quick.modules() if hasattr(m, "lora_variant")]
    assert used and all(isinstance(variants["default"], LowRank) for variants in used)
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])
    for each in (plain, quick):
        each(input_ids=ids).logits.square().mean().backward()
    wanted = {n: p.grad for n, p in plain.named_parameters() if p.grad is not None}
    found = {n: p.grad for n, p in quick.named_parameters() if p.grad is not None}
    assert wanted.keys() == found.keys() and wanted
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-9, atol=1e-12)


def tree_mask(parents: list[int]) -> Tensor:
    mask = torch.eye(len(parents), dtype=torch.bool)
    for place, parent in enumerate(parents):
        if parent >= 0:
            mask[place] |= mask[parent]
    return mask


@pytest.mark.parametrize("tokens", [1, 31, 32, 33, 100])
@pytest.mark.parametrize("window", [None, 5])
def test_tiles_hold_what_each_token_may_attend_to(tokens: int, window: int | None) -> None:
    generator = torch.Generator().manual_seed(tokens)
    parents = [-1] + [
        int(torch.randint(max(0, n - 6), n, (1,), generator=generator)) for n in range(1, tokens)
    ]
    mask = narrower = tree_mask(parents)
    if window is not None:
        place = torch.arange(tokens)
        narrower = mask & (place[:, None] - place < window)
    tiles = Tiles.of(mask)
    allowed = tiles.allowed(narrower)
    for token in range(tokens):
        tile, row = divmod(token, fused.TILE)
        seen = tiles.keys_S_K[tile][allowed[tile, row]].tolist()
        assert sorted(seen) == narrower[token].nonzero()[:, 0].tolist()
    assert allowed.any(2).all()


def with_tiles(model: torch.nn.Module) -> None:
    model.get_base_model().set_attn_implementation(TILED)  # type: ignore[operator]


@pytest.mark.parametrize("change", [with_tiles, fuse_adapters])
def test_a_fused_step_has_the_loss_and_gradients_of_the_plain_one(
    tiny_model: Path, change: Callable[[torch.nn.Module], None]
) -> None:
    def step(changed: bool) -> tuple[float, dict[str, Tensor]]:
        model = new_adapter(
            load_causal_lm(tiny_model, dtype="float32").double(), AgentsConfig(rank=4), seed=0
        )
        if changed:
            change(model)
        pairs = collate_pairs(examples(questions=6))
        assert len(pairs.input_ids_T) > 2 * fused.TILE
        chosen_P, rejected_P, *_ = completion_logprobs(model, pairs)
        loss = (chosen_P - rejected_P).tanh().sum()
        loss.backward()
        return loss.item(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}

    (wanted, gradients), (found, found_gradients) = step(False), step(True)
    assert found == pytest.approx(wanted, rel=1e-6)
    for name, gradient in gradients.items():
        torch.testing.assert_close(found_gradients[name], gradient, rtol=1e-5, atol=1e-8)
