"""`collate` as a user runs it: in its own process and folder, on the tiny model."""

import os
import subprocess
import sys
from pathlib import Path

TINY_RUN = (
    "task=chain_sum", "task.train=12", "task.validation=6", "task.test=12",
    "task.system=''", "task.prompt='{question}'",
    "agents.count=2", "agents.samples=3", "agents.max_tokens=12", "agents.examples=1",
    "agents.temperature=1.0", "pairs=likelihood", "engine.max_length=512", "engine.cache_gib=0.25",
    "tuning.batch=4", "tuning.micro_batch=4", "tuning.learning_rate=1e-3",
    "evaluation.bootstrap=200",
)  # fmt: skip
"""A run that takes seconds. A random model is never right, so pairs come by likelihood."""

VERDICTS_ONLY = ("engine=transformers", "pairs=correctness", "scoring=verifier")
"""The shortest way through a run: without right answers it ends when its pairs are looked for."""


def collate(*arguments: str, cwd: Path, timeout: float = 420) -> subprocess.CompletedProcess[str]:
    """Run `collate` to its end; the output is text."""
    environment = {**os.environ, "COLUMNS": "100", "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [sys.executable, "-m", "collate", *arguments],
        capture_output=True, text=True, cwd=cwd, env=environment, timeout=timeout, check=False,
    )  # fmt: skip


def run_tiny(model: Path, cwd: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    """`collate run` with settings that take seconds; asserts that it succeeds."""
    done = collate("run", f"model={model}", *TINY_RUN, *overrides, cwd=cwd)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{_log(cwd)}"
    return done


def _log(cwd: Path) -> str:
    return "\n".join(path.read_text()[-6000:] for path in cwd.glob("runs/*/log.txt"))
