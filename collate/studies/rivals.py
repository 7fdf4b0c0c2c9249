"""A comparison of arms: from finished runs to rows, and the rows as tables, Parquet and a plot.

An arm is a run with its settings, repeated under several seeds; all runs answer the same held-out
questions. `collate compare` carries out the runs, `evaluation/comparison.py` has the statistics.
"""

from collections.abc import Callable, Mapping, Sequence
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
from collate.evaluation.subjects import BASE

ONE_MODEL = "one_model"
"""The arm that the others are also measured against: one model instead of several."""

NO_DIFFERENCE = (None, None, None)

BOOTSTRAP_SEED = 0
"""The same for every comparison, so that the same runs give the same intervals."""


@dataclass(frozen=True)
class ArmRun:
    """One arm under one seed: whether its answers and the base's are right, and what it took.

    `right` and `base` are by the question's id; `solutions` says whether worked solutions of the
    data were learned from; tokens are whole numbers, seconds those of all stages; `diversity` is of
    the last round's rationales; `chance` is the accuracy of guessing, where it is known, and
    `base_validation` the base's accuracy on the validation questions.
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
class ComparisonRow:
    """One arm over all seeds. Accuracies and differences are shares; intervals are 95 %.

    `gain` is the paired difference from the base, `over_one_model` that from the arm `one_model`
    (None where there is no such arm, and for itself). `spread` is the standard deviation of
    accuracy between seeds. `solutions`: it learned from worked solutions of the data too, and not
    only from what the model wrote and the answers. Tokens and seconds are means over seeds.
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


# From runs to rows --------------------------------------------------------------------------------


def comparison_rows(runs: Sequence[ArmRun], *, resamples: int) -> list[ComparisonRow]:
    """A row for the base, then one for each arm, in the order in which they come.

    Each run has the base under the prompt of its agents that serves it best; of a seed's runs that
    base counts which is best on validation questions, whichever arm it was measured in. Raises
    ValueError where runs answered different questions.
    """
    runs_by_arm: dict[str, list[ArmRun]] = {}
    runs_by_seed: dict[int, list[ArmRun]] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        runs_by_seed.setdefault(run.seed, []).append(run)
    # Not sorted: the arms keep the order in which the comparison names them.
    for run in runs:
        runs_by_arm.setdefault(run.arm, []).append(run)
    best_base_runs = []
    for runs_of_seed in runs_by_seed.values():
        # Between equals the first arm's counts, as the runs come.
        best_base_runs.append(max(runs_of_seed, key=lambda run: run.base_validation))
    base_S_Q = _right_by_seed(best_base_runs, lambda run: run.base)
    right_by_arm = {
        arm: _right_by_seed(arm_runs, lambda run: run.right)
        for arm, arm_runs in runs_by_arm.items()
    }
    chance = runs[0].chance
    # The base took nothing, so that its row has no runs.
    rows = [_comparison_row(BASE, base_S_Q, [], resamples, chance=chance)]
    for arm, right_S_Q in right_by_arm.items():
        one_model_S_Q = right_by_arm.get(ONE_MODEL) if arm != ONE_MODEL else None
        row = _comparison_row(
            arm, right_S_Q, runs_by_arm[arm], resamples,
            base_S_Q=base_S_Q, one_model_S_Q=one_model_S_Q, chance=runs_by_arm[arm][0].chance,
        )  # fmt: skip
        rows.append(row)
    return rows


def _right_by_seed(
    runs: Sequence[ArmRun], right_of: Callable[[ArmRun], Mapping[str, bool]]
) -> NDArray[np.float64]:
    """Right (1) or wrong (0), `_S_Q`: a row a seed, the questions in the order of their ids."""
    # Rows in the order of the seeds make the resampling, and so the interval, reproducible.
    right_by_run = [right_of(run) for run in sorted(runs, key=lambda run: run.seed)]
    question_ids = sorted(right_by_run[0])
    for right_by_question in right_by_run:
        # The differences are paired by question, which needs the same columns in every row.
        if sorted(right_by_question) != question_ids:
            raise ValueError(f"the runs of {runs[0].arm} answered different questions")
    right_S_Q = []
    for right_by_question in right_by_run:
        right_S_Q.append([right_by_question[question_id] for question_id in question_ids])
    return np.array(right_S_Q, dtype=np.float64)


