"""Finished runs that tests share, by command line with real Ray, vLLM or transformers, and TRL."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import Done, collate, run_tiny


@dataclass(frozen=True)
class TinyRun:
    """A finished run: its folder, its model, and what the command printed."""

    path: Path
    model: Path
    done: Done


@pytest.fixture(scope="session")
def vllm_run(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    """Two agents, two rounds, vLLM with weight swaps, and noise on the copies."""
    cwd = tmp_path_factory.mktemp("vllm-run")
    done = run_tiny(
        tiny_model, cwd, "name=tiny", "rounds=2", "agents.noise=0.2",
        "evaluation.samples=2", run=collate,
    )  # fmt: skip
    return TinyRun(cwd / "runs" / "tiny", tiny_model, done)
