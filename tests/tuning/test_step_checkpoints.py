"""Tuning that was killed goes on from its last checkpoint and ends as if it had not been."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from collate.agents.adapters import new_adapter
from collate.config.schema import AgentsConfig, TuningConfig
from collate.models import load_causal_lm, load_tokenizer
from collate.tables import Step
from collate.tuning.step_checkpoints import OPTIMIZER, Checkpoints
from collate.tuning.trainer import train
from tests.tuning.examples import example

CONFIG = TuningConfig(
    batch=4,
    micro_batch=2,
    learning_rate=5e-3,
    warmup_ratio=0.25,
    schedule="cosine",
    weight_decay=0.01,
)


class Killed(BaseException):
    """What ends the process in these tests."""


def examples() -> list[dict[str, Any]]:
    draw = random.Random(0)

    def some(length: int) -> list[int]:
        return [draw.randrange(300) for _ in range(length)]

    return [example(some(5), some(4), some(6)) for _ in range(38)]


def tuned(
    model_folder: Path,
    folder: Path,
    *,
    weights: str = "adapter",
    config: TuningConfig = CONFIG,
    dies_at: int | None = None,
    taken: list[int] | None = None,
) -> tuple[list[Step], dict[str, torch.Tensor]]:
    """Curves and weights after tuning with checkpoints every three steps, or death on the way.

    `taken` gets the numbers of the steps that this process took.
    """
    model = load_causal_lm(model_folder, dtype="float32")
    if weights == "adapter":
        model = new_adapter(model, AgentsConfig(rank=4), seed=0)

    def report(step: Step, _: int) -> None:
        if taken is not None:
            taken.append(step.step)
        if step.step == dies_at:
            raise Killed

    steps = train(
        model, load_tokenizer(model_folder), examples(), config, seed=1, scratch=folder / "scratch",
        checkpoints=Checkpoints(folder, 3), report=report,
    )  # fmt: skip
    return steps, {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("weights", "config"),
    [("adapter", CONFIG), ("full", CONFIG), ("adapter", replace(CONFIG, loss="sft"))],
    ids=["adapter", "full", "supervised"],
)
def test_a_resumed_tuning_ends_byte_equal(
    tiny_model: Path, tmp_path: Path, weights: str, config: TuningConfig
) -> None:
    own: dict[str, Any] = {"weights": weights, "config": config}
    steps, expected = tuned(tiny_model, tmp_path / "whole", **own)
    assert len(steps) == 10
    taken: list[int] = []
    for dies_at in (5, 8):
        with pytest.raises(Killed):
            tuned(tiny_model, tmp_path / "cut", **own, dies_at=dies_at, taken=taken)
    kept = [path.name for path in (tmp_path / "cut").glob("step-*")]
    assert kept == ["step-000006"]
    resumed, found = tuned(tiny_model, tmp_path / "cut", **own, taken=taken)
    assert taken == [1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 7, 8, 9, 10]
    assert repr(resumed) == repr(steps)  # NaN is not equal to itself
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_a_damaged_checkpoint_is_not_used_and_is_replaced(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        tuned(tiny_model, tmp_path, dies_at=4)
    assert len(Checkpoints(tmp_path, 3).latest()) == 3
    state = tmp_path / "step-000003" / OPTIMIZER
    content = bytearray(state.read_bytes())
    content[-1] ^= 1
    state.write_bytes(content)
    assert Checkpoints(tmp_path, 3).latest() == []
    with pytest.raises(Killed):
        tuned(tiny_model, tmp_path, dies_at=4)
    assert len(Checkpoints(tmp_path, 3).latest()) == 3


def test_the_checkpoint_holds_no_pickle(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        tuned(tiny_model, tmp_path, dies_at=4)
    suffixes = {path.suffix for path in (tmp_path / "step-000003").iterdir()}
    assert suffixes == {".safetensors", ".json"}
