"""A comparison of arms as rows, shown as a table, and kept as Parquet, Markdown and a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich import box
from rich.console import Group
from rich.table import Table

from collate.atomic import complete_file
from collate.evaluation.comparison import mean_over_seeds, paired_difference, seed_spread
from collate.evaluation.statistics import Difference

BASE, ONE_MODEL = "base", "one_model"


@dataclass(frozen=True)
class ArmRun:
    """One arm under one seed: whether its answers and the base's are right, and what it took.

    `right` and `base` are by the question's id; `solutions` says whether worked solutions of the
    data were learned from; tokens are whole numbers, seconds those of all stages; `diversity` is of
    the last round's rationales; `chance` is the accuracy of guessing, where it is known, and
    `base_validation` what the base has right of the validation questions.
    """

    arm: str
    seed: int
    right: Mapping[str, bool]
    base: Mapping[str, bool]
    solutions: bool
    generated_tokens: int
    tuned_tokens: int
    seconds: float
    diversity: Mapping[str, float]
    chance: float | None = None
    base_validation: float = 0.0


@dataclass(frozen=True)
class Row:
    """One arm over all seeds. Accuracies and differences are shares; intervals are 95 %.

    `gain` is the paired difference from the base, `over_one_model` that from the arm `one_model`
    (None where there is no such arm, and for itself). `solutions`: it learned from worked solutions
    of the data too, and not only from what the model wrote and the answers. Tokens and seconds are
    means over seeds.
    """

    arm: str
    seeds: int
    questions: int
    solutions: bool
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    spread: float
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    over_one_model: float | None
    over_one_model_low: float | None
    over_one_model_high: float | None
    generated_tokens: float
    tuned_tokens: float
    seconds: float
    distinct_answers: float | None
    disagreement: float | None
    chance: float | None


def comparison_rows(runs: Sequence[ArmRun], *, resamples: int) -> list[Row]:
    """A row for the base, then one for each arm, in the order in which they come.

    Each run has the base under the prompt of its agents that serves it best; of a seed's runs that
    base counts which is best on validation questions, whatever arm comes first.
    """
    names = list(dict.fromkeys(run.arm for run in runs))
    own = {name: [run for run in runs if run.arm == name] for name in names}
    right = {name: _by_seed(own[name], "right") for name in names}
    seeds = dict.fromkeys(run.seed for run in runs)
    best = [
        max((run for run in runs if run.seed == seed), key=lambda run: run.base_validation)
        for seed in seeds
    ]
    base = _by_seed(best, "base")
    rows = [_row(BASE, base, None, None, own[names[0]], resamples)]
    for name in names:
        rival = right.get(ONE_MODEL) if name != ONE_MODEL else None
        rows.append(_row(name, right[name], base, rival, own[name], resamples))
    return rows


def _by_seed(runs: Sequence[ArmRun], side: str) -> NDArray[np.float64]:
    """Right (1) or wrong (0), `_S_Q`: a row a seed, the questions in the order of their ids."""
    found = [getattr(run, side) for run in sorted(runs, key=lambda run: run.seed)]
    questions = sorted(found[0])
    if any(sorted(one) != questions for one in found):
        raise ValueError(f"the runs of {runs[0].arm} answered different questions")
    return np.array([[float(one[q]) for q in questions] for one in found])


def _row(
    arm: str,
    right_S_Q: NDArray[np.float64],
    base_S_Q: NDArray[np.float64] | None,
    rival_S_Q: NDArray[np.float64] | None,
    runs: Sequence[ArmRun],
    resamples: int,
) -> Row:
    own = mean_over_seeds(right_S_Q, resamples=resamples, seed=0)

    def over(reference_S_Q: NDArray[np.float64] | None) -> Difference | tuple[None, None, None]:
        if reference_S_Q is None:
            return None, None, None
        return paired_difference(right_S_Q, reference_S_Q, resamples=resamples, seed=0)

    spent = [] if arm == BASE else runs

    def average(values: Sequence[float]) -> float:
        return mean(values) if values else 0.0

    def diversity(name: str) -> float | None:
        found = [run.diversity[name] for run in spent if name in run.diversity]
        return mean(found) if found else None

    seeds, questions = right_S_Q.shape
    gain, gain_low, gain_high = over(base_S_Q)
    more, more_low, more_high = over(rival_S_Q)
    return Row(
        arm=arm, seeds=seeds, questions=questions, solutions=any(run.solutions for run in spent),
        accuracy=own.value, accuracy_low=own.low, accuracy_high=own.high,
        spread=seed_spread(right_S_Q),
        gain=gain, gain_low=gain_low, gain_high=gain_high,
        over_one_model=more, over_one_model_low=more_low, over_one_model_high=more_high,
        generated_tokens=average([run.generated_tokens for run in spent]),
        tuned_tokens=average([run.tuned_tokens for run in spent]),
        seconds=average([run.seconds for run in spent]),
        distinct_answers=diversity("distinct_answers"), disagreement=diversity("disagreement"),
        chance=runs[0].chance,
    )  # fmt: skip


_RESULT = ("arm", "accuracy %", "from the base", "from one_model")
_COST = ("spread", "solutions", "generated", "tuned", "min", "answers", "disagree")


def _result(row: Row) -> tuple[str, ...]:
    def points(value: float | None, low: float | None, high: float | None) -> str:
        if value is None or low is None or high is None:
            return ""
        return f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"

    return (
        row.arm,
        f"{100 * row.accuracy:.1f} [{100 * row.accuracy_low:.1f}, {100 * row.accuracy_high:.1f}]",
        points(row.gain, row.gain_low, row.gain_high),
        points(row.over_one_model, row.over_one_model_low, row.over_one_model_high),
    )


def _cost(row: Row) -> tuple[str, ...]:
    def number(value: float | None, form: str) -> str:
        return "" if value is None else format(value, form)

    if row.arm == BASE:
        return tuple("" for _ in _COST)
    return (
        f"{100 * row.spread:.1f}",
        "yes" if row.solutions else "no",
        f"{row.generated_tokens:,.0f}",
        f"{row.tuned_tokens:,.0f}",
        f"{row.seconds / 60:.1f}",
        number(row.distinct_answers, ".2f"),
        number(row.disagreement, ".2f"),
    )


def screen_tables(rows: Sequence[Row]) -> Group:
    """The rows for the screen: what came out above what it took, within 80 columns."""
    result, cost = _simple_table(_RESULT), _simple_table((_RESULT[0], *_COST))
    for row in rows:
        result.add_row(*_result(row))
        if row.arm != BASE:
            cost.add_row(row.arm, *_cost(row))
    result.title, cost.title = _caption(rows), f"\nEach arm, mean of its runs. {_LEGEND}"
    return Group(result, cost)


def _simple_table(columns: Sequence[str]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, title_justify="left", title_style="", pad_edge=False, show_edge=False,
        collapse_padding=True,
    )  # fmt: skip
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    return table


_LEGEND = (
    "Spread: standard deviation between seeds, in points; solutions: learned from the data's "
    "worked ones too; generated, tuned: tokens; answers: different ones a question, disagree: how "
    "often two agents differ, both in the last round's rationales"
)


def _caption(rows: Sequence[Row]) -> str:
    seeds = max(row.seeds for row in rows)
    chance = rows[0].chance
    return (
        f"Strict accuracy on {rows[0].questions:,} held-out questions, "
        f"{seeds} {'seed' if seeds == 1 else 'seeds'}; 95 % intervals over questions"
        f"{' and seeds' if seeds > 1 else ''}"
        + ("" if chance is None else f"; guessing gives {100 * chance:.1f} %")
    )


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table under a line that says what they are."""
    columns = (*_RESULT, *_COST)
    lines = [f"{_caption(rows)}. {_LEGEND}.", "", f"| {' | '.join(columns)} |"]
    lines.append("| --- " * len(columns) + "|")
    lines += [f"| {' | '.join((*_result(row), *_cost(row)))} |" for row in rows]
    return "\n".join(lines) + "\n"


