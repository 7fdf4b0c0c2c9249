"""`collate evaluate`: measure a run's agents again, or any model on any task.

    collate evaluate run=runs/quickstart
    collate evaluate run=runs/quickstart task=gsm8k task.path=test.jsonl task.held_out=true
    collate evaluate model=Qwen/Qwen2.5-0.5B-Instruct task=gsm8k evaluation.samples=8
    collate evaluate model=runs/quickstart:agent-2@1

`run=` measures all agents of a finished run, after the round that stands for it; answers and
numbers go to `runs/<name>/evaluations/<task>-<digest>/`. `model=` measures one model, whatever kind
of name it has (`collate.models.model_names`), without a run; they go to
`<folder>/evaluations/<model>/<task>-<digest>/`. A run's agent is given the prompt that it was tuned
under, and its run's task unless another is named.
"""

import copy
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml
from rich.console import Console

from collate.agents.roster import Agent, make_agents
from collate.atomic import complete_folder
from collate.cluster.address import address_problems
from collate.cluster.requests import MemoryRows
from collate.cluster.workers import Workers
from collate.commands.preflight import model_problems, refuse_links
from collate.commands.setup import Prepared, base_remarks, listening, prepare
from collate.config.build import build
from collate.config.offline import offline_unless_named
from collate.config.presets import TRUST
from collate.config.schema import RunConfig
from collate.console.events import Events
from collate.console.result_tables import results_table
from collate.console.terminal import say
from collate.engines.build_engine import require_engine
from collate.errors import InputError
from collate.evaluation.subjects import BASE, CHANCE
from collate.masking import masked, masked_keys
from collate.models.folder import folder_digest
from collate.models.model_names import model_label
from collate.models.weights import AgentWeights, ResolvedModel
from collate.rounds.confidence import with_confidence
from collate.rounds.evaluate import (
    base_answers_of,
    count_answers,
    round_metrics,
    write_answers,
)
from collate.store.resolve import name_problems, resolve_model
from collate.store.run_description import read_run_config
from collate.store.run_folder import RunFolder
from collate.store.run_weights import weights_of
from collate.tables import Answer, Metric, Question, digest, to_table
from collate.tasks import TaskData, leaks, load_task

CHANGEABLE = ("task", "evaluation", "engine", "ray")
"""The sections of a run's settings that an evaluation may change, beside trust in a model's code,
which no run's folder sets."""
OF_ROUNDS = tuple(
    f"evaluation.{name}" for name in ("rounds", "cross_rationales", "answer_by", "reader")
)
"""Settings of evaluation that say something of rounds; an evaluation has none."""


@dataclass(frozen=True)
class Evaluation:
    """What is asked of the workers: whose answers, to which questions, under which prompts.

    `of_run` says whether a run's rounds are measured, or one model by itself.
    """

    config: RunConfig
    agents: Sequence[Agent]
    prepared: Prepared
    questions: Sequence[Question]
    workers: Workers
    events: Events
    of_run: bool = True

    def answers(self, round: int, weights: Mapping[str, AgentWeights]) -> list[Answer]:
        """Answers of all agents with these weights; with confidences where they are asked for."""
        config, prompts = self.config, self.prepared.prompts
        total = count_answers(config, self.questions, len(self.agents))
        shown_round = round if self.of_run else None
        with self.events.stage("evaluate", round=shown_round, unit="answers", total=total) as tick:
            blocks = write_answers(
                config, round, self.agents, weights, self.questions, prompts, self.workers,
                MemoryRows(), tick,
            )  # fmt: skip
            answers = [answer for block in blocks for answer in block]
        if not config.evaluation.confidence:
            return answers
        total = len(answers)
        with self.events.stage(
            "confidence", round=shown_round, unit="answers", total=total
        ) as tick:
            return with_confidence(config, self.questions, answers, prompts, self.workers, tick)


