"""Rows of a question source, before anybody knows what they mean, and the columns of a row.

Every row remembers its line in the file (or its number where a format has no lines), so that a
problem in it can be reported with its place. Functions of this folder append the problems that they
find to a list, a sentence each, so that one error can report all of them.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from collate.errors import nearest_hint
from collate.tasks.values import (
    ASSISTANT,
    USER,
    NotText,
    has_system_turn,
    inside,
    is_conversation,
    text_of,
)

_MOST_SHOWN = 5  # lines named in one sentence
_MOST_COLUMNS = 20  # columns named in one sentence
_LONGEST_NAME = 200  # characters of a column's name in a sentence
_MOST_COMPARED = 2000  # columns that a wrong name is compared with
_LONGEST_TEXT = 2**20  # characters of a question or an answer; no model reads as many
# What is said behind the name of a column that holds conversations.
_CONVERSATION = (
    " (a conversation: as task.question its user's turn, as task.answer its assistant's)"
)
# The columns of a wording: "passage" and "query" of "{passage} Question: {query}".
_COLUMN_IN_BRACES = re.compile(r"\{([^{}\n]+)\}")


@dataclass(frozen=True)
class Row:
    """One record and where it stands: `line` counts from 1."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Source:
    """The rows of one file or Hub data set. `unit` is what `line` counts: line, item or row.

    `class_names` has, for a column whose numbers stand for names, those names in their order.
    `notes` says in sentences what was left out of the rows or changed in them.
    """

    name: str
    unit: str
    rows: list[Row] = field(default_factory=list)
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @cached_property
    def columns(self) -> list[str]:
        """Every column that some row has, in the order of first appearance."""
        seen_names: dict[str, None] = {}
        for row in self.rows:
            seen_names |= dict.fromkeys(row.values)
        return list(seen_names)

    def places(self, lines: Sequence[int]) -> str:
        """For example `my.csv, lines 3, 9 and 12`, with the first few and the count of the rest."""
        return f"{self.name}, {self.unit}{'s' if len(lines) > 1 else ''} {first_few(lines)}"


@dataclass(frozen=True)
class Item:
    """A question before it has a split. `options` is empty unless the task is multiple choice.

    `solution` is a worked solution without its stated answer, empty where there is none. `split` is
    what task.split_column says of it, empty without that setting.
    """

    text: str
    gold: str
    options: tuple[str, ...] = ()
    solution: str = ""
    split: str = ""


def first_few(values: Sequence[int | str]) -> str:
    """The first few numbers or texts, and how many more: "3, 9, 12, 15, 20 and 2 more"."""
    shown_values = [
        str(value) if isinstance(value, int) else repr(value[:60]) for value in values[:_MOST_SHOWN]
    ]
    if len(values) > _MOST_SHOWN:
        return f"{', '.join(shown_values)} and {len(values) - _MOST_SHOWN} more"
    if len(shown_values) < 2:
        return "".join(shown_values)
    return f"{', '.join(shown_values[:-1])} and {shown_values[-1]}"


def column_names(source: Source, setting: str, value: str, problems: list[str]) -> list[str]:
    """The columns that the value of a setting names: one, or several joined by commas.

    A dot reaches into a record (`question.stem`) and into a list (`prompt.0.content`). A column
    that the source lacks is a problem, and no names come back.
    """
    known_columns = source.columns
    if value in known_columns:  # also "question, en", which is one column in some files
        return [value]
    wanted_names = [name.strip() for name in value.split(",") if name.strip()]
    for name in wanted_names or [value]:
        # A path into a record is no column by its own name, so the rows are asked for a value.
        has_values = any(value_of(row, name) is not None for row in source.rows)
        if not has_values and name not in known_columns:
            problems.append(
                f"task.{setting}={value}: {source.name} has no column {name!r}; its columns are "
                f"{_described_columns(source)}"
                f"{nearest_hint(name, known_columns[:_MOST_COMPARED])}"
            )
            return []
    return wanted_names


def _described_columns(source: Source) -> str:
    """The names of the columns, with the paths into records and what holds a conversation."""
    names: list[str] = []
    for column in source.columns[:_MOST_COLUMNS]:
        example = next((row.values[column] for row in source.rows if row.values.get(column)), None)
        if isinstance(example, dict):
            names += [f"{column}.{key}" for key in example]
        else:
            kind = _CONVERSATION if is_conversation(example) else ""
            names.append(column[:_LONGEST_NAME] + kind)
    count = len(names) + len(source.columns[_MOST_COLUMNS:])
    rest = f" and {count - _MOST_COLUMNS:,} more" if count > _MOST_COLUMNS else ""
    return ", ".join(names[:_MOST_COLUMNS]) + rest