def _comparison_row(
    arm: str,
    right_S_Q: NDArray[np.float64],
    runs: Sequence[ArmRun],
    resamples: int,
    *,
    base_S_Q: NDArray[np.float64] | None = None,
    one_model_S_Q: NDArray[np.float64] | None = None,
    chance: float | None,
) -> ComparisonRow:
    """The row of an arm; of the base where there are no `runs` that took anything."""
    accuracy = mean_over_seeds(right_S_Q, resamples=resamples, seed=BOOTSTRAP_SEED)

    def difference_from(
        reference_S_Q: NDArray[np.float64] | None,
    ) -> tuple[float | None, float | None, float | None]:
        if reference_S_Q is None:
            return NO_DIFFERENCE
        return paired_difference(right_S_Q, reference_S_Q, resamples=resamples, seed=BOOTSTRAP_SEED)

    n_seeds, n_questions = right_S_Q.shape
    gain, gain_low, gain_high = difference_from(base_S_Q)
    over_one_model, over_low, over_high = difference_from(one_model_S_Q)
    return ComparisonRow(
        arm=arm, seeds=n_seeds, questions=n_questions, solutions=any(run.solutions for run in runs),
        accuracy=accuracy.value, accuracy_low=accuracy.low, accuracy_high=accuracy.high,
        spread=seed_spread(right_S_Q),
        gain=gain, gain_low=gain_low, gain_high=gain_high,
        over_one_model=over_one_model, over_one_model_low=over_low, over_one_model_high=over_high,
        generated_tokens=mean(run.generated_tokens for run in runs) if runs else 0.0,
        tuned_tokens=mean(run.tuned_tokens for run in runs) if runs else 0.0,
        seconds=mean(run.seconds for run in runs) if runs else 0.0,
        distinct_answers=_mean_diversity(runs, "distinct_answers"),
        disagreement=_mean_diversity(runs, "disagreement"),
        chance=chance,
    )  # fmt: skip


def _mean_diversity(runs: Sequence[ArmRun], name: str) -> float | None:
    """The mean of a measure over the runs that have it; None where none has."""
    measured_values = [run.diversity[name] for run in runs if name in run.diversity]
    return mean(measured_values) if measured_values else None


# Rows as tables -----------------------------------------------------------------------------------

_RESULT_COLUMNS = ("arm", "accuracy %", "from the base", "from one_model")
_COST_COLUMNS = ("spread", "solutions", "generated", "tuned", "min", "answers", "disagree")
_LEGEND = (
    "Spread: standard deviation of accuracy between seeds, in points; solutions: the data's worked "
    "solutions were learned from; generated, tuned: tokens; min: minutes; answers: different "
    "answers per question, disagree: share of questions on which agents disagree, both in the last "
    "round's rationales"
)


def screen_tables(rows: Sequence[ComparisonRow]) -> Group:
    """The rows for the screen: the results above what they took, within 80 columns."""
    result_table = _simple_table(_RESULT_COLUMNS)
    cost_table = _simple_table((_RESULT_COLUMNS[0], *_COST_COLUMNS))
    for row in rows:
        result_table.add_row(*_result_cells(row))
        if row.arm != BASE:  # which took nothing
            cost_table.add_row(row.arm, *_cost_cells(row))
    result_table.title = _caption(rows)
    cost_table.title = f"\nEach arm, mean of its runs. {_LEGEND}"
    return Group(result_table, cost_table)


def markdown_table(rows: Sequence[ComparisonRow]) -> str:
    """The rows as a Markdown table under a line that says what they are."""
    columns = (*_RESULT_COLUMNS, *_COST_COLUMNS)
    table_lines = [f"{_caption(rows)}. {_LEGEND}.", "", f"| {' | '.join(columns)} |"]
    table_lines.append("| --- " * len(columns) + "|")
    for row in rows:
        table_lines.append(f"| {' | '.join((*_result_cells(row), *_cost_cells(row)))} |")
    return "\n".join(table_lines) + "\n"


