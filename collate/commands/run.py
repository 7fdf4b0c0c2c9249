"""`collate run`: teach several agents from their own rationales.

    collate run experiment=quickstart
    collate run task=gsm8k model=Qwen/Qwen2.5-0.5B-Instruct agents.count=4 rounds=3

The same command again continues a run that was stopped, and does nothing where it is finished.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from collate.agents.roster import Agent, make_agents
from collate.cluster.workers import Workers
from collate.commands.preflight import preflight
from collate.commands.setup import listening, prepare
from collate.config.schema import RunConfig
from collate.console.events import Listener
from collate.console.summary import print_header, print_results
from collate.console.terminal import say
from collate.errors import InputError, ModelError
from collate.models.folder import folder_digest
from collate.models.model_names import RunName, parse_model_name
from collate.rounds.context import RunContext
from collate.rounds.loop import train_rounds
from collate.rounds.warmup import warmup_run
from collate.store.identity import run_path
from collate.store.lock import run_lock
from collate.store.resolve import resolve_weights, resolved_digest
from collate.store.run_description import read_run_config
from collate.store.run_folder import RunFolder
from collate.store.run_weights import Weights, weights_of
from collate.tables import Question, digest


def run(
    config: RunConfig,
    workers: Workers | None = None,
    *,
    listeners: Sequence[Listener] = (),
) -> Path:
    """Carry out a run, or continue it, after the run that warms up its agents; returns its folder.

    Several runs of one model may share `workers`, which stay when the run ends. `listeners` hear
    every event of the run (`collate.console.events`).

    Raises InputError, before anything is started or written, when the request cannot be met.
    """
    data = preflight(config)
    agents = make_agents(config)
    prepared = prepare(config, agents, data.questions)
    start = _start_weights(config, agents, prepared.base, workers)
    identity = {"model": folder_digest(prepared.base), "questions": _digest(data.questions)}
    if prepared.scorer is not None:
        identity["scorer"] = resolved_digest(prepared.scorer)
    if start is not None:
        identity["start"] = digest(*(f"{name} {first.digest}" for name, first in start.items()))
    path = run_path(config)
    with run_lock(path, config.lock_deadline), listening(path, listeners) as (console, events):
        store = RunFolder.open(config, identity, notify=events.message)
        print_header(console, config, store, data, agents)
        events.messages(prepared.remarks)
        store.note("agents", [agent.record() for agent in agents])
        own_workers = nullcontext(workers) if workers else Workers(config, prepared.base)
        with own_workers as active:
            active.set_run(config, events.message, prepared.scorer)
            context = RunContext(config, agents, prepared.prompts, store, active, events)
            train_rounds(context, data.questions, start)
        if not store.changed:
            say(console, "This run is finished; there is nothing to do.")
        store.note("complete", True)
        events.emit("run_finished", numbers={"rounds": max(store.evaluated_rounds(), default=0)})
        print_results(console, config, store)
    return path


def _start_weights(
    config: RunConfig, agents: Sequence[Agent], base: Path, workers: Workers | None
) -> Weights | None:
    """The weights that the agents begin with, where they do not begin as the base model."""
    warmup = warmup_run(config)
    if warmup is not None:
        return _warmed_up_weights(config, warmup, workers)
    if config.agents.start is None:
        return None
    return weights_of_start(config.agents.start, agents, base)


def weights_of_start(start: str, agents: Sequence[Agent], base: Path) -> Weights:
    """What `agents.start` names: a run's agents, each for its namesake, or one model for all.

    Raises InputError where it cannot be had.
    """
    name = parse_model_name(start, "agents.start")
    if isinstance(name, RunName) and name.agent is None:
        folder, config = RunFolder.existing(name.run), read_run_config(name.run)
        return weights_of(folder, config, "best" if name.round is None else name.round)[0]
    weights = resolve_weights(start, "agents.start")
    if weights.kind == "adapter" and weights.folder is not None:
        from collate.models.checkpoints import check_adapter

        try:
            check_adapter(str(base), weights.folder)
        except ModelError as error:
            raise InputError(f"agents.start={start}: {error}") from error
    return {agent.name: replace(weights, agent=agent.name) for agent in agents}


def _warmed_up_weights(config: RunConfig, warmup: RunConfig, workers: Workers | None) -> Weights:
    folder = RunFolder.existing(run(warmup, workers))
    if max(folder.tuned_rounds(), default=0) < 1:
        raise InputError(
            f"warmup.kind={config.warmup.kind}: no question gave any agent something to learn "
            f"({folder.path}/round-01/dropped.parquet has the reasons); ask for more by "
            "warmup.samples or warmup.questions, or use warmup.kind=none"
        )
    return weights_of(folder, warmup)[0]


def _digest(questions: Sequence[Question]) -> str:
    """Digest of everything that the run takes from its questions."""
    return digest(
        *(
            f"{question.id} {question.split} {question.text} {question.gold} {question.options} "
            f"{question.solution}"
            for question in questions
        )
    )
