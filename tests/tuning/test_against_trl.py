"""The tuner's log-probabilities, loss and gradients are TRL's, though prefixes are shared."""

import inspect
import math
import random
import re
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
from collate.tables import CHOSEN, REJECTED, Step
from collate.tuning.batches import Batch, batch_logprobs, collate_examples
from collate.tuning.losses import LOSSES, LogRatios, nll_loss, roles_of_loss
from collate.tuning.trainer import PreferenceTrainer, train
from tests.tuning.examples import as_trl_has_it, chosen_alone, completion_of, example

PAD = 3
BOTH = (CHOSEN, REJECTED)


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
            made.append(example(prompt, chosen, ids(1, 12)))
    return made


def plain_logprobs(model, prompt: list[int], completion: list[int]) -> torch.Tensor:
    """One sequence at a time, whole logits, no mask: the slow reference."""
    logits = model(torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1]
    return logits.log_softmax(-1).gather(1, torch.tensor(completion)[:, None]).sum()


def batch_of(rows: list[dict]) -> Batch:
    return collate_examples(rows, BOTH)


def assert_plain(model: Any, sums: Any, rows: list[dict]) -> None:
    """The log-probabilities are those of one sequence at a time."""
    with torch.no_grad():
        for role, sum_P in sums.items():
            for number, row in enumerate(rows):
                expected = plain_logprobs(model, row["prompt_ids"], completion_of(row, role))
                assert sum_P[number].item() == pytest.approx(expected.item(), abs=1e-4)


def test_shared_prompts_give_the_log_probabilities_of_separate_sequences(tiny_model: Path) -> None:
    model = load_causal_lm(tiny_model, dtype="float32").double()
    with torch.no_grad():
        logprobs = batch_logprobs(model, batch_of(examples()))
    assert_plain(model, logprobs.sums, examples())
    for role in BOTH:
        lengths = [len(completion_of(row, role)) for row in examples()]
        assert logprobs.tokens[role].tolist() == lengths


def test_any_roles_make_a_batch(tiny_model: Path) -> None:
    """Three completions of a question, of which a loss may want some."""
    model = load_causal_lm(tiny_model, dtype="float32").double()
    rows = [
        {**row, "roles": ["first", "second", "third"],
         "completion_ids": [*row["completion_ids"], [7, 8, 9 + number]]}
        for number, row in enumerate(examples())
    ]  # fmt: skip
    references = [{"third": 0.5 + number, "first": -1.0} for number in range(len(rows))]
    batch = collate_examples(rows, ["third", "first"], references)
    with torch.no_grad():
        logprobs = batch_logprobs(model, batch)
    assert list(logprobs.sums) == list(logprobs.tokens) == ["third", "first"]
    assert_plain(model, logprobs.sums, rows)
    assert batch.reference_P["third"].tolist() == [0.5 + number for number in range(len(rows))]
    with pytest.raises(TuningError, match="question q has no fourth completion"):
        collate_examples(rows, ["fourth"])


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
        logprobs = batch_logprobs(model, batch_of(examples()))
    assert_plain(model, logprobs.sums, examples())


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
        batch_logprobs(Mamba2ForCausalLM(config), batch_of(examples()))


def test_a_prompt_is_computed_once_for_all_its_pairs() -> None:
    data = examples(questions=3, pairs=4)
    batch = batch_of(data)
    prompts = sum(len(p) for p in {tuple(e["prompt_ids"]) for e in data})
    completions = sum(len(ids) for row in data for ids in row["completion_ids"])
    assert len(batch.tree.input_ids_T) <= prompts + completions
    assert len(batch.completion_P[CHOSEN]) == 12


def test_a_prefix_that_prompts_share_is_computed_once() -> None:
    shared = list(range(10, 60))
    tree = batch_of([example([*shared, 100 + i], [7, 8], [7, 9]) for i in range(5)]).tree
    assert len(tree.input_ids_T) == 50 + 5 * (1 + 3)
    assert tree.position_ids_T.max() == 52
    assert tree.mask_T_T.sum(1).tolist() == (tree.position_ids_T + 1).tolist()


THEIRS = frozenset(re.findall(r'loss_type == "(\w+)"', inspect.getsource(DPOTrainer)))
"""The losses that TRL has; one that it has not is held by hand alone (`test_losses.py`)."""
MENU = [
    *(TuningConfig(loss=name, beta=0.3) for name in LOSSES if name in THEIRS),
    TuningConfig(loss="robust", beta=0.3, label_smoothing=0.2),
    TuningConfig(loss="sigmoid", beta=0.3, nll_weight=0.7),
    TuningConfig(loss="ipo", beta=0.5, nll_weight=0.2),
    TuningConfig(loss="sft"),
]


