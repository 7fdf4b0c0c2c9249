"""The loop without vLLM: by own parts, killed and continued, and with nothing to learn from."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import collate
from collate.rounds.manifest import Manifest
from tests.commands import TINY_RUN, VERDICTS_ONLY, run_tiny

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("local_ray")]
SETTINGS = ("name=plain", "rounds=1", "engine=transformers", "agents.own_part=true",
            "agents.temperature_step=0.2")  # fmt: skip


@pytest.fixture(scope="module")
def whole_run(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    cwd = tmp_path_factory.mktemp("whole")
    done = run_tiny(tiny_model, cwd, *SETTINGS)
    assert "round 1  evaluate" in done.stdout
    return cwd / "runs" / "plain"


def test_agents_are_tuned_on_own_parts_and_sample_as_asked(whole_run: Path) -> None:
    run = collate.load_run(whole_run)
    own = run.pairs().groupby("agent")["question_id"].agg(set)
    assert len(own) == 2 and not own.iloc[0] & own.iloc[1]
    temperatures = run.rationales().groupby("agent")["temperature"].first()
    assert temperatures.tolist() == pytest.approx([1.0, 1.2])


def kill_after(stage: str, run: Path, process: subprocess.Popen[bytes]) -> None:
    """Kill the command and all its processes as soon as the manifest has the stage."""
    until = time.monotonic() + 300
    while time.monotonic() < until and process.poll() is None:
        if stage in Manifest.read(run).stages:
            break
        time.sleep(0.05)
    assert process.poll() is None, "the run ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_run_continues_and_ends_like_one_that_was_not(
    whole_run: Path, tiny_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "runs" / "plain"
    command = [sys.executable, "-m", "collate", "run", f"model={tiny_model}", *TINY_RUN, *SETTINGS]
    process = subprocess.Popen(
        command, cwd=tmp_path, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    kill_after("round-01/generate", path, process)
    before = (path / "round-01" / "rationales.parquet").read_bytes()
    done = run_tiny(tiny_model, tmp_path, *SETTINGS)
    assert "Continuing after" in done.stdout
    assert "round 1  generate" not in done.stdout and "round 1  evaluate" in done.stdout
    assert (path / "round-01" / "rationales.parquet").read_bytes() == before
    for table in ("rationales", "scores", "pairs", "dropped", "tuning", "metrics"):
        ours = pd.read_parquet(path / "round-01" / f"{table}.parquet")
        theirs = pd.read_parquet(whole_run / "round-01" / f"{table}.parquet")
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-3, atol=1e-6)


def test_no_pair_ends_the_run_as_nothing_left_to_learn(tiny_model: Path, tmp_path: Path) -> None:
    """A random model is never right, so correctness finds no winner: no crash, status 0."""
    settings = ("name=none", "rounds=2", *VERDICTS_ONLY)
    done = run_tiny(tiny_model, tmp_path, *settings)
    assert "nothing left to learn" in done.stdout
    assert "none right, some unstated" in done.stdout
    assert not (tmp_path / "runs" / "none" / "round-01" / "agents").exists()
    again = run_tiny(tiny_model, tmp_path, *settings)
    assert "This run is finished" in again.stdout
