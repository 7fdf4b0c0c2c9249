"""What the command line shows at the end of a run: the results, and one pair side by side.

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
    clear_of_zero,
    collect,
    percent,
    percent_interval,
    points,
    points_interval,
    round_label,
)
from collate.console.text import one_line, visible
from collate.evaluation.metrics import BASE
from collate.evaluation.votes import VOTES
from collate.tables import Metric, Pair, Question, Rationale, Score

_COLOURS = {1: "green", 0: "", -1: "red"}
_SPLITS = {"test": "held-out", "validation": "validation"}


def results_table(
    metrics: Sequence[Metric],
    rounds: Sequence[int],
    *,
    split: str = "test",
    width: int = 80,
    chance: float | None = None,
) -> Table:
    """Strict accuracy of the base, each agent and the votes, before tuning and after each round.

    A line for chance stands above them where `chance` or the metrics know it. `width` is the number
    of columns there are to fill. Cells stand on one line where that fits, on two where not; where
    even that does not fit, the rounds in the middle are left out, and the caption says so. Raises
    ValueError where nothing was measured on the split.
    """
    results = collect(metrics, rounds, split, chance)
    table = _table(results, results.rounds, " ")
    # The first and the latest rounds say most.
    for latest in range(len(results.rounds) - 1, 0, -1):
        if _width(table) <= width:
            break
        table = _table(results, [results.rounds[0], *results.rounds[-latest:]], "\n")
    return table


def side_by_side(
    pair: Pair,
    chosen: Rationale,
    rejected: Rationale,
    question: Question,
    scores: Mapping[str, Score],
) -> RenderableType:
    """One pair under its question: the chosen rationale on the left, the rejected on the right.

    `scores` is by rationale id; a rationale without a score is shown without verdict.
    """
    asked = Text(visible(question.text, 1500))
    asked.append(f"\ngold answer: {one_line(question.gold)}", style="bold")
    sides = Table.grid(expand=True, padding=(0, 1))
    sides.add_column(ratio=1)
    sides.add_column(ratio=1)
    sides.add_row(
        _rationale_panel("chosen", chosen, scores.get(chosen.id), "green"),
        _rationale_panel("rejected", rejected, scores.get(rejected.id), "red"),
    )
    title = Text(f"one pair for {pair.agent}: rule {pair.rule}, margin {pair.margin:.3f}")
    return Group(Panel(asked, title=title, title_align="left", border_style="dim"), sides)


def _width(table: Table) -> int:
    """Columns that a table needs so that nothing in it is folded."""
    console = Console(width=10_000)
    return Measurement.get(console, console.options, table).maximum


def _table(results: Results, shown: Sequence[int], between: str) -> Table:
    """The results of the rounds shown; `between` stands between a value and its interval."""
    table = Table(
        title=Text(
            f"Strict accuracy on {results.n} {_SPLITS.get(results.split, results.split)} "
            "questions, 95 % intervals",
            style="bold",
        ),
        caption=_caption(results, shown),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        collapse_padding=True,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("", no_wrap=True)
    for number in shown:
        label = round_label(number).replace("after ", f"after{between}")
        table.add_column(label, justify="right", no_wrap=True)
    table.add_column(f"gain,{between}points", justify="right", no_wrap=True)
    table.add_column("lenient", justify="right", no_wrap=True)
    for row in results.rows:
        # The base stands apart above, the votes apart below.
        if row.agent == VOTES[0]:
            table.add_section()
        table.add_row(*_cells(row, shown, between), end_section=row.agent == BASE)
    return table


def _cells(row: ResultRow, rounds: Sequence[int], between: str) -> list[Text]:
    name = one_line(row.agent, 16)
    cells = [Text(f"{name} *" if row.best else name, style="bold" if row.best else "")]
    for number in rounds:
        metric = row.accuracy.get(number)
        cell = Text("" if metric is None else percent(metric))
        if metric is not None and metric.low is not None:
            cell.append(between + percent_interval(metric), style="dim")
        cells.append(cell)
    gain = Text("")
    if row.gain is not None:
        gain = Text(points(row.gain), style=_COLOURS[clear_of_zero(row.gain)])
        gain.append(between + points_interval(row.gain), style="dim")
    return [*cells, gain, Text("" if row.lenient is None else percent(row.lenient))]


def _caption(results: Results, shown: Sequence[int]) -> Text:
    after = f"after round {results.last}" if results.last else "before tuning"
    lines = []
    if results.best is not None:
        lines.append(f"* best agent by validation accuracy {after}")
    lines.append(f"gain: paired difference from the base on the same questions, {after}")
    lines.append(f"lenient: right answer found anywhere in the text, {after}")
    left_out = [str(number) for number in results.rounds if number not in shown]
    if left_out:
        lines.append(f"rounds left out for lack of room: {', '.join(left_out)}")
    return Text("\n".join(lines), style="dim")


def _rationale_panel(role: str, rationale: Rationale, score: Score | None, colour: str) -> Panel:
    said = [] if score is None else [score.verdict]
    if score is not None and score.likelihood is not None:
        said.append(f"likelihood {score.likelihood:.3f}")
    said.append(f"{len(rationale.token_ids)} tokens")
    body = Text(", ".join(said), style="italic")
    body.append("\n\n" + visible(rationale.text.strip(), 1500), style="not italic")
    return Panel(
        body,
        title=Text(f"{role}: {one_line(rationale.agent, 24)}", style=colour),
        title_align="left",
        border_style=colour,
    )
