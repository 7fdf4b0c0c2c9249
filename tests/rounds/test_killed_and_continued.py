"""A killed run goes on after its last complete stage when the same command is given again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import collate
from tests.commands import TINY_RUN, run_tiny

pytestmark = pytest.mark.timeout(900)
SETTINGS = ("name=cut", "rounds=1", "engine=transformers")


def kill_after(stage: str, manifest: Path, process: subprocess.Popen[bytes]) -> None:
    """Kill the command and all its processes as soon as the manifest has the stage."""
    until = time.monotonic() + 300
    while time.monotonic() < until and process.poll() is None:
        if manifest.is_file() and stage in json.loads(manifest.read_text())["stages"]:
            break
        time.sleep(0.05)
    assert process.poll() is None, "the run ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_run_continues_after_its_last_stage(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "runs" / "cut"
    command = [sys.executable, "-m", "collate", "run", f"model={tiny_model}", *TINY_RUN, *SETTINGS]
    process = subprocess.Popen(
        command, cwd=tmp_path, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    kill_after("round-01/generate", path / "run.json", process)
    before = (path / "round-01" / "rationales.parquet").read_bytes()
    done = run_tiny(tiny_model, tmp_path, *SETTINGS)
    assert "Continuing after" in done.stdout
    assert "round 1  generate" not in done.stdout
    assert "round 1  evaluate" in done.stdout
    assert (path / "round-01" / "rationales.parquet").read_bytes() == before

    whole = tmp_path / "whole"
    whole.mkdir()
    run_tiny(tiny_model, whole, *SETTINGS)
    for table in ("pairs", "dropped", "tuning", "metrics"):
        ours = pd.read_parquet(path / "round-01" / f"{table}.parquet")
        theirs = pd.read_parquet(whole / "runs" / "cut" / "round-01" / f"{table}.parquet")
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-4)
    assert collate.load_run(path).rounds == [0, 1]
