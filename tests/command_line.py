"""`collate` as a user runs it, on the tiny model: in a process of its own, or in this one.

A process of its own imports everything anew, and starts a Ray of its own. `here` takes the same
command line and gives the same answer, with this process's imports and the Ray it is connected to
(see the fixtures `local_ray` and `kept_workers`).
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

Done = subprocess.CompletedProcess[str]

TINY_RUN = (
    "task=chain_sum", "task.train=12", "task.validation=6", "task.test=12",
    "task.system=''", "task.prompt='{question}'",
    "agents.count=2", "agents.samples=3", "agents.max_tokens=12", "agents.examples=1",
    "agents.temperature=1.0", "pairs=likelihood", "engine.max_length=512", "engine.cache_gib=0.25",
    "engine.threads=1",
    "tuning.batch=4", "tuning.micro_batch=4", "tuning.learning_rate=1e-3",
)  # fmt: skip
"""A run that takes seconds. A random model is never right, so pairs come by likelihood."""

VERDICTS_ONLY = ("engine=transformers", "pairs=correctness", "scoring=verifier")
"""The shortest way through a run: without right answers it ends when its pairs are looked for."""


def collate(*arguments: str, cwd: Path, timeout: float = 420) -> Done:
    """Run `collate` to its end in a process of its own."""
    environment = {**os.environ, "COLUMNS": "100", "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [sys.executable, "-m", "collate", *arguments],
        capture_output=True, text=True, cwd=cwd, env=environment, timeout=timeout, check=False,
    )  # fmt: skip


def here(*arguments: str, cwd: Path) -> Done:
    """Run `collate` to its end in this process."""
    from collate.cli import main

    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, COLUMNS="100"),
        mock.patch.object(sys, "argv", ["collate"]),
        contextlib.chdir(cwd),
    ):
        out, error = Path(folder, "out"), Path(folder, "error")
        with _printed_to(1, "stdout", out), _printed_to(2, "stderr", error):
            status = main(arguments)
        return Done(list(arguments), status, out.read_text(), error.read_text())


@contextlib.contextmanager
def _printed_to(descriptor: int, name: str, path: Path) -> Iterator[None]:
    """Send a file descriptor, and Python's stream of that name, to a file."""
    kept = os.dup(descriptor)
    with path.open("w", encoding="utf-8") as file, mock.patch.object(sys, name, file):
        os.dup2(file.fileno(), descriptor)
        try:
            yield
        finally:
            file.flush()
            os.dup2(kept, descriptor)
            os.close(kept)


def run_tiny(model: Path, cwd: Path, *overrides: str, run: Callable[..., Done] = here) -> Done:
    """`collate run` with settings that take seconds; asserts that it succeeds."""
    done = run("run", f"model={model}", *TINY_RUN, *overrides, cwd=cwd)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{_log(cwd)}"
    return done


def _log(cwd: Path) -> str:
    return "\n".join(path.read_text()[-6000:] for path in cwd.glob("runs/*/log.txt"))
