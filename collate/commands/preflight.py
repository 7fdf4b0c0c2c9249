"""What can be known to fail before any model is loaded or anything is written."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from collate.cluster.address import address_problems
from collate.config.schema import RunConfig
from collate.engines.build_engine import require_engine
from collate.errors import CollateError, InputError
from collate.models.folder import is_adapter_folder
from collate.models.model_names import FolderName, ModelName, RunName, parse_model_name
from collate.received_files import link_problem, links_below
from collate.rounds.warmup import warmup_run
from collate.store.identity import check_same_settings, run_path
from collate.store.resolve import name_problems
from collate.store.run_description import read_run_config
from collate.tables import Question
from collate.tasks import TaskData, leaks, load_task, prompt_problems

FREE_GIB = 2.0
"""Room asked for on the disk of the run folder and of the cache: tables and adapters are small, a
converted model is not."""


def preflight(config: RunConfig, *, budget_is_set: bool = True) -> TaskData:
    """The task's questions, if nothing keeps the run from being carried out.

    Where the budget is still to be found (`collate compare`), the settings are not compared with
    those that the run began with.

    Raises InputError with every problem there is: links in the run's folder, settings other than
    the run began with, an engine or model that is not there, files that cannot be read, too little
    disk. Raises RunFolderError where the run's own settings are damaged.
    """
    # Alone and first: behind a link nothing is looked at.
    refuse_links(run_path(config))
    problems: list[str] = []
    data: list[TaskData] = []
    checks: list[Callable[[], object]] = [
        lambda: check_same_settings(config) if budget_is_set else None,
        lambda: require_engine(config.engine.kind),
        lambda: problems.extend(address_problems(config.ray.address)),
        lambda: problems.extend(model_problems(config)),
        lambda: problems.extend(scorer_problems(config)),
        lambda: problems.extend(_disk_problems(run_path(config))),
        lambda: problems.extend(_learning_problems(config)),
        lambda: data.append(load_task(config.task)),
    ]
    for check in checks:
        try:
            check()
        except InputError as error:
            problems.extend(error.problems)
    problems.extend(_shown_questions(config, data))
    problems.extend(_start_problems(config, data))
    if problems:
        raise InputError.of(problems)
    return data[0]


def refuse_links(folder: Path) -> None:
    """Raise InputError where a folder that is written to has a link in it."""
    if problems := [link_problem(link) for link in links_below(folder)]:
        raise InputError.of(problems)


def model_problems(config: RunConfig) -> list[str]:
    """What keeps the base model from being used, found without loading or fetching anything."""
    return name_problems(
        config.model.name,
        "model.name",
        adapters_need_base=True,
        trust_remote_code=config.model.trust_remote_code,
    )


def scorer_problems(config: RunConfig) -> list[str]:
    """What keeps the scorer from being used, found without loading or fetching anything."""
    wording = config.scoring.answer_prompt
    problems = prompt_problems("scoring.answer_prompt", wording, ("question", "options", "marker"))
    if config.scoring.model is not None:
        problems += name_problems(config.scoring.model, "scoring.model")
    return problems


def _learning_problems(config: RunConfig) -> list[str]:
    """A task of held-out questions alone can be measured, and not learned from."""
    if not config.task.held_out:
        return []
    return [
        "task.held_out=true: leaves no question to learn from; it is for collate evaluate, and a "
        "run takes task.train, task.validation and task.test"
    ]


def _start_problems(config: RunConfig, data: Sequence[TaskData]) -> list[str]:
    """What keeps the agents from beginning with a warm-up, or with what `agents.start` names."""
    warmup = warmup_run(config)
    if warmup is None:
        return _named_start_problems(config) if config.agents.start is not None else []
    try:
        questions = preflight(warmup).questions
    except InputError as error:
        return [f"warmup: {problem}" for problem in error.problems]
    if problems := _leaked(config, questions, data):
        return problems
    if config.warmup.kind != "own" and not any(question.solution for question in questions):
        return [
            f"warmup.kind={config.warmup.kind} needs worked solutions, and none of the "
            f"{len(questions)} questions has one; give them in the corpus's column `solution`, "
            "name the task's by task.solution, or use warmup.kind=own"
        ]
    return []


def _named_start_problems(config: RunConfig) -> list[str]:
    start = config.agents.start or ""
    problems = name_problems(start, "agents.start", weights_alone=True)
    if problems:
        return problems
    name = parse_model_name(start, "agents.start")
    if not isinstance(name, RunName):
        return _start_folder_problems(config, name)
    try:
        other = read_run_config(name.run)
    except CollateError as error:
        return [f"agents.start={start}: {error}"]
    # One named agent serves any number of agents.
    keys = ("weights",) if name.agent else ("count", "weights")
    return [
        f"agents.start={start}: its run has agents.{key}={getattr(other.agents, key)}, this one "
        f"{getattr(config.agents, key)}"
        for key in keys
        if getattr(other.agents, key) != getattr(config.agents, key)
    ]


def _start_folder_problems(config: RunConfig, name: ModelName) -> list[str]:
    """What is wrong with a start that is no run's: it must be of the kind that the agents own."""
    start, kind = config.agents.start, config.agents.weights
    if not isinstance(name, FolderName):
        return [
            f"agents.start={start}: expected a run, a run's agent, or the folder of an adapter or "
            "of whole weights; another base model goes by model="
        ]
    if is_adapter_folder(name.path) != (kind == "adapter"):
        there = "an adapter" if is_adapter_folder(name.path) else "whole weights"
        return [f"agents.start={start}: holds {there}, and agents.weights={kind}"]
    return []


def _leaked(config: RunConfig, corpus: Sequence[Question], data: Sequence[TaskData]) -> list[str]:
    """A corpus from a file must not hold what the run is measured on."""
    if config.warmup.path is None or not data:
        return []
    # A corpus has no options, so that options are left out of the comparison.
    kept = [replace(q, options=()) for q in data[0].questions if q.split != "train"]
    learned = [replace(question, split="train") for question in corpus]
    repeated = leaks([*learned, *kept])
    if config.task.near_duplicates == "keep":
        repeated = [leak for leak in repeated if leak.similarity == 1]
    if not repeated:
        return []
    first = next(question.text for question in corpus if question.id == repeated[0].train_id)
    count = len({leak.train_id for leak in repeated})
    return [
        f"warmup.path={config.warmup.path}: {count:,} of its questions (nearly) repeat a "
        f"validation or held-out question of the task, such as {first[:60]!r}; take them out"
    ]


def _shown_questions(config: RunConfig, data: Sequence[TaskData]) -> list[str]:
    """A persona's worked example must not be a question of the run: its answer would be known."""
    texts = {question.text.strip() for task in data for question in task.questions}
    problems = []
    for index, persona in enumerate(config.agents.personas):
        for example in persona.examples or ():
            if example.question.strip() in texts:
                problems.append(
                    f"agents.personas[{index}]: its worked example {example.question[:60]!r} is a "
                    "question of the task"
                )
    return problems


def _disk_problems(path: Path) -> list[str]:
    existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return [f"{existing}: cannot be written to, and the run would go to {path}; set folder="]
    free_gib = shutil.disk_usage(existing).free / 2**30
    if free_gib < FREE_GIB:
        return [
            f"{path}: {free_gib:.1f} GiB are free on its disk, "
            f"{FREE_GIB:g} GiB are needed; free some, or set folder="
        ]
    return []
