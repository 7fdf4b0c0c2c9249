"""The building blocks of the report's page: every text that enters it is escaped here."""

import io
import re
from collections.abc import Callable, Iterable, Sequence
from html import escape

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from collate.console.text import visible

# Where an SVG names or uses an id: `id="m1"`, `href="#m1"`, `url(#m1)`.
_SVG_ID = re.compile(r'(\bid="|href="#|url\(#)')
LONGEST_BLOCK = 20_000
"""Characters of a rationale, or of the settings, that the page shows."""


def number_cell(value: str, interval: str = "", css_class: str = "even") -> str:
    """A cell of a table: a value, with its interval beside it."""
    interval_text = f" <small>{escaped(interval)}</small>" if interval else ""
    return f"<td class={css_class}>{escaped(value)}{interval_text}</td>"


def section(title: str, body: str) -> str:
    """A part of the page under a heading; `body` is markup."""
    return f"<section>\n<h2>{escaped(title)}</h2>\n{body}\n</section>\n"


def details(title: str, body: str) -> str:
    """A part that is folded in; `body` is markup."""
    return f"<details><summary>{escaped(title)}</summary>\n{body}</details>"


def table_of(head: Sequence[str], rows: Iterable[str]) -> str:
    """A table with these titles; `rows` are markup."""
    titles = "".join(f"<th>{escaped(title)}</th>" for title in head)
    body_rows = "\n".join(rows)
    return (
        f"<div class=wide><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{body_rows}\n"
        "</tbody></table></div>\n"
    )


def table_of_metrics(metrics: pd.DataFrame, cell_text: Callable[[str, float], str]) -> str:
    """A table of one round's metrics: whom they are of down, their names across.

    `cell_text` makes a cell's text of a metric's name and value.
    """
    metric_names = list(dict.fromkeys(metrics["name"]))
    value_by_cell = {(row.model, row.name): row.value for row in metrics.itertuples(index=False)}
    table_rows = []
    for model in dict.fromkeys(metrics["model"]):
        cells = []
        for metric_name in metric_names:
            if (model, metric_name) in value_by_cell:
                cells.append(number_cell(cell_text(metric_name, value_by_cell[model, metric_name])))
            else:
                cells.append("<td></td>")
        table_rows.append(f"<tr><th>{escaped(model)}</th>{''.join(cells)}</tr>")
    column_titles = [name.replace("_", " ") for name in metric_names]
    return table_of(["", *column_titles], table_rows)


def figure_of(figure: Figure, prefix: str, title: str) -> str:
    """A figure as SVG in the page. Its ids get a prefix, since all figures share one document."""
    buffer = io.StringIO()
    # Neither dates nor random ids, so that the same run gives the same page.
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}):
        figure.savefig(buffer, format="svg", metadata=no_metadata, transparent=True)
    svg_text = buffer.getvalue()
    svg_text = svg_text[svg_text.index("<svg") :]  # without the XML declaration
    # Matplotlib numbers its ids alike in every figure, and a reference takes the first on the page.
    svg_text = _SVG_ID.sub(rf"\g<1>{prefix}-", svg_text)
    return (
        f'<figure role="img" aria-label="{escaped(title)}">{svg_text}'
        f"<figcaption>{escaped(title)}</figcaption></figure>\n"
    )


def escaped(value: object) -> str:
    """Any text for the page, on one line or several: controls made visible, then escaped."""
    return escape(visible(str(value)))


def escaped_block(value: object) -> str:
    """Like `escaped`, with room for a whole rationale."""
    return escape(visible(str(value).strip(), LONGEST_BLOCK))
