"""What the command line shows at the end of a run: the results, and one preference side by side.

Both read well at 80 columns and without a terminal: nothing is said by colour alone, and model
text is printed as text, never as markup.
"""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from collate.console.results import (
    ResultRow,
    Results,
    collect_results,
    percent,
    percent_interval,
    points,
    points_interval,
    round_label,
    sign_outside_zero,
)
from collate.console.text import one_line, visible
from collate.evaluation.subjects import BASE, VOTES
from collate.tables import Metric, Preference, Question, Rationale, Score

LONGEST_TEXT = 1500
"""Characters of a question or rationale that are shown."""

# Columns of the screen: what a name has at least, and what the numbers of one model take.
_SHORTEST_NAME, _WIDTH_OF_NUMBERS = 16, 56
_COLOURS = {1: "green", 0: "", -1: "red"}
_SPLITS = {"test": "held-out", "validation": "validation"}


def results_table(
    metrics: Sequence[Metric],
    rounds: Sequence[int],
    *,
    split: str = "test",
    width: int = 80,
    chance: float | None = None,
    one_model: bool = False,
) -> Table:
    """Strict accuracy of the base, each agent and the votes, before tuning and after each round.

    A line for chance is on top where `chance` or the metrics know it. `width` is the number of
    columns to fill. Each cell is on one line where that fits, else on two; where even that does not
    fit, the rounds in the middle are left out, and the caption says so. With `one_model` the
    metrics are of a model that was measured without a run, which has neither rounds nor a best
    agent. Raises ValueError where nothing was measured on the split.
    """
    results = collect_results(metrics, rounds, split, chance)
    if one_model:
        return _table_of_model(results, width)
    table = _table_of_rounds(results, results.rounds, " ")
    # The first round and the latest ones say most, so the others go first.
    for latest in range(len(results.rounds) - 1, 0, -1):
        if _natural_width(table) <= width:
            break
        shown_rounds = [results.rounds[0], *results.rounds[-latest:]]
        table = _table_of_rounds(results, shown_rounds, "\n")
    return table


def side_by_side(
    preference: Preference,
    chosen: Rationale,
    rejected: Rationale,
    question: Question,
    scores: Mapping[str, Score],
) -> RenderableType:
    """One preference under its question: chosen rationale on the left, rejected on the right.

    `scores` is by rationale id; a rationale without a score is shown without verdict.
    """
    heading = Text(visible(question.text, LONGEST_TEXT))
    heading.append(f"\ngold answer: {one_line(question.gold)}", style="bold")
    sides = Table.grid(expand=True, padding=(0, 1))
    sides.add_column(ratio=1)
    sides.add_column(ratio=1)
    sides.add_row(
        _rationale_panel("chosen", chosen, scores.get(chosen.id), "green"),
        _rationale_panel("rejected", rejected, scores.get(rejected.id), "red"),
    )
    title = Text(
        f"one preference of {preference.agent}: rule {preference.rule}, "
        f"margin {preference.margin:.3f}"
    )
    return Group(Panel(heading, title=title, title_align="left", border_style="dim"), sides)


def _natural_width(table: Table) -> int:
    """Columns that a table needs so that nothing in it is folded."""
    console = Console(width=10_000)
    return Measurement.get(console, console.options, table).maximum


def _table_of_rounds(results: Results, shown_rounds: Sequence[int], separator: str) -> Table:
    """The results of the rounds shown; `separator` is between a value and its interval."""
    table = _empty_table(results, _caption(results, shown_rounds))
    for round in shown_rounds:
        label = round_label(round).replace("after ", f"after{separator}")
        table.add_column(label, justify="right", no_wrap=True)
    table.add_column(f"gain,{separator}points", justify="right", no_wrap=True)
    table.add_column("lenient", justify="right", no_wrap=True)
    for row in results.rows:
        # A line below the base, and one above the votes.
        if row.model == VOTES[0]:
            table.add_section()
        shown_name = one_line(row.model, _SHORTEST_NAME)
        name_cell = Text(f"{shown_name} *", style="bold") if row.best else Text(shown_name)
        cells = [name_cell, *_number_cells(row, shown_rounds, separator)]
        table.add_row(*cells, end_section=row.model == BASE)
    return table


def _table_of_model(results: Results, width: int) -> Table:
    """The results of one model, beside its base where it has another one."""
    is_compared = any(row.gain is not None for row in results.rows)
    lines = ["lenient: right answer found anywhere in the text"]
    if is_compared:
        lines.insert(0, "gain: paired difference from the base on the same questions")
    table = _empty_table(results, Text("\n".join(lines), style="dim"))
    table.min_width = min(width, max(len(line) for line in (str(table.title), *lines)))
    for label in ("accuracy", *(("gain, points",) if is_compared else ()), "lenient"):
        table.add_column(label, justify="right", no_wrap=True)
    for row in results.rows:
        accuracy, gain, lenient = _number_cells(row, results.rounds, " ")
        shown_cells = (accuracy, gain, lenient) if is_compared else (accuracy, lenient)
        shown_name = one_line(row.model, max(_SHORTEST_NAME, width - _WIDTH_OF_NUMBERS))
        table.add_row(Text(shown_name), *shown_cells, end_section=row.model == BASE)
    return table


def _empty_table(results: Results, caption: Text) -> Table:
    """A table with the results' title and the column of names."""
    split = _SPLITS.get(results.split, results.split)
    table = Table(
        title=Text(
            f"Strict accuracy on {results.n} {split} questions, 95 % intervals", style="bold"
        ),
        caption=caption,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        collapse_padding=True,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("", no_wrap=True)
    return table


def _number_cells(row: ResultRow, rounds: Sequence[int], separator: str) -> list[Text]:
    """Accuracy of each round, gain and lenient accuracy of the last."""
    cells = []
    for round in rounds:
        metric = row.accuracy.get(round)
        accuracy_cell = Text("" if metric is None else percent(metric))
        if metric is not None and metric.low is not None:
            accuracy_cell.append(separator + percent_interval(metric), style="dim")
        cells.append(accuracy_cell)
    gain_cell = Text("")
    if row.gain is not None:
        gain_cell = Text(points(row.gain), style=_COLOURS[sign_outside_zero(row.gain)])
        gain_cell.append(separator + points_interval(row.gain), style="dim")
    return [*cells, gain_cell, Text("" if row.lenient is None else percent(row.lenient))]


def _caption(results: Results, shown_rounds: Sequence[int]) -> Text:
    after = f"after round {results.last}" if results.last else "before tuning"
    lines = []
    if results.best is not None:
        lines.append(f"* best agent by validation accuracy {after}")
    lines.append(f"gain: paired difference from the base on the same questions, {after}")
    lines.append(f"lenient: right answer found anywhere in the text, {after}")
    left_out = [str(round) for round in results.rounds if round not in shown_rounds]
    if left_out:
        lines.append(f"rounds left out for lack of room: {', '.join(left_out)}")
    return Text("\n".join(lines), style="dim")


def _rationale_panel(role: str, rationale: Rationale, score: Score | None, colour: str) -> Panel:
    fact_texts = [] if score is None else [score.verdict]
    if score is not None and score.likelihood is not None:
        fact_texts.append(f"likelihood {score.likelihood:.3f}")
    fact_texts.append(f"{len(rationale.token_ids)} tokens")
    body = Text(", ".join(fact_texts), style="italic")
    body.append("\n\n" + visible(rationale.text.strip(), LONGEST_TEXT), style="not italic")
    return Panel(
        body,
        title=Text(f"{role}: {one_line(rationale.writer, 24)}", style=colour),
        title_align="left",
        border_style=colour,
    )
