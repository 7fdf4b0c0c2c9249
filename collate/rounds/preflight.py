"""What can be known to fail before any model is loaded or anything is written."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

from collate.config.schema import RunConfig
from collate.errors import InputError
from collate.models import model_problems
from collate.rounds.folder import check_same_settings, run_path
from collate.tasks import TaskData, load_task

FREE_GIB = 2.0
"""Room asked for on the disk of the run folder and of the cache: tables and adapters are small, a
converted model is not."""


def preflight(config: RunConfig) -> TaskData:
    """The task's questions, if nothing stands against the run.

    Raises InputError with every problem there is: settings other than the run began with, an engine
    or model that is not there, files that cannot be read, too little disk.
    """
    found: list[str] = []
    data: list[TaskData] = []
    checks: list[Callable[[], object]] = [
        lambda: check_same_settings(config),
        lambda: found.extend(engine_problems(config.engine.kind)),
        lambda: found.extend(model_problems(config.model)),
        lambda: found.extend(_disk_problems(run_path(config))),
        lambda: data.append(load_task(config.task)),
    ]
    for check in checks:
        try:
            check()
        except InputError as error:
            found.append(str(error))
    if found:
        raise InputError.of(found)
    return data[0]


def engine_problems(kind: str) -> list[str]:
    """Why an engine cannot be used on this machine."""
    if kind == "vllm" and importlib.util.find_spec("vllm") is None:
        return [
            "engine.kind=vllm: vLLM is not installed: "
            "pip install 'collate[cpu]' or 'collate[cuda]', or use engine=transformers"
        ]
    return []


def _disk_problems(path: Path) -> list[str]:
    there = next(p for p in (path, *path.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free / 2**30
    if free < FREE_GIB:
        return [
            f"{path}: {free:.1f} GiB are free on its disk, "
            f"{FREE_GIB:g} GiB are needed; free some, or set folder="
        ]
    return []
