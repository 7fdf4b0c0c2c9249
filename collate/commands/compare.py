"""`collate compare`: rivals on the same questions under one budget, then one table.

    collate compare base=quickstart arms=[collate,one_model,rft] seeds=3

An arm is a preset of `conf/experiment` put on the base's preset, and a run for each seed. The first
arm runs as its settings say; the others get, seed by seed, the budget that it spent: as many
generated tokens, and as many tuned ones. Arms are ordinary runs below `<folder>/<name>/`, so that
the same command continues after a kill, and each can be read by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from collate.cluster.workers import Workers
from collate.commands.arguments import read_options
from collate.commands.preflight import preflight, refuse_links
from collate.commands.run import run
from collate.config.arms import Comparison, read_comparison
from collate.config.offline import offline_unless_named
from collate.config.schema import BudgetConfig, RunConfig
from collate.console.summary import answers_of_run
from collate.console.terminal import say
from collate.errors import InputError
from collate.evaluation.comparison import detectable_difference
from collate.evaluation.statistics import BOOTSTRAP_RESAMPLES
from collate.evaluation.subjects import AGENTS, BASE, CHANCE
from collate.pairs.conditions import needs_gold
from collate.rounds import budget
from collate.rounds.warmup import warmup_run
from collate.store.resolve import plain_folder, resolve_model
from collate.store.run_folder import RunFolder
from collate.studies.rivals import ArmRun, comparison_rows, screen_tables, write_comparison
from collate.tables import Metric

ASSUMED_CORRELATION = 0.5
"""Of two runs' answers to one question, assumed beforehand: what arms of one model usually have."""


@dataclass(frozen=True)
class Arm:
    """A rival: its name, and its settings under each seed."""

    name: str
    runs: Sequence[RunConfig]


def compare(arguments: Sequence[str]) -> Path:
    """Carry out the comparison that a command line asks for; returns its folder.

    Raises InputError, before anything is started, where it cannot be carried out.
    """
    options = read_options(arguments)
    if options.help or options.cfg or options.multirun:
        raise InputError(
            "collate compare takes base=, arms=[...], seeds=, name=, and settings for all arms; "
            "collate run --help lists those"
        )
    comparison = read_comparison(options.overrides, [Path(f) for f in options.config_dir])
    offline_unless_named(list(comparison.settings.values()))
    console = Console()
    for text in comparison.replaced:
        say(console, f"warning: {text}")
    return compare_arms(arms_of(comparison), Path(comparison.folder), console)


def arms_of(comparison: Comparison) -> list[Arm]:
    """The arms, each run below the comparison's folder."""
    arms = []
    for name in comparison.arms:
        runs = []
        for seed in range(comparison.seeds):
            settings = comparison.settings[name, seed]
            runs.append(replace(settings, folder=comparison.folder, name=f"{name}-seed-{seed}"))
        arms.append(Arm(name, runs))
    return arms


def compare_arms(arms: Sequence[Arm], folder: Path, console: Console) -> Path:
    """Carry out or continue all arms and compare them; returns the folder of the comparison."""
    refuse_links(folder)
    data = [preflight(config, budget_is_set=False) for arm in arms for config in arm.runs]
    if problems := [problem for arm in arms for problem in _problems(arm)]:
        raise InputError.of(problems)
    seeds = len(arms[0].runs)
    console.print(_power_text(data[0].count("test"), seeds), highlight=False)
    results: list[ArmRun] = []
    spent_by_first: dict[int, BudgetConfig] = {}
    with SharedWorkers() as workers:
        for seed in range(seeds):
            for arm in arms:
                config = arm.runs[seed]
                if arm is not arms[0]:
                    config = replace(config, budget=_filled(config.budget, spent_by_first[seed]))
                console.rule(f"{arm.name}, seed {config.seed}", align="left")
                store = RunFolder.existing(run(config, workers.serving(config)))
                results.append(_result(arm.name, config, store))
                spent_by_first.setdefault(seed, _budget_spent(results[-1]))
    rows = comparison_rows(results, resamples=BOOTSTRAP_RESAMPLES)
    write_comparison(folder, rows)
    console.print(screen_tables(rows))
    say(console, f"\ntables       {folder}/comparison.parquet, .md, .png")
    return folder


class SharedWorkers:
    """Workers for one run after the other, the same ones where the runs can share them."""

    def __init__(self) -> None:
        self._workers: Workers | None = None

    def __enter__(self) -> "SharedWorkers":
        return self

    def __exit__(self, *_: object) -> None:
        if self._workers is not None:
            self._workers.__exit__(None, None, None)

    def serving(self, config: RunConfig) -> Workers:
        """Workers that serve this run; those that there are, if they can."""
        if self._workers is not None and self._workers.can_serve(config):
            return self._workers
        self.__exit__()
        trust = config.model.trust_remote_code
        base = plain_folder(resolve_model(config.model.name, trust_remote_code=trust))
        self._workers = Workers(config, base).__enter__()
        return self._workers


def _power_text(questions: int, seeds: int) -> str:
    """What the numbers of questions and seeds can detect, said before anything runs."""
    least = detectable_difference(
        n_questions=questions, n_seeds=seeds, base_accuracy=0.3, correlation=ASSUMED_CORRELATION
    )
    return (
        f"{questions:,} held-out questions, {seeds} {'seed' if seeds == 1 else 'seeds'}: a "
        f"difference of {100 * least:.1f} points between two arms is found four times out of five "
        f"(at an accuracy of 30 %, answers correlated by {ASSUMED_CORRELATION:g}, and training "
        "runs that differ by the seed alone no more than their answers do; else it takes more)"
    )


def _result(arm: str, config: RunConfig, store: RunFolder) -> ArmRun:
    """What the comparison needs of a finished run."""
    right, base = answers_of_run(config, store)
    spent = budget.spent_by_run(store) + budget.spent_on_warmup(config)
    before: list[Metric] = store.rows("round-00/metrics", Metric)
    diagnostics: list[Metric] = []
    for round in range(1, config.rounds + 1):  # those of the last round that has any stay
        name = f"{store.round(round).name}/diagnostics"
        diagnostics = store.rows(name, Metric) or diagnostics
    chance = [m.value for m in before if (m.model, m.split) == (CHANCE, "test")]
    warmup = warmup_run(config)
    return ArmRun(
        arm=arm,
        seed=config.seed,
        right=right,
        base=base,
        solutions=needs_gold(config.pairs) or (warmup is not None and needs_gold(warmup.pairs)),
        generated_tokens=spent.generated,
        tuned_tokens=spent.tuned,
        seconds=spent.seconds,
        diversity={row.name: row.value for row in diagnostics if row.model == AGENTS},
        chance=chance[0] if chance else None,
        base_validation=next(
            m.value
            for m in before
            if (m.model, m.split, m.name) == (BASE, "validation", "accuracy")
        ),
    )


def _budget_spent(first: ArmRun) -> BudgetConfig:
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


def _problems(arm: Arm) -> list[str]:
    """What would leave an arm without an answer to each of the held-out questions."""
    if arm.runs[0].evaluation.rounds == "none":
        return [f"evaluation.rounds=none: {arm.name} would not be measured; use last or all"]
    return []
