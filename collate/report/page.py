"""The building blocks of the report's page: every text that enters it is escaped here."""

import io
import re
from collections.abc import Iterable, Sequence
from html import escape

import matplotlib as mpl
from matplotlib.figure import Figure

from collate.console.text import visible


def number_cell(value: str, interval: str = "", kind: str = "even") -> str:
    """A cell of a table: a value, with its interval beside it."""
    beside = f" <small>{escaped(interval)}</small>" if interval else ""
    return f"<td class={kind}>{escaped(value)}{beside}</td>"


def section(title: str, body: str) -> str:
    """A part of the page under a heading; `body` is markup."""
    return f"<section>\n<h2>{escaped(title)}</h2>\n{body}\n</section>\n"


def details(title: str, body: str) -> str:
    """A part that is folded in; `body` is markup."""
    return f"<details><summary>{escaped(title)}</summary>\n{body}</details>"


def table_of(head: Sequence[str], rows: Iterable[str]) -> str:
    """A table with these titles; `rows` are markup."""
    titles = "".join(f"<th>{escaped(title)}</th>" for title in head)
    body = "\n".join(rows)
    return (
        f"<div class=wide><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{body}\n"
        "</tbody></table></div>\n"
    )


def figure_of(drawn: Figure, prefix: str, title: str) -> str:
    """A figure as SVG in the page. Its ids get a prefix, since all figures share one document."""
    buffer = io.StringIO()
    unsigned = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}):
        drawn.savefig(buffer, format="svg", metadata=unsigned, transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    return (
        f'<figure role="img" aria-label="{escaped(title)}">{svg}'
        f"<figcaption>{escaped(title)}</figcaption></figure>\n"
    )


def escaped(value: object) -> str:
    """Any text for the page, on one line or several: controls made visible, then escaped."""
    return escape(visible(str(value)))


def escaped_block(value: object) -> str:
    """Like `escaped`, with room for a whole rationale."""
    return escape(visible(str(value).strip(), 20_000))
