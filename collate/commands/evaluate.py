"""Measure a finished run's agents again: on its own held-out questions, or on another task.

    collate evaluate run=runs/quickstart
    collate evaluate run=runs/quickstart task=gsm8k task.path=test.jsonl evaluation.samples=8

The answers and numbers go to `runs/<name>/evaluations/<task>-<digest>/`.
"""

import copy
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from collate.agents.prompts import Prompts
from collate.agents.roster import make_agents
from collate.atomic import complete_folder
from collate.cluster.address import address_problems
from collate.cluster.requests import Loose
from collate.cluster.workers import Workers
from collate.config.build import build
from collate.config.offline import offline_unless_asked
from collate.config.schema import RunConfig
from collate.console.result_tables import results_table
from collate.console.terminal import Screen, screen_and_log
from collate.engines.build import require_engine
from collate.errors import InputError
from collate.masking import masked, masked_keys
from collate.models import folder_digest, load_tokenizer, model_problems, prepare_model
from collate.models.weights import AgentWeights
from collate.rounds import stages
from collate.scoring.model import positions_of, prepare_scorer
from collate.store.run_folder import RunFolder
from collate.store.run_weights import last_weights
from collate.tables import Answer, Metric, Question, digest, to_table
from collate.tasks import leaks, load_task

CHANGEABLE = ("task", "evaluation", "engine", "ray")
"""The sections of a run's settings that an evaluation may change."""
OF_ROUNDS = tuple(
    f"evaluation.{name}" for name in ("rounds", "cross_rationales", "answer_by", "reader")
)


def evaluate(path: Path, composed: Mapping[str, Any], overrides: Sequence[str]) -> int:
    """Evaluate the run at `path`. `composed` holds the values of the overrides; returns 0.

    Raises InputError where the overrides touch other settings, or the run has no finished round.
    """
    config = with_overrides(path, composed, overrides)
    offline_unless_asked([config])
    require_engine(config.engine.kind)
    if found := [*address_problems(config.ray.address), *model_problems(config.model)]:
        raise InputError.of(found)
    data = load_task(config.task)
    folder = RunFolder.existing(path)
    weights, round = last_weights(folder, config)
    model = prepare_model(config.model)
    if folder_digest(model) != folder.facts["identity"]["model"]:
        raise InputError(f"{model}: not the model that {path} began with; its files have changed")
    agents = make_agents(config)
    tokenizer = load_tokenizer(model, trust_remote_code=config.model.trust_remote_code)
    scorer = prepare_scorer(config, model) if config.evaluation.confidence else None
    apart = scorer.model if scorer is not None and scorer.model != model else None
    prompts = Prompts(config, agents, tokenizer, apart and load_tokenizer(apart))
    prompts.check_lengths(data.questions, scorer_positions=positions_of(apart) if apart else None)
    untouched = {a.name: AgentWeights.base(a.name) for a in agents}
    total = stages.answer_count(config, data.questions, len(agents))
    known = _learned(folder, data.questions)
    with screen_and_log(path / "log.txt") as screen:
        if known:
            screen.say(
                f"warning: {len(known):,} of the questions repeat, or nearly repeat, one that the "
                "agents learned from; what they get right there says little"
            )
        with Workers(config, model, learns=False) as workers:
            workers.turn_to(config, screen.say, scorer)

            def answers(label: str, number: int, of: Mapping[str, AgentWeights]) -> list[Answer]:
                with screen.stage(label, "answers", total) as tick:
                    blocks = stages.answer(
                        config, number, agents, of, data.questions, prompts, workers,
                        Loose(), tick,
                    )  # fmt: skip
                    made = [answer for rows in blocks for answer in rows]
                if not config.evaluation.confidence:
                    return made
                with screen.stage("confidence", "answers", len(made)) as tick:
                    return stages.with_confidence(
                        config, data.questions, made, prompts, workers, tick
                    )

            before = answers("the base", 0, untouched)
            base = stages.as_base(before)
            metrics = stages.metrics(config, 0, agents, data.questions, before, base)
            after = before
            if weights != untouched:
                after = answers(f"after round {round}", round, weights)
                metrics += stages.metrics(config, round, agents, data.questions, after, base)
        _keep(screen, path, config, weights, [*base, *after], metrics)
    return 0


def _learned(folder: RunFolder, questions: Sequence[Question]) -> set[str]:
    """Ids of the questions to be answered that repeat a training question of the run."""
    learned = [q for q in folder.rows("questions", Question) if q.split == "train"]
    kept = [q for q in questions if q.split != "train"]
    return {leak.held_out_id for leak in leaks([*learned, *kept])}


def with_overrides(path: Path, composed: Mapping[str, Any], overrides: Sequence[str]) -> RunConfig:
    """The run's settings with what the overrides set."""
    settings = yaml.safe_load((path / "config.yaml").read_text())
    for override in overrides:
        if override.startswith("-"):
            continue
        key = override.partition("=")[0].lstrip("+~")
        section, _, rest = key.partition(".")
        if section not in CHANGEABLE:
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
    if kept := masked_keys(settings):
        raise InputError(
            f"{path / 'config.yaml'}: the value of {', '.join(kept)} looked like a secret and was "
            "not kept; give it again on the command line"
        )
    return build(settings)


def _keep(
    screen: Screen,
    path: Path,
    config: RunConfig,
    weights: Mapping[str, AgentWeights],
    answers: Sequence[Answer],
    metrics: Sequence[Metric],
) -> None:
    text = yaml.safe_dump(
        masked({key: asdict(getattr(config, key)) for key in ("task", "evaluation", "engine")}),
        default_flow_style=True,
    )
    made_by = sorted(one.digest for one in weights.values())
    target = path / "evaluations" / f"{config.task.name}-{digest(text, *made_by, length=8)}"
    if target.exists():
        shutil.rmtree(target)
    with complete_folder(target) as unfinished:
        pq.write_table(to_table(Answer, answers), unfinished / "answers.parquet")
        pq.write_table(to_table(Metric, metrics), unfinished / "metrics.parquet")
        (unfinished / "settings.yaml").write_text(text)
    screen.say()
    screen.say(
        results_table(metrics, sorted({m.round for m in metrics}), width=screen.console.width)
    )
    screen.say(f"\ntables       {target}")