def value_of(row: Row, column: str) -> Any:
    """The value of a column (or of a dotted path into one), or None where the row has none."""
    # The longest name first, since a column may itself have a dot in its name.
    if column in row.values:
        return row.values[column]
    keys = column.split(".")
    for length in range(len(keys) - 1, 0, -1):
        name = ".".join(keys[:length])
        if name in row.values:
            value = row.values[name]
            for key in keys[length:]:
                value = inside(value, key)
            return value
    return None


def texts_of(
    source: Source, setting: str, columns: Sequence[str], problems: list[str]
) -> list[str]:
    """For each row the texts of the columns, joined by newlines; an empty one is a problem.

    `setting` is the name of the setting under `task` that names the columns. Of a conversation the
    question is the user's turn, and anything else the assistant's.
    """
    roles = USER if setting == "question" else ASSISTANT
    texts: list[str] = []
    empty_lines, long_lines, system_lines = [], [], []
    lines_by_found: dict[tuple[str, NotText], list[int]] = defaultdict(list)
    for row in source.rows:
        row_parts = []
        for column in columns:
            value = value_of(row, column)
            part = text_of(value, roles)
            if isinstance(part, NotText):
                lines_by_found[column, part].append(row.line)
            elif not part:
                empty_lines.append(row.line)
            elif setting == "question" and has_system_turn(value):
                system_lines.append(row.line)
            row_parts.append(part if isinstance(part, str) else "")
        texts.append("\n".join(row_parts))
        if len(texts[-1]) > _LONGEST_TEXT:
            long_lines.append(row.line)
    content = "gold answer" if setting == "answer" else setting
    if empty_lines:
        names = " or ".join(repr(column) for column in columns)
        problems.append(
            f"{source.places(empty_lines)}: empty {content} (column {names}) in "
            f"{len(empty_lines)} of {len(texts)} {source.unit}s; fill in what is missing, or "
            f"remove those {source.unit}s"
        )
    if long_lines:
        problems.append(
            f"{source.places(long_lines)}: {content} of more than {_LONGEST_TEXT:,} characters; "
            f"shorten it, or remove the {source.unit}"
        )
    if system_lines:
        source.notes.append(
            f"{source.places(system_lines)}: a system message in the conversation is left out of "
            f"the question ({len(system_lines):,} of {len(texts):,}); task.system gives one to all"
        )
    problems += _not_texts(source, setting, content, lines_by_found)
    return texts


def _not_texts(
    source: Source,
    setting: str,
    content: str,
    lines_by_found: dict[tuple[str, NotText], list[int]],
) -> list[str]:
    """What stands in the place of texts, a sentence for each kind of it."""
    sentences = []
    for (column, value), lines in list(lines_by_found.items())[:_MOST_SHOWN]:
        if value.remedy:  # it is one, but broken
            advice = f"; {value.remedy}"
        elif value.path:
            advice = (
                f" where the {content} should be a text or a number; name the text in it, for "
                f"example task.{setting}={column}.{value.path}"
            )
        else:
            advice = (
                f" where the {content} should be a text or a number; set task.{setting} to another "
                "column"
            )
        sentences.append(f"{source.places(lines)}: column {column!r} holds {value.found}{advice}")
    return sentences


def with_class_names(source: Source, column: str, texts: Sequence[str]) -> list[str]:
    """The texts of a column, with names for numbers where the data set says what these stand for.

    For example 0 is "yes" in one data set, and "no" in another.
    """
    name_by_number = {str(n): name for n, name in enumerate(source.class_names.get(column, ()))}
    return [name_by_number.get(text.removesuffix(".0"), text) for text in texts]


def question_texts(source: Source, wording: str, problems: list[str]) -> list[str]:
    """For each row the text of its question, or nothing where a column is missing.

    `wording` is the value of task.question: a column, several joined by commas (their texts then
    stand below each other), or a text with columns in braces, `{passage} Question: {query}`.
    """
    columns_in_wording = list(dict.fromkeys(_COLUMN_IN_BRACES.findall(wording)))
    if not columns_in_wording or wording in source.columns:
        columns = column_names(source, "question", wording, problems)
        return texts_of(source, "question", columns, problems) if columns else []
    # Every column is looked up before returning, so one error names all that are missing.
    columns_by_name = {
        name: column_names(source, "question", name, problems) for name in columns_in_wording
    }
    if not all(columns_by_name.values()):
        return []
    texts_by_name = {
        name: texts_of(source, "question", columns, problems)
        for name, columns in columns_by_name.items()
    }
    questions = []
    for row_texts in zip(*texts_by_name.values(), strict=True):
        text_by_column = dict(zip(columns_in_wording, row_texts, strict=True))
        questions.append(_filled_wording(wording, text_by_column))
    return questions


def _filled_wording(wording: str, text_by_column: dict[str, str]) -> str:
    """The wording with the texts of its columns, in one pass: braces in a text stay as they are."""
    return _COLUMN_IN_BRACES.sub(lambda match: text_by_column[match.group(1)], wording)
