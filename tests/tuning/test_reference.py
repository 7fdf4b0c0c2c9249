"""What a round starts from and what its log-ratios are relative to, over two rounds of an agent."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from collate.agents.adapters import continue_adapter
from collate.config.schema import AgentsConfig, TuningConfig
from collate.errors import TuningError
from collate.models import BaseModel, load_causal_lm
from collate.models.weights import AgentWeights
from collate.tables import CHOSEN, REJECTED, Preference, Rationale, Step
from collate.tuning import trainer
from collate.tuning.curves import read_curves
from collate.tuning.data import (
    example_tokens,
    order_examples,
    preference_examples,
    write_examples,
)
from collate.tuning.losses import LogRatios, sigmoid
from collate.tuning.tune_agent import policy_logprobs, tune_agent
from tests.tuning.examples import completion_of, example
from tests.tuning.test_against_trl import plain_logprobs
from tests.tuning.test_step_checkpoints import Killed

UNTOUCHED = AgentWeights("a", "base", None, "base")
CONFIG = TuningConfig(batch=4, micro_batch=2, learning_rate=2e-3, warmup_ratio=0.0, epochs=2)
SEED = 3


def examples() -> list[dict[str, Any]]:
    draw = random.Random(0)

    def some(most: int) -> list[int]:
        return [draw.randrange(4, 300) for _ in range(draw.randint(2, most))]

    return [example(some(6), some(7), some(5), f"q{n}") for n in range(10)]


def tuned(
    base: Path,
    folder: Path,
    begun: AgentWeights,
    weights: str,
    rows: Any = None,
    dies_at: int | None = None,
    tokens: int | None = None,
    **changes: Any,
) -> list[Step]:
    folder.mkdir(exist_ok=True)
    scratch = folder.with_suffix(".examples")
    scratch.mkdir(exist_ok=True)

    def report(step: Step, _: int) -> None:
        if step.step == dies_at:
            raise Killed

    tune_agent(
        BaseModel(base), begun, write_examples(scratch, [rows or examples()]), folder,
        agents=AgentsConfig(rank=4, weights=weights),
        config=replace(CONFIG, **changes), seed=SEED, tokens=tokens,
        checkpoints=scratch, report=report,
    )  # fmt: skip
    return read_curves(folder)


@pytest.fixture(scope="module", params=["adapter", "full"])
def after_a_round(
    request: pytest.FixtureRequest, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, AgentWeights]:
    folder = tmp_path_factory.mktemp(request.param) / "first"
    steps = tuned(tiny_model, folder, UNTOUCHED, request.param)
    assert abs(steps[-1].logratios[CHOSEN]) > 0.1  # so that the base is another model by now
    return tiny_model, AgentWeights("a", "first", str(folder), request.param)


def test_log_ratios_to_the_base_are_those_of_a_base_loaded_apart(
    after_a_round: tuple[Path, AgentWeights], tmp_path: Path
) -> None:
    """One sequence at a time, for the pairs of the first step."""
    base, start = after_a_round
    steps = tuned(base, tmp_path / "second", start, start.kind, reference="base")
    untouched = load_causal_lm(base, dtype="float32")
    if start.kind == "adapter":
        policy = continue_adapter(load_causal_lm(base, dtype="float32"), str(start.folder))
    else:
        policy = load_causal_lm(str(start.folder), dtype="float32")
    rows = examples()
    first = [rows[n] for n in order_examples([r["question_id"] for r in rows], epochs=1, seed=SEED)]
    ratio_P: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        for role in (CHOSEN, REJECTED):
            ratio_P[role] = torch.stack(
                [
                    plain_logprobs(policy, row["prompt_ids"], completion_of(row, role))
                    - plain_logprobs(untouched, row["prompt_ids"], completion_of(row, role))
                    for row in first[:4]
                ]
            )
    assert ratio_P[CHOSEN].abs().max() > 0.1
    for role, of_role_P in ratio_P.items():
        assert steps[0].logratios[role] == pytest.approx(of_role_P.mean().item(), abs=1e-4)
    expected_P = sigmoid(LogRatios(ratio_P, {}), CONFIG)
    assert steps[0].loss == pytest.approx(expected_P.mean().item(), abs=1e-4)
    assert steps[0].tokens == sum(example_tokens(row, CONFIG) for row in first[:4])


def test_the_first_loss_is_checked_against_another_reference_too(
    after_a_round: tuple[Path, AgentWeights], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that change between the reference and the first step are told."""
    base, start = after_a_round
    expected = trainer.PreferenceTrainer.expected_first_loss

    def then_changes(self: Any) -> float:
        found = expected(self)
        with torch.no_grad():
            for weight in self.model.parameters():
                if weight.requires_grad:
                    weight.mul_(3.0)
        return found

    monkeypatch.setattr(trainer.PreferenceTrainer, "expected_first_loss", then_changes)
    with pytest.raises(TuningError, match="the policy is not the model that was there"):
        tuned(base, tmp_path / "second", start, start.kind, reference="base")


