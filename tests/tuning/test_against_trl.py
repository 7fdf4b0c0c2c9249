"""The tuner's log-probabilities, loss and gradients are TRL's, though prefixes are shared."""

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    Mamba2Config,
    Mamba2ForCausalLM,
    MistralConfig,
    MistralForCausalLM,
)  # fmt: skip
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from collate.agents.adapters import new_adapter
from collate.config.schema import AgentsConfig, TuningConfig
from collate.errors import TuningError
from collate.models import load_causal_lm, load_tokenizer
from collate.tuning.batches import collate_pairs, completion_logprobs
from collate.tuning.losses import nll_loss, reward_margin, sigmoid_loss
from collate.tuning.trainer import train

PAD = 3


def examples(seed: int = 0, questions: int = 3, pairs: int = 2) -> list[dict]:
    """Pairs of ragged lengths; pairs of one question share the prompt and the first chosen."""
    rng = random.Random(seed)

    def ids(low: int, high: int) -> list[int]:
        return [rng.randrange(4, 512) for _ in range(rng.randrange(low, high))]

    made = []
    for _ in range(questions):
        prompt, first = ids(5, 30), ids(1, 12)
        for p in range(pairs):
            chosen = first if p == 0 else ids(1, 12)
            made.append({"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": ids(1, 12)})
    return made


def plain_logprobs(model, prompt: list[int], completion: list[int]) -> torch.Tensor:
    """One sequence at a time, whole logits, no mask: the slow reference."""
    logits = model(torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
    return logits.log_softmax(-1).gather(1, torch.tensor(completion)[:, None]).sum()


def test_shared_prompts_give_the_log_probabilities_of_separate_sequences(tiny_model: Path) -> None:
    model = load_causal_lm(tiny_model, dtype="float32").double()
    pairs = collate_pairs(examples())
    with torch.no_grad():
        chosen_P, rejected_P, chosen_tokens_P, rejected_tokens_P = completion_logprobs(model, pairs)
        for p, example in enumerate(examples()):
            for got, side in ((chosen_P, "chosen_ids"), (rejected_P, "rejected_ids")):
                expected = plain_logprobs(model, example["prompt_ids"], example[side])
                assert got[p].item() == pytest.approx(expected.item(), abs=1e-4)
    assert chosen_tokens_P.tolist() == [len(e["chosen_ids"]) for e in examples()]
    assert rejected_tokens_P.tolist() == [len(e["rejected_ids"]) for e in examples()]


def gemma() -> Gemma2ForCausalLM:
    """Every other layer sees the nearest six tokens only, and logits are soft-capped."""
    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=512, hidden_size=32, intermediate_size=64, num_hidden_layers=4, head_dim=16,
        num_attention_heads=2, num_key_value_heads=1, sliding_window=6, query_pre_attn_scalar=16,
        initializer_range=0.3,
    )  # fmt: skip
    return Gemma2ForCausalLM(config).eval().double()


def mistral() -> MistralForCausalLM:
    """Every layer sees the nearest six tokens only."""
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=512, hidden_size=32, intermediate_size=64, num_hidden_layers=3, head_dim=16,
        num_attention_heads=2, num_key_value_heads=1, sliding_window=6, initializer_range=0.3,
    )  # fmt: skip
    return MistralForCausalLM(config).eval().double()


@pytest.mark.parametrize("build", [gemma, mistral])
def test_sliding_windows_are_kept_on_shared_prefixes(build: Callable[[], Any]) -> None:
    model = build()
    with torch.no_grad():
        chosen_P, rejected_P, _, _ = completion_logprobs(model, collate_pairs(examples()))
        for p, example in enumerate(examples()):
            for got, side in ((chosen_P, "chosen_ids"), (rejected_P, "rejected_ids")):
                expected = plain_logprobs(model, example["prompt_ids"], example[side])
                assert got[p].item() == pytest.approx(expected.item(), abs=1e-4)


def test_models_that_carry_a_state_are_refused() -> None:
    config = Mamba2Config(
        vocab_size=64,
        hidden_size=16,
        num_hidden_layers=1,
        num_heads=4,
        head_dim=8,
        state_size=8,
        n_groups=1,
    )
    with pytest.raises(TuningError, match="cannot be tuned on shared prefixes"):
        completion_logprobs(Mamba2ForCausalLM(config), collate_pairs(examples()))


def test_a_prompt_is_computed_once_for_all_its_pairs() -> None:
    data = examples(questions=3, pairs=4)
    pairs = collate_pairs(data)
    prompts = sum(len(p) for p in {tuple(e["prompt_ids"]) for e in data})
    completions = sum(len(e["chosen_ids"]) + len(e["rejected_ids"]) for e in data)
    assert len(pairs.input_ids_T) <= prompts + completions
    assert len(pairs.chosen_P) == 12