def test_trl_has_most_of_the_losses() -> None:
    assert len(THEIRS & set(LOSSES)) >= 8


OWN = {"expected_first_loss", "_without_gradient", "_keep_means"}
"""Methods of the trainer that override nothing."""


def test_what_the_trainer_overrides_is_what_trl_has() -> None:
    """A method that TRL renames would otherwise be called no more, without a word."""
    overridden = {
        name: method
        for name, method in vars(PreferenceTrainer).items()
        if inspect.isfunction(method) and name not in OWN | {"__init__"}
    }
    assert len(overridden) == 7 and vars(PreferenceTrainer).keys() >= OWN
    for name, method in overridden.items():
        theirs = inspect.signature(getattr(DPOTrainer, name)).parameters
        named = [
            parameter.name
            for parameter in inspect.signature(method).parameters.values()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        assert named == list(theirs)[: len(named)], name
    assert "_metrics" in inspect.getsource(DPOTrainer.log)
    precompute = inspect.getsource(DPOTrainer)
    assert "self._precompute_ref_logps(" in precompute and "self._prepare_dataset(" in precompute


def our_loss(model: Any, data: list[dict], reference: Any, config: TuningConfig) -> torch.Tensor:
    batch = collate_examples(data, roles_of_loss(config.loss), reference or ())
    logprobs = batch_logprobs(model, batch)
    nll = nll_loss(logprobs.sums[CHOSEN], logprobs.tokens[CHOSEN]).mean()
    if config.loss == "sft":
        assert list(logprobs.sums) == [CHOSEN]
        return nll
    ratios = LogRatios(
        {role: logprobs.sums[role] - batch.reference_P[role] for role in BOTH}, logprobs.tokens
    )
    return LOSSES[config.loss](ratios, config).mean() + config.nll_weight * nll


@pytest.mark.parametrize(
    "config", MENU, ids=lambda c: f"{c.loss}-{c.label_smoothing:g}-{c.nll_weight:g}"
)
def test_loss_and_gradients_equal_trl(
    tiny_model: Path, tmp_path: Path, config: TuningConfig
) -> None:
    """Both on one adapted model whose reference is another point, so that no term vanishes."""
    loss_types = [config.loss, "sft"] if config.nll_weight else [config.loss]
    tokenizer = load_tokenizer(tiny_model)
    with torch.no_grad():
        sums = batch_logprobs(
            load_causal_lm(tiny_model, dtype="float32"), batch_of(examples())
        ).sums
    reference = [
        {CHOSEN: chosen + 1.5 - i, REJECTED: rejected - 1 + 0.7 * i}
        for i, (chosen, rejected) in enumerate(
            zip(sums[CHOSEN].tolist(), sums[REJECTED].tolist(), strict=True)
        )
    ]
    data = [
        {**as_trl_has_it(row), "ref_chosen_logps": each[CHOSEN],
         "ref_rejected_logps": each[REJECTED]}
        for row, each in zip(examples(), reference, strict=True)
    ]  # fmt: skip

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
            output_dir=str(tmp_path), beta=config.beta, label_smoothing=config.label_smoothing,
            loss_type=loss_types, loss_weights=[1.0, config.nll_weight][: len(loss_types)],
            bf16=False, use_cpu=True, gradient_checkpointing=False, report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(data), processing_class=tokenizer,
    )  # fmt: skip
    theirs.precompute_ref_logps = True
    batch = DataCollatorForPreference(pad_token_id=PAD)(data)
    their_loss = theirs._compute_loss(theirs.model, batch, return_outputs=False)
    their_loss.backward()

    model = adapted()
    loss = our_loss(model, examples(), reference, config)
    loss.backward()

    assert loss.item() == pytest.approx(their_loss.item(), rel=1e-5)
    wanted = {n: p.grad for n, p in theirs.model.named_parameters() if p.grad is not None}
    got = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    assert wanted.keys() == got.keys() and wanted
    for name, gradient in got.items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-3, atol=1e-5)


