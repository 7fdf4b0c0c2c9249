"""Rows of a question source, before anybody knows what they mean, and the columns of a row.

Every row remembers its line in the file (or its number where a format has no lines), so that a
fault in it can be told with its place. Functions of this room append what they find wrong to a list
of problems, a sentence each, so that one error can tell all of them.
"""

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

_SHOWN = 5
_COLUMN = re.compile(r"\{([^{}\n]+)\}")  # of a wording that names columns
_LONGEST = 2**20  # characters of a question or an answer; no model reads as many


@dataclass(frozen=True)
class Row:
    """One record and where it stands: `line` counts from 1."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Source:
    """The rows of one file or hub data set. `unit` is what `line` counts: line, item or row.

    `classes` has, for a column whose numbers stand for names, those names in the numbers' order.
    """

    name: str
    unit: str
    rows: list[Row] = field(default_factory=list)
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Every column that some row has, in the order of first appearance."""
        return list(dict.fromkeys(name for row in self.rows for name in row.values))

    def places(self, lines: Sequence[int]) -> str:
        """For example `my.csv, lines 3, 9 and 12`, with the first few and the count of the rest."""
        return f"{self.name}, {self.unit}{'s' if len(lines) > 1 else ''} {first_few(lines)}"


def first_few(things: Sequence[object]) -> str:
    """The first few things of a list in words, and how many more there are."""
    shown = [str(thing) for thing in things[:_SHOWN]]
    if len(things) > _SHOWN:
        return f"{', '.join(shown)} and {len(things) - _SHOWN} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) if shown else "none"


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?` with the known name nearest to `name`, or nothing where none is near."""
    by_lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[found[0]]}?" if found else ""


def column_names(source: Source, setting: str, wanted: str, problems: list[str]) -> list[str]:
    """The columns that a setting names: one, or several joined by commas.

    A dot reaches into a record (`question.stem`). A column that the source lacks is a problem.
    """
    known = source.columns
    if wanted in known:
        return [wanted]
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names or [wanted]:
        if not any(value_of(row, name) is not None for row in source.rows) and name not in known:
            problems.append(
                f"task.{setting}={wanted}: {source.name} has no column {name!r}; its columns are "
                f"{', '.join(known)}{nearest(name, known)}"
            )
            return []
    return names


def value_of(row: Row, column: str) -> Any:
    """The value of a column (or of a dotted path into one), or None where the row has none."""
    if column in row.values:
        return row.values[column]
    value: Any = row.values
    for part in column.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def text_of(value: Any) -> str | None:
    """A value as stripped text: "" for a missing one, None for a list or a record."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (str, int, float)):
        return str(value).strip()
    return None


@dataclass(frozen=True)
class Item:
    """A question before it has a split. `options` is empty unless the task is multiple choice.

    `solution` is a worked solution without its stated answer, empty where there is none.
    """

    text: str
    gold: str
    options: tuple[str, ...] = ()
    solution: str = ""


def texts_of(
    source: Source, setting: str, columns: Sequence[str], problems: list[str]
) -> list[str]:
    """For each row the text of the columns, joined by newlines; empty ones are problems."""
    texts, empty, nested, long = [], [], [], []
    for row in source.rows:
        parts = [text_of(value_of(row, column)) for column in columns]
        if any(part is None for part in parts):
            nested.append(row.line)
        elif not all(parts):
            empty.append(row.line)
        texts.append("\n".join(part or "" for part in parts))
        if len(texts[-1]) > _LONGEST:
            long.append(row.line)
    what = "gold answer" if setting == "answer" else setting
    name = " or ".join(repr(column) for column in columns)
    if empty:
        problems.append(
            f"{source.places(empty)}: empty {what} (column {name}) in {len(empty)} of "
            f"{len(texts)} {source.unit}s; fill them in or take them out"
        )
    if long:
        problems.append(
            f"{source.places(long)}: {what} of more than {_LONGEST:,} characters; shorten it or "
            "take it out"
        )
    if nested:
        problems.append(
            f"{source.places(nested)}: column {name} holds a list or a record where the {what} "
            f"should be a text or a number; name another column by task.{setting}"
        )
    return texts


def question_texts(source: Source, wanted: str, problems: list[str]) -> list[str]:
    """For each row the text of its question, or nothing where a column is missing.

    `wanted` is what task.question says: a column, several joined by commas (their texts then stand
    below each other), or a wording with columns in braces, such as `{passage} Question: {query}`.
    """
    names = list(dict.fromkeys(_COLUMN.findall(wanted)))
    if not names or wanted in source.columns:
        columns = column_names(source, "question", wanted, problems)
        return texts_of(source, "question", columns, problems) if columns else []
    known = [column_names(source, "question", name, problems) for name in names]
    if not all(known):
        return []
    texts = [texts_of(source, "question", columns, problems) for columns in known]
    return [
        _filled(wanted, dict(zip(names, each, strict=True))) for each in zip(*texts, strict=True)
    ]


def _filled(wording: str, texts: dict[str, str]) -> str:
    return _COLUMN.sub(lambda found: texts[found.group(1)], wording)
