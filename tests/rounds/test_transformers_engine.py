"""The loop without vLLM, with own parts and by correctness, and what happens when it is killed."""

from pathlib import Path

import pytest

import collate
from tests.commands import run_tiny

pytestmark = pytest.mark.timeout(900)


def test_a_run_on_transformers_with_own_parts(tiny_model: Path, tmp_path: Path) -> None:
    done = run_tiny(
        tiny_model, tmp_path, "name=plain", "rounds=1", "engine=transformers",
        "agents.own_part=true", "agents.temperature_step=0.2",
    )  # fmt: skip
    assert "round 1  evaluate" in done.stdout
    run = collate.load_run(tmp_path / "runs" / "plain")
    own = run.pairs().groupby("agent")["question_id"].agg(set)
    assert len(own) == 2 and not own.iloc[0] & own.iloc[1]
    temperatures = run.rationales().groupby("agent")["temperature"].first()
    assert temperatures.tolist() == pytest.approx([1.0, 1.2])


def test_no_pair_ends_the_run_as_nothing_left_to_learn(tiny_model: Path, tmp_path: Path) -> None:
    """A random model is never right, so correctness finds no winner: no crash, status 0."""
    done = run_tiny(
        tiny_model, tmp_path, "name=none", "rounds=2", "engine=transformers", "pairs=correctness",
        "scoring=verifier",
    )  # fmt: skip
    assert "nothing left to learn" in done.stdout
    assert "none right, some unstated" in done.stdout or "all wrong" in done.stdout
    assert not (tmp_path / "runs" / "none" / "round-01" / "agents").exists()
    again = run_tiny(
        tiny_model, tmp_path, "name=none", "rounds=2", "engine=transformers", "pairs=correctness",
        "scoring=verifier",
    )  # fmt: skip
    assert "This run is finished" in again.stdout