def evaluate_run(path: Path, composed: Mapping[str, Any], overrides: Sequence[str]) -> Path:
    """Evaluate the agents of the run at `path`; returns the folder of the tables.

    `composed` holds the values of the overrides. Raises InputError where the overrides touch other
    settings, or the run has no finished round.
    """
    refuse_links(path)
    config = with_overrides(path, composed, overrides)
    data = _checked_task(config)
    folder = RunFolder.existing(path)
    weights, round = weights_of(folder, config)
    agents = make_agents(config)
    needs_scorer = config.evaluation.confidence
    prepared = prepare(config, agents, data.questions, needs_scorer=needs_scorer)
    if folder_digest(prepared.base) != folder.facts["identity"]["model"]:
        raise InputError(
            f"{prepared.base}: not the model that {path} began with; its files have changed"
        )
    untouched = {agent.name: AgentWeights.base(agent.name) for agent in agents}
    with listening(path) as (console, events):
        events.messages(prepared.remarks)
        _tell_notes(events, data)
        _warn_of_learned_questions(events, folder, data.questions)
        with Workers(config, prepared.base, needs_torch=False) as workers:
            workers.set_run(config, events.message, prepared.scorer)
            evaluation = Evaluation(config, agents, prepared, data.questions, workers, events)
            names = [agent.name for agent in agents]
            answers = evaluation.answers(0, untouched)
            base = base_answers_of(answers)
            metrics = round_metrics(config, 0, names, data.questions, answers, base)
            if weights != untouched:
                answers = evaluation.answers(round, weights)
                metrics += round_metrics(config, round, names, data.questions, answers, base)
        made_from = sorted(each.digest for each in weights.values())
        target = _keep(path / "evaluations", config, made_from, [*base, *answers], metrics)
        _print(console, metrics, target)
    return target


def evaluate_model(config: RunConfig, *, task_is_given: bool) -> Path:
    """Evaluate the model that `model=` names; returns the folder of the tables.

    A model that is tuned (an adapter, a run's agent) is compared with its base model under the same
    prompt. Without a task of its own a run's agent is measured on its run's task. Raises InputError
    where the model cannot be had.
    """
    trust = config.model.trust_remote_code
    problems = name_problems(
        config.model.name, "model", adapters_need_base=True, trust_remote_code=trust
    )
    if problems:
        raise InputError.of(problems)
    model = resolve_model(config.model.name, setting="model", trust_remote_code=trust)
    config, agent = _prompted_as(config, model, task_is_given=task_is_given)
    data = _checked_task(config)
    name = model_label(config.model.name)
    agent = replace(agent, name=name)
    base_config = replace(config, model=replace(config.model, name=str(model.folder)))
    needs_scorer = config.evaluation.confidence
    prepared = prepare(base_config, [agent], data.questions, needs_scorer=needs_scorer)
    place = Path(config.folder) / "evaluations" / re.sub(r"[^\w.=-]+", "-", name)
    refuse_links(place)
    with listening(place) as (console, events):
        events.messages(base_remarks("model", model))
        _tell_notes(events, data)
        if model.run is not None:
            _warn_of_learned_questions(events, RunFolder.existing(model.run), data.questions)
        own_weights = replace(model.weights, agent=name)
        with Workers(base_config, prepared.base, needs_torch=False) as workers:
            workers.set_run(config, events.message, prepared.scorer)
            evaluation = Evaluation(
                config, [agent], prepared, data.questions, workers, events, of_run=False
            )
            answers = evaluation.answers(0, {name: own_weights})
            base_answers = answers
            if own_weights.kind != BASE:
                base_answers = evaluation.answers(0, {name: AgentWeights.base(name)})
        base = [replace(row, writer=BASE) for row in base_answers if row.sample == 0]
        metrics = round_metrics(config, 0, [name], data.questions, answers, base)
        metrics = _of_one_model(metrics, name, compared=own_weights.kind != BASE)
        made_from = [folder_digest(model.folder), own_weights.digest]
        target = _keep(place, config, made_from, answers, metrics, model.lineage)
        _print(console, metrics, target, one_model=True)
    return target


def with_overrides(path: Path, composed: Mapping[str, Any], overrides: Sequence[str]) -> RunConfig:
    """The run's settings with what the overrides set.

    Raises InputError for an override of what an evaluation cannot change, and for a setting whose
    value was masked when the run was written.
    """
    settings = asdict(read_run_config(path))
    for override in overrides:
        if override.startswith("-"):
            continue
        key = override.partition("=")[0].lstrip("+~")
        section, _, rest = key.partition(".")
        if section not in CHANGEABLE and key != TRUST:
            raise InputError(
                f"{override}: an evaluation can change {', '.join(CHANGEABLE)}; "
                f"everything else is as the run has it"
            )
        if key in OF_ROUNDS:
            raise InputError(f"{override}: says something of rounds, and an evaluation has none")
        if not rest:
            settings[section] = copy.deepcopy(composed[section])
            continue
        target, source = settings[section], composed[section]
        *parents, last = rest.split(".")
        for parent in parents:
            target, source = target[parent], source[parent]
        target[last] = source[last]
    if masked_settings := masked_keys(settings):
        raise InputError(
            f"{path / 'config.yaml'}: the value of {', '.join(masked_settings)} looked like a "
            "secret and was not kept; give it again on the command line"
        )
    return build(settings)


