"""What can be known to fail before any model is loaded or anything is written."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from collate.cluster.address import address_problems
from collate.config.schema import RunConfig
from collate.engines.build import require_engine
from collate.errors import InputError
from collate.models import model_problems
from collate.rounds.warmup import warmup_run
from collate.scoring.model import scorer_problems
from collate.store.identity import check_same_settings, run_path
from collate.tables import Question
from collate.tasks import TaskData, leaks, load_task

FREE_GIB = 2.0
"""Room asked for on the disk of the run folder and of the cache: tables and adapters are small, a
converted model is not."""


def preflight(config: RunConfig, *, settled: bool = True) -> TaskData:
    """The task's questions, if nothing stands against the run.

    Settings that are not `settled` yet, for a budget is still to be found, are not compared with
    those that the run began with.

    Raises InputError with every problem there is: settings other than the run began with, an engine
    or model that is not there, files that cannot be read, too little disk.
    """
    found: list[str] = []
    data: list[TaskData] = []
    checks: list[Callable[[], object]] = [
        lambda: check_same_settings(config) if settled else None,
        lambda: require_engine(config.engine.kind),
        lambda: found.extend(address_problems(config.ray.address)),
        lambda: found.extend(model_problems(config.model)),
        lambda: found.extend(scorer_problems(config)),
        lambda: found.extend(_disk_problems(run_path(config))),
        lambda: data.append(load_task(config.task)),
    ]
    for check in checks:
        try:
            check()
        except InputError as error:
            found.extend(error.problems)
    found.extend(_shown_questions(config, data))
    found.extend(_start_problems(config, data))
    if found:
        raise InputError.of(found)
    return data[0]


def _start_problems(config: RunConfig, data: Sequence[TaskData]) -> list[str]:
    """What stands against the warm-up, or against the run that the agents begin with."""
    if (before := warmup_run(config)) is not None:
        try:
            questions = preflight(before).questions
        except InputError as error:
            return [f"warmup: {problem}" for problem in error.problems]
        if found := _leaked(config, questions, data):
            return found
        answers_alone = config.warmup.kind == "supervised" and config.warmup.modes == ["answer"]
        needed = config.warmup.kind != "own" and not answers_alone
        if needed and not any(q.solution for q in questions):
            return [
                f"warmup.kind={config.warmup.kind} needs worked solutions, and none of the "
                f"{len(questions)} questions has one; name the column (warmup.solution, or "
                "task.solution), or use warmup.kind=own"
            ]
        return []
    if config.agents.start is None:
        return []
    path = Path(config.agents.start)
    if not (path / "run.json").is_file():
        return [f"agents.start={path}: no run there (a run's folder holds run.json)"]
    began = yaml.safe_load((path / "config.yaml").read_text())["agents"]
    return [
        f"agents.start={path}: its run has agents.{key}={began[key]}, this one "
        f"{getattr(config.agents, key)}"
        for key in ("count", "weights")
        if began[key] != getattr(config.agents, key)
    ]


def _leaked(config: RunConfig, corpus: Sequence[Question], data: Sequence[TaskData]) -> list[str]:
    """A corpus from a file must not hold what the run is measured on."""
    if config.warmup.path is None or not data:
        return []
    kept = [replace(q, options=()) for q in data[0].questions if q.split != "train"]
    found = leaks([*(replace(q, split="train") for q in corpus), *kept])
    if config.task.near_duplicates == "keep":
        found = [leak for leak in found if leak.similarity == 1]
    if not found:
        return []
    text = next(q.text for q in corpus if q.id == found[0].train_id)
    return [
        f"warmup.path={config.warmup.path}: {len({leak.train_id for leak in found}):,} of its "
        f"questions (nearly) repeat a validation or held-out question of the task, such as "
        f"{text[:60]!r}; take them out"
    ]


def _shown_questions(config: RunConfig, data: list[TaskData]) -> list[str]:
    """A persona's worked example must not be a question of the run: its answer would be known."""
    texts = {q.text.strip() for one in data for q in one.questions}
    return [
        f"agents.personas[{i}]: its worked example {example.question[:60]!r} is a question "
        "of the task"
        for i, persona in enumerate(config.agents.personas)
        for example in persona.examples or ()
        if example.question.strip() in texts
    ]


def _disk_problems(path: Path) -> list[str]:
    there = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return [f"{there}: cannot be written to, and the run would go to {path}; set folder="]
    free = shutil.disk_usage(there).free / 2**30
    if free < FREE_GIB:
        return [
            f"{path}: {free:.1f} GiB are free on its disk, "
            f"{FREE_GIB:g} GiB are needed; free some, or set folder="
        ]
    return []
