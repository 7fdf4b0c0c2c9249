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
from collate.tables import Pair, Rationale, Step
from collate.tuning import trainer
from collate.tuning.curves import read_curves
from collate.tuning.losses import LogRatios, sigmoid
from collate.tuning.tune import order_examples, pair_examples, tune_agent, write_examples
from tests.tuning.test_against_trl import plain_logprobs
from tests.tuning.test_step_checkpoints import Killed

UNTOUCHED = AgentWeights("a", "base", None, "base")
CONFIG = TuningConfig(batch=4, micro_batch=2, learning_rate=2e-3, warmup=0.0, epochs=2)
SEED = 3


def examples() -> list[dict[str, Any]]:
    draw = random.Random(0)

    def some(most: int) -> list[int]:
        return [draw.randrange(4, 300) for _ in range(draw.randint(2, most))]

    return [
        {"question_id": f"q{n}", "prompt_ids": some(6), "chosen_ids": some(7),
         "rejected_ids": some(5)}
        for n in range(10)
    ]  # fmt: skip


def tuned(
    base: Path,
    folder: Path,
    begun: AgentWeights,
    weights: str,
    rows: Any = None,
    dies_at: int | None = None,
    **changes: Any,
) -> list[Step]:
    folder.mkdir(exist_ok=True)
    scratch = folder.with_suffix(".examples")
    scratch.mkdir(exist_ok=True)

    def report(step: int, _: int) -> None:
        if step == dies_at:
            raise Killed

    tune_agent(
        BaseModel(base), begun, write_examples(scratch, [rows or examples()]), folder,
        agents=AgentsConfig(rank=4, weights=weights),
        config=replace(CONFIG, **changes), seed=SEED, checkpoints=scratch, report=report,
    )  # fmt: skip
    return read_curves(folder)


@pytest.fixture(scope="module", params=["adapter", "full"])
def after_a_round(
    request: pytest.FixtureRequest, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, AgentWeights]:
    folder = tmp_path_factory.mktemp(request.param) / "first"
    steps = tuned(tiny_model, folder, UNTOUCHED, request.param)
    assert abs(steps[-1].chosen_logratio) > 0.1  # so that the base is another model by now
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
        for side in ("chosen_ids", "rejected_ids"):
            ratio_P[side] = torch.stack(
                [
                    plain_logprobs(policy, row["prompt_ids"], row[side])
                    - plain_logprobs(untouched, row["prompt_ids"], row[side])
                    for row in first[:4]
                ]
            )
    assert ratio_P["chosen_ids"].abs().max() > 0.1
    assert steps[0].chosen_logratio == pytest.approx(ratio_P["chosen_ids"].mean().item(), abs=1e-4)
    assert steps[0].rejected_logratio == pytest.approx(
        ratio_P["rejected_ids"].mean().item(), abs=1e-4
    )
    one = torch.ones(4)
    expected_P = sigmoid(LogRatios(*ratio_P.values(), one, one), CONFIG)
    assert steps[0].loss == pytest.approx(expected_P.mean().item(), abs=1e-4)
    assert steps[0].tokens == sum(len(r["chosen_ids"] + r["rejected_ids"]) for r in first[:4])


def test_the_first_loss_is_checked_against_another_reference_too(
    after_a_round: tuple[Path, AgentWeights], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that change between the reference and the first step are told."""
    base, start = after_a_round
    expected = trainer.PairTrainer.expected_first_loss

    def then_changes(self: Any) -> float:
        found = expected(self)
        with torch.no_grad():
            for weight in self.model.parameters():
                if weight.requires_grad:
                    weight.mul_(3.0)
        return found

    monkeypatch.setattr(trainer.PairTrainer, "expected_first_loss", then_changes)
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
            row["question_id"], row["question_id"], "gold", "", 1, 0, 0, 1.0, 1.0, (1,),
            tuple(row["chosen_ids"]), "", "stop", float("nan"), "gold",
        )
        for row in rows
    }  # fmt: skip
    pairs = [Pair(id, id, "a", id, None, "all_right", 0.0) for id in rationales]
    own = pair_examples(pairs, rationales, {row["question_id"]: row["prompt_ids"] for row in rows})
    assert all(example["rejected_ids"] == [] for example in own)
    steps = tuned(
        tiny_model, tmp_path / "sft", UNTOUCHED, "adapter", own, loss="sft", tokens=150, epochs=50
    )
    used = sum(step.tokens for step in steps)
    assert 150 - 7 < used <= 150
    assert steps[-1].loss < steps[0].loss
