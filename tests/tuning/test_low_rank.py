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
from collate.models.logprobs import use_tree_attention
from collate.tables import CHOSEN, REJECTED
from collate.tuning.batches import TUNING_TILES, batch_logprobs
from collate.tuning.low_rank import LowRank, fuse_adapters
from tests.tuning.test_against_trl import batch_of, examples


def seeded(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


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


@pytest.mark.parametrize("change", [use_tree_attention, fuse_adapters])
def test_a_fused_step_has_the_loss_and_gradients_of_the_plain_one(
    tiny_model: Path, change: Callable[[torch.nn.Module], None]
) -> None:
    def step(changed: bool) -> tuple[float, dict[str, Tensor]]:
        model = new_adapter(
            load_causal_lm(tiny_model, dtype="float32").double(), AgentsConfig(rank=4), seed=0
        )
        if changed:
            change(model)
        batch = batch_of(examples(questions=6))
        assert len(batch.tree.input_ids_T) > 2 * TUNING_TILES.size
        sums = batch_logprobs(model, batch).sums
        loss = (sums[CHOSEN] - sums[REJECTED]).tanh().sum()
        loss.backward()
        return loss.item(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}

    (wanted, gradients), (found, found_gradients) = step(False), step(True)
    assert found == pytest.approx(wanted, rel=1e-6)
    for name, gradient in gradients.items():
        torch.testing.assert_close(found_gradients[name], gradient, rtol=1e-5, atol=1e-8)