def _prompted_as(
    config: RunConfig, model: ResolvedModel, *, task_is_given: bool
) -> tuple[RunConfig, Agent]:
    """The settings and the agent whose prompt the model is given.

    A run's agent keeps its own worked examples, persona and length; any other model is prompted
    as the first agent of these settings would be.
    """
    if model.run is None:
        agents = replace(config.agents, count=1, **_hosting_settings(model.weights))
        config = replace(config, agents=agents)
        return config, make_agents(config)[0]
    of_run = read_run_config(model.run)
    task = config.task if task_is_given else of_run.task
    config = replace(config, task=task, agents=of_run.agents, seed=of_run.seed)
    return config, next(agent for agent in make_agents(config) if agent.name == model.agent)


def _hosting_settings(weights: AgentWeights) -> dict[str, Any]:
    """What the settings of agents must say for an engine to take these weights."""
    if weights.kind == "adapter" and weights.folder is not None:
        from collate.models.checkpoints import read_adapter

        return {"weights": "adapter", "rank": read_adapter(weights.folder).rank}
    return {"weights": "full"} if weights.kind == "full" else {}


def _checked_task(config: RunConfig) -> TaskData:
    """The task's questions, if engine, cluster and model are to be had."""
    offline_unless_named([config])
    require_engine(config.engine.kind)
    if problems := [*address_problems(config.ray.address), *model_problems(config)]:
        raise InputError.of(problems)
    return load_task(config.task)


def _tell_notes(events: Events, data: TaskData) -> None:
    for note in data.notes:
        events.message(f"note: {note}")


def _warn_of_learned_questions(
    events: Events, folder: RunFolder, questions: Sequence[Question]
) -> None:
    """Warn where the questions to be answered repeat training questions of the run."""
    learned = [q for q in folder.rows("questions", Question) if q.split == "train"]
    kept = [question for question in questions if question.split != "train"]
    repeated = {leak.held_out_id for leak in leaks([*learned, *kept])}
    if repeated:
        events.message(
            f"warning: {len(repeated):,} of the questions repeat, or nearly repeat, one that the "
            "agents learned from; what they get right there says little"
        )


def _of_one_model(metrics: Sequence[Metric], name: str, *, compared: bool) -> list[Metric]:
    """The rows of one model, without votes of one; and of its base where that is another."""
    kept = []
    for metric in metrics:
        is_gain = metric.name.startswith("gain")
        if (
            (metric.model == name and (compared or not is_gain))
            or metric.model == CHANCE
            or (compared and metric.model == BASE)
        ):
            kept.append(metric)
    return kept


def _keep(
    folder: Path,
    config: RunConfig,
    made_from: Sequence[str],
    answers: Sequence[Answer],
    metrics: Sequence[Metric],
    lineage: Mapping[str, str] | None = None,
) -> Path:
    """Write the tables of an evaluation, and what it was made from; returns their folder."""
    sections = {name: asdict(getattr(config, name)) for name in ("task", "evaluation", "engine")}
    settings: dict[str, Any] = masked(sections)
    text = yaml.safe_dump(settings, default_flow_style=True)
    target = folder / f"{config.task.name}-{digest(text, *made_from, length=8)}"
    if target.exists():
        shutil.rmtree(target)
    with complete_folder(target) as unfinished:
        pq.write_table(to_table(Answer, answers), unfinished / "answers.parquet")
        pq.write_table(to_table(Metric, metrics), unfinished / "metrics.parquet")
        (unfinished / "settings.yaml").write_text(text)
        if lineage:
            (unfinished / "model.yaml").write_text(yaml.safe_dump(masked(lineage)))
    return target


def _print(
    console: Console, metrics: Sequence[Metric], target: Path, *, one_model: bool = False
) -> None:
    say(console)
    rounds = sorted({metric.round for metric in metrics})
    say(console, results_table(metrics, rounds, width=console.width, one_model=one_model))
    say(console, f"\ntables       {target}")