def weights_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.safetensors"))}


def test_a_round_that_begins_from_the_base_forgets_the_one_before(
    after_a_round: tuple[Path, AgentWeights], tmp_path: Path
) -> None:
    base, start = after_a_round
    tuned(base, tmp_path / "again", start, start.kind, start="base", reference="base")
    assert weights_of(tmp_path / "again") == weights_of(Path(str(start.folder)))
    assert weights_of(tmp_path / "again")


@pytest.mark.slow
def test_a_killed_round_against_the_base_ends_byte_equal(
    after_a_round: tuple[Path, AgentWeights], tmp_path: Path
) -> None:
    base, start = after_a_round
    settings = {"reference": "base", "checkpoint_steps": 2}
    steps = tuned(base, tmp_path / "whole", start, start.kind, **settings)
    with pytest.raises(Killed):
        tuned(base, tmp_path / "cut", start, start.kind, dies_at=3, **settings)
    assert tuned(base, tmp_path / "cut", start, start.kind, **settings) == steps
    assert weights_of(tmp_path / "cut") == weights_of(tmp_path / "whole")


def test_chosen_rationales_alone_are_learned_within_a_budget_of_tokens(
    tiny_model: Path, tmp_path: Path
) -> None:
    rows = examples()
    rationales = {
        row["question_id"]: Rationale(
            row["question_id"], row["question_id"], "gold", "", "", 1, 0, 0, 1.0, 1.0, (1,),
            tuple(completion_of(row, CHOSEN)), "", "stop", float("nan"), "gold",
        )
        for row in rows
    }  # fmt: skip
    preferences = [Preference(id, id, "a", {CHOSEN: id}, "right_only", 0.0) for id in rationales]
    prompts = {row["question_id"]: row["prompt_ids"] for row in rows}
    own = preference_examples(preferences, rationales, prompts)
    assert all(each["roles"] == [CHOSEN] for each in own)
    steps = tuned(
        tiny_model, tmp_path / "sft", UNTOUCHED, "adapter", own, loss="sft", tokens=150, epochs=50
    )
    used = sum(step.tokens for step in steps)
    assert 150 - 7 < used <= 150
    assert steps[-1].loss < steps[0].loss


def test_an_agents_log_probabilities_are_those_of_one_sequence_at_a_time(
    after_a_round: tuple[Path, AgentWeights],
) -> None:
    base, weights = after_a_round
    rows = examples()
    prompts = [row["prompt_ids"] for row in rows]
    completions = [completion_of(row, CHOSEN) for row in rows]
    logprobs = policy_logprobs(
        BaseModel(base), weights, prompts, completions,
        agents=AgentsConfig(rank=4, weights=weights.kind), config=CONFIG,
    )  # fmt: skip
    if weights.kind == "adapter":
        policy = continue_adapter(load_causal_lm(base, dtype="float32"), str(weights.folder))
    else:
        policy = load_causal_lm(str(weights.folder), dtype="float32")
    with torch.no_grad():
        expected = [
            plain_logprobs(policy, prompt, completion).item()
            for prompt, completion in zip(prompts, completions, strict=True)
        ]
    assert logprobs == pytest.approx(expected, abs=1e-4)
