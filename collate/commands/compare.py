"""Rivals on the same questions under one budget: every arm a run for each seed, then one table.

    collate compare base=quickstart arms=[collate,one_model,rft] seeds=3

An arm is a preset of `conf/experiment` put on the base's preset. The first arm runs as its settings
say; the others get, seed by seed, the budget that it spent: as many generated tokens, and as many
tuned ones. Arms are ordinary runs below `<folder>/<name>/`, so that the same command continues
after a kill, and each can be read by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from collate.cluster.workers import Workers
from collate.commands.preflight import preflight
from collate.config.arms import Comparison
from collate.config.schema import BudgetConfig, RunConfig
from collate.errors import InputError
from collate.evaluation.comparison import detectable_difference
from collate.evaluation.headline import headline
from collate.evaluation.metrics import AGENTS, BASE, CHANCE
from collate.models import prepare_model
from collate.pairs import needs_gold
from collate.rounds import budget
from collate.rounds.loop import run
from collate.rounds.warmup import warmup_run
from collate.store.run_folder import RunFolder
from collate.studies.rivals import ArmRun, comparison_rows, screen_tables, write_comparison
from collate.tables import Metric

CORRELATION = 0.5
"""Of two runs' answers to one question, assumed beforehand: what arms of one model usually have."""


@dataclass(frozen=True)
class Arm:
    """A rival: its name, and its settings under each seed."""

    name: str
    runs: Sequence[RunConfig]


def compare(arms: Sequence[Arm], place: Path, console: Console) -> Path:
    """Carry out or continue all arms and compare them; returns the folder of the comparison.

    Raises InputError, before anything is started, where an arm's request cannot be met.
    """
    data = [preflight(config, settled=False) for arm in arms for config in arm.runs]
    questions = data[0].count("test")
    if found := [problem for arm in arms for problem in _problems(arm, questions)]:
        raise InputError.of(found)
    console.print(_power(questions, len(arms[0].runs)), highlight=False)
    done: list[ArmRun] = []
    spent: dict[int, BudgetConfig] = {}
    with SharedWorkers() as workers:
        for number in range(len(arms[0].runs)):
            for arm in arms:
                config = arm.runs[number]
                if arm is not arms[0]:
                    config = replace(config, budget=_filled(config.budget, spent[number]))
                console.rule(f"{arm.name}, seed {config.seed}", align="left")
                folder = RunFolder.existing(run(config, workers.of(config)))
                done.append(_read(arm.name, config, folder))
                spent.setdefault(number, _spent(done[-1]))
    rows = comparison_rows(done, resamples=arms[0].runs[0].evaluation.bootstrap)
    write_comparison(place, rows)
    console.print(screen_tables(rows))
    console.print(f"\ntables       {place}/comparison.parquet, .md, .png", highlight=False)
    return place


class SharedWorkers:
    """Workers for one run after the other, the same ones where the runs can share them."""

    def __init__(self) -> None:
        self._workers: Workers | None = None

    def __enter__(self) -> "SharedWorkers":
        return self

    def __exit__(self, *_: object) -> None:
        if self._workers is not None:
            self._workers.__exit__(None, None, None)

    def of(self, config: RunConfig) -> Workers:
        """Workers that serve this run; those that there are, if they can."""
        if self._workers is not None and self._workers.serve(config):
            return self._workers
        self.__exit__()
        self._workers = Workers(config, prepare_model(config.model)).__enter__()
        return self._workers


def _power(questions: int, seeds: int) -> str:
    """What the numbers of questions and seeds can detect, said before anything runs."""
    least = detectable_difference(
        n_questions=questions, n_seeds=seeds, base_accuracy=0.3, correlation=CORRELATION
    )
    return (
        f"{questions:,} held-out questions, {seeds} {'seed' if seeds == 1 else 'seeds'}: a "
        f"difference of {100 * least:.1f} points between two arms is found four times out of five "
        f"(at an accuracy of 30 %, answers correlated by {CORRELATION:g}, training runs alike; "
        "where they are not, it takes more)"
    )


def _read(arm: str, config: RunConfig, folder: RunFolder) -> ArmRun:
    right, base = headline(folder, config)
    spent = budget.spent(folder) + budget.spent_on_warmup(config)
    first: list[Metric] = folder.rows("round-00/metrics", Metric)
    rows: list[Metric] = []
    for round in range(1, config.rounds + 1):  # the last round's stay
        rows = folder.rows(f"{folder.round(round).name}/measures", Metric) or rows
    return ArmRun(
        arm=arm,
        seed=config.seed,
        right=right,
        base=base,
        solutions=any(needs_gold(one.pairs) for one in (config, warmup_run(config)) if one),
        generated_tokens=spent.generated,
        tuned_tokens=spent.tuned,
        seconds=spent.seconds,
        diversity={row.name: row.value for row in rows if row.agent == AGENTS},
        chance=next((m.value for m in first if (m.agent, m.split) == (CHANCE, "test")), None),
        base_validation=next(
            m.value for m in first if (m.agent, m.split, m.name) == (BASE, "validation", "accuracy")
        ),
    )


def _spent(first: ArmRun) -> BudgetConfig:
    return BudgetConfig(
        generated_tokens=first.generated_tokens or None, tuned_tokens=first.tuned_tokens or None
    )


def _filled(given: BudgetConfig, spent: BudgetConfig) -> BudgetConfig:
    """The budget that is given; what it leaves open is as much as the first arm spent."""
    return replace(
        given,
        generated_tokens=given.generated_tokens or spent.generated_tokens,
        tuned_tokens=given.tuned_tokens or spent.tuned_tokens,
    )


def _problems(arm: Arm, questions: int) -> list[str]:
    """What would leave an arm without an answer to each of the held-out questions."""
    evaluation = arm.runs[0].evaluation
    if evaluation.rounds == "none":
        return [f"evaluation.rounds=none: {arm.name} would not be measured; use last or all"]
    if evaluation.answer_by == "samples" and evaluation.sampled_questions < questions:
        return [
            f"evaluation.sampled_questions={evaluation.sampled_questions}: {arm.name} answers by "
            f"samples, so all {questions} held-out questions have to be sampled"
        ]
    return []


def arms_of(asked: Comparison) -> list[Arm]:
    """The arms, each run below the comparison's folder."""
    return [
        Arm(
            name,
            [
                replace(asked.settings[name, seed], folder=asked.place, name=f"{name}-seed-{seed}")
                for seed in range(asked.seeds)
            ],
        )
        for name in asked.arms
    ]