def test_sft_is_the_cross_entropy_of_transformers(tiny_model: Path) -> None:
    """On a padded batch whose labels are the chosen completions' tokens; nothing is rejected."""
    data = [chosen_alone(row) for row in examples()]
    model = load_causal_lm(tiny_model, dtype="float32").double()
    length = max(len(row["prompt_ids"]) + len(row["completion_ids"][0]) for row in data)
    ids_B_T = torch.full((len(data), length), PAD)
    labels_B_T = torch.full((len(data), length), -100)
    for b, row in enumerate(data):
        prompt, whole = len(row["prompt_ids"]), row["prompt_ids"] + row["completion_ids"][0]
        ids_B_T[b, : len(whole)] = torch.tensor(whole)
        labels_B_T[b, prompt : len(whole)] = torch.tensor(whole[prompt:])
    with torch.no_grad():
        wanted = model(ids_B_T, labels=labels_B_T).loss.item()
        found = our_loss(model, data, None, TuningConfig(loss="sft")).item()
    assert found == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_preference_without_a_rejected_side_is_refused(
    tiny_model: Path, tmp_path: Path, loss: str
) -> None:
    model = new_adapter(load_causal_lm(tiny_model, dtype="float32"), AgentsConfig(rank=4), seed=0)
    data = examples()
    data[-1] = {**chosen_alone(data[-1]), "question_id": "q7"}
    words = r"q7 has no rejected completion: only tuning\.loss=sft"
    with pytest.raises(TuningError, match=words):
        train(
            model, load_tokenizer(tiny_model), data, TuningConfig(loss=loss), seed=0,
            scratch=tmp_path,
        )  # fmt: skip


def test_supervised_training_needs_no_rejected_and_no_reference(
    tiny_model: Path, tmp_path: Path
) -> None:
    """What is rejected changes nothing: the weights are the same with it and without it."""

    def trained(data: list[dict], place: str) -> tuple[list[Step], dict[str, torch.Tensor]]:
        model = new_adapter(
            load_causal_lm(tiny_model, dtype="float32"), AgentsConfig(rank=4), seed=0
        )
        config = TuningConfig(loss="sft", batch=6, micro_batch=3, learning_rate=5e-3)
        steps = train(
            model, load_tokenizer(tiny_model), data * 6, config, seed=1, scratch=tmp_path / place
        )
        return steps, {n: p.detach() for n, p in model.named_parameters() if "default" in n}

    steps, found = trained([chosen_alone(row) for row in examples()], "alone")
    others, expected = trained(examples(), "pairs")
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert repr(steps) == repr(others) and len(steps) == 6
    assert steps[-1].loss < steps[0].loss - 0.3
    assert steps[-1].logprobs[CHOSEN] > steps[0].logprobs[CHOSEN]
    chosen_tokens = sum(len(completion_of(row, CHOSEN)) for row in examples())
    assert {step.tokens for step in steps} == {chosen_tokens}
    assert all(list(step.logprobs) == [CHOSEN] and not step.logratios for step in steps)
    for name in ("margin", "accuracy"):
        assert all(math.isnan(getattr(step, name)) for step in steps)


def test_training_prefers_the_chosen_and_keeps_curves(tiny_model: Path, tmp_path: Path) -> None:
    model = new_adapter(load_causal_lm(tiny_model, dtype="float32"), AgentsConfig(rank=8), seed=0)
    data = examples(questions=8)
    seen: list[tuple[Step, int]] = []
    steps = train(
        model, load_tokenizer(tiny_model), data * 6,
        TuningConfig(
            batch=8, micro_batch=4, learning_rate=5e-3, warmup_ratio=0.0, schedule="constant"
        ),
        seed=1, scratch=tmp_path, report=lambda step, total: seen.append((step, total)),
    )  # fmt: skip
    assert len(steps) == 12 and seen == [(step, 12) for step in steps]
    assert steps[0].margin == pytest.approx(0, abs=1e-5)
    assert steps[0].loss == pytest.approx(math.log(2), abs=1e-4)
    assert steps[0].tokens == sum(len(ids) for row in data[:8] for ids in row["completion_ids"])
    last = steps[-1]
    assert set(last.logprobs) == set(last.logratios) == set(BOTH)
    difference = last.logratios[CHOSEN] - last.logratios[REJECTED]
    assert last.margin == pytest.approx(0.1 * difference, abs=1e-5)
    assert steps[-1].margin > 0.5 and steps[-1].accuracy == 1.0


def test_accumulated_micro_batches_take_the_same_step_as_one_batch(
    tiny_model: Path, tmp_path: Path
) -> None:
    def trained(micro_batch: int) -> dict[str, torch.Tensor]:
        model = new_adapter(
            load_causal_lm(tiny_model, dtype="float32"), AgentsConfig(rank=4), seed=0
        )
        config = TuningConfig(
            batch=8, micro_batch=micro_batch, learning_rate=1e-3, warmup_ratio=0.0
        )
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