def write_comparison(folder: Path, rows: Sequence[Row]) -> None:
    """Write `comparison.parquet`, `.md` and `.png` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = {item.name: [getattr(row, item.name) for row in rows] for item in fields(Row)}
    with complete_file(folder / "comparison.parquet") as unfinished:
        pq.write_table(pa.table(columns), unfinished)
    with complete_file(folder / "comparison.md") as unfinished:
        unfinished.write_text(markdown(rows))
    with complete_file(folder / "comparison.png") as unfinished:
        _plot(rows).savefig(unfinished, format="png", dpi=150, bbox_inches="tight")


def _plot(rows: Sequence[Row]) -> Any:
    """Accuracy of each arm with its interval, the base as a line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 0.5 * len(rows) + 1))
    axes = figure.subplots()
    arms = [row for row in rows if row.arm != BASE]
    for place, row in enumerate(reversed(arms)):
        own = Difference(row.accuracy, row.accuracy_low, row.accuracy_high)
        axes.plot([100 * own.low, 100 * own.high], [place, place], color="tab:blue")
        axes.plot(100 * own.value, place, "o", color="tab:blue")
    axes.axvline(100 * rows[0].accuracy, color="grey", linestyle="--", label="base")
    if rows[0].chance is not None:
        axes.axvline(100 * rows[0].chance, color="grey", linestyle=":", label="chance")
    axes.set_yticks(range(len(arms)), [row.arm for row in reversed(arms)])
    axes.set_xlabel("strict accuracy on held-out questions, %")
    axes.legend(loc="lower right")
    return figure