def test_a_prefix_that_prompts_share_is_computed_once() -> None:
    shared = list(range(10, 60))
    data = [
        {"prompt_ids": [*shared, 100 + i], "chosen_ids": [7, 8], "rejected_ids": [7, 9]}
        for i in range(5)
    ]
    pairs = collate_pairs(data)
    assert len(pairs.input_ids_T) == 50 + 5 * (1 + 3)
    assert pairs.position_ids_T.max() == 52
    assert pairs.mask_TT.sum(1).tolist() == (pairs.position_ids_T + 1).tolist()


@pytest.mark.parametrize(
    ("nll_weight", "loss_types"), [(0.0, ["sigmoid"]), (0.7, ["sigmoid", "sft"])]
)
def test_loss_and_gradients_equal_trl(
    tiny_model: Path, tmp_path: Path, nll_weight: float, loss_types: list[str]
) -> None:
    """Both on one adapted model whose reference is another point, so that the loss is not log 2."""
    beta = 0.3
    tokenizer = load_tokenizer(tiny_model)
    reference = [(-20.0 - i, -25.0 + 2 * i) for i in range(len(examples()))]
    data = [
        {**e, "ref_chosen_logps": chosen, "ref_rejected_logps": rejected}
        for e, (chosen, rejected) in zip(examples(), reference, strict=True)
    ]

    def adapted():
        model = new_adapter(
            load_causal_lm(tiny_model, dtype="float32"), AgentsConfig(rank=4), seed=5
        )
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if "lora_B" in name:
                    weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))
        return model

    class Stock(DPOTrainer):
        def _prepare_dataset(self, dataset, *_, **__):
            return dataset

    theirs = Stock(
        model=adapted(),
        args=DPOConfig(
            output_dir=str(tmp_path), beta=beta, loss_type=loss_types,
            loss_weights=[1.0, nll_weight][: len(loss_types)], bf16=False, use_cpu=True,
            gradient_checkpointing=False, report_to="none", disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(data), processing_class=tokenizer,
    )  # fmt: skip
    theirs.precompute_ref_logps = True
    batch = DataCollatorForPreference(pad_token_id=PAD)(data)
    their_loss = theirs._compute_loss(theirs.model, batch, return_outputs=False)
    their_loss.backward()

    model = adapted()
    pairs = collate_pairs(data, reference)
    chosen_P, rejected_P, tokens_P, _ = completion_logprobs(model, pairs)
    margin_P = reward_margin(
        chosen_P, rejected_P, pairs.ref_chosen_P, pairs.ref_rejected_P, beta=beta
    )
    loss = sigmoid_loss(margin_P).mean() + nll_weight * nll_loss(chosen_P, tokens_P).mean()
    loss.backward()

    assert loss.item() == pytest.approx(their_loss.item(), rel=1e-5)
    wanted = {n: p.grad for n, p in theirs.model.named_parameters() if p.grad is not None}
    got = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    assert wanted.keys() == got.keys() and wanted
    for name, gradient in got.items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-3, atol=1e-5)


def test_sigmoid_loss_of_equal_policies_is_log_2() -> None:
    same = torch.tensor([-3.0, -40.0])
    margin_P = reward_margin(same, same + 1, same, same + 1, beta=0.1)
    assert sigmoid_loss(margin_P).tolist() == pytest.approx([math.log(2)] * 2)


def test_training_prefers_the_chosen_and_keeps_curves(tiny_model: Path, tmp_path: Path) -> None:
    model = new_adapter(load_causal_lm(tiny_model, dtype="float32"), AgentsConfig(rank=8), seed=0)
    data = examples(questions=8)
    seen: list[tuple[int, int]] = []
    steps = train(
        model, load_tokenizer(tiny_model), data * 6,
        TuningConfig(batch=8, micro_batch=4, learning_rate=5e-3, warmup=0.0, schedule="constant"),
        seed=1, scratch=tmp_path, report=lambda step, total: seen.append((step, total)),
    )  # fmt: skip
    assert len(steps) == 12 and seen[-1] == (12, 12)
    assert steps[0].margin == pytest.approx(0, abs=1e-5)
    assert steps[0].loss == pytest.approx(math.log(2), abs=1e-4)
    assert steps[-1].margin > 0.5 and steps[-1].accuracy == 1.0


def test_accumulated_micro_batches_take_the_same_step_as_one_batch(
    tiny_model: Path, tmp_path: Path
) -> None:
    def trained(micro_batch: int) -> dict[str, torch.Tensor]:
        model = new_adapter(
            load_causal_lm(tiny_model, dtype="float32"), AgentsConfig(rank=4), seed=0
        )
        config = TuningConfig(batch=8, micro_batch=micro_batch, learning_rate=1e-3, warmup=0.0)
        train(
            model,
            load_tokenizer(tiny_model),
            examples(questions=8),
            config,
            seed=1,
            scratch=tmp_path,
        )
        return {n: p.detach() for n, p in model.named_parameters() if "lora_" in n}

    whole, parts = trained(8), trained(2)
    for name, weight in whole.items():
        torch.testing.assert_close(weight, parts[name], rtol=1e-3, atol=2e-5)