def write_comparison(folder: Path, rows: Sequence[ComparisonRow]) -> None:
    """Write `comparison.parquet`, `.md` and `.png` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    field_names = [column_field.name for column_field in fields(ComparisonRow)]
    columns = {}
    for name in field_names:
        columns[name] = [getattr(row, name) for row in rows]
    with complete_file(folder / "comparison.parquet") as unfinished:
        pq.write_table(pa.table(columns), unfinished)
    with complete_file(folder / "comparison.md") as unfinished:
        unfinished.write_text(markdown_table(rows), encoding="utf-8")
    with complete_file(folder / "comparison.png") as unfinished:
        _accuracy_plot(rows).savefig(unfinished, format="png", dpi=150, bbox_inches="tight")


def _simple_table(columns: Sequence[str]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, title_justify="left", title_style="", pad_edge=False, show_edge=False,
        collapse_padding=True,
    )  # fmt: skip
    for position, column_name in enumerate(columns):
        table.add_column(column_name, justify="right" if position else "left", no_wrap=True)
    return table


def _result_cells(row: ComparisonRow) -> tuple[str, ...]:
    return (
        row.arm,
        f"{100 * row.accuracy:.1f} [{100 * row.accuracy_low:.1f}, {100 * row.accuracy_high:.1f}]",
        _points_text(row.gain, row.gain_low, row.gain_high),
        _points_text(row.over_one_model, row.over_one_model_low, row.over_one_model_high),
    )


def _cost_cells(row: ComparisonRow) -> tuple[str, ...]:
    if row.arm == BASE:  # the columns must still be there in Markdown
        return ("",) * len(_COST_COLUMNS)
    return (
        f"{100 * row.spread:.1f}",
        "yes" if row.solutions else "no",
        f"{row.generated_tokens:,.0f}",
        f"{row.tuned_tokens:,.0f}",
        f"{row.seconds / 60:.1f}",
        _two_decimals(row.distinct_answers),
        _two_decimals(row.disagreement),
    )


def _points_text(value: float | None, low: float | None, high: float | None) -> str:
    """`+4.1 [+1.2, +7.0]`, in points; empty where there is nothing to compare with."""
    if value is None or low is None or high is None:
        return ""
    return f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def _two_decimals(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _caption(rows: Sequence[ComparisonRow]) -> str:
    seeds = max(row.seeds for row in rows)
    # One seed says nothing of how another training run would have come out.
    interval_source = "questions and seeds" if seeds > 1 else "questions, of these runs only"
    caption = (
        f"Strict accuracy on {rows[0].questions:,} held-out questions, "
        f"{seeds} {'seed' if seeds == 1 else 'seeds'}; 95 % intervals over {interval_source}"
    )
    chance = rows[0].chance
    return caption if chance is None else f"{caption}; guessing gives {100 * chance:.1f} %"


def _accuracy_plot(rows: Sequence[ComparisonRow]) -> Any:
    """Accuracy of each arm with its interval, the base and chance as lines."""
    from matplotlib.figure import Figure

    base_row, *arm_rows = rows
    figure = Figure(figsize=(7, 0.5 * len(rows) + 1))
    axes = figure.subplots()
    arm_rows.reverse()  # the first arm on top
    for height, arm_row in enumerate(arm_rows):
        interval = [100 * arm_row.accuracy_low, 100 * arm_row.accuracy_high]
        axes.plot(interval, [height, height], color="tab:blue")
        axes.plot(100 * arm_row.accuracy, height, "o", color="tab:blue")
    axes.axvline(100 * base_row.accuracy, color="grey", linestyle="--", label="base")
    if base_row.chance is not None:
        axes.axvline(100 * base_row.chance, color="grey", linestyle=":", label="chance")
    axes.set_yticks(range(len(arm_rows)), [arm_row.arm for arm_row in arm_rows])
    axes.set_xlabel("strict accuracy on held-out questions, %")
    axes.legend(loc="lower right")
    return figure
