"""Multiple choice: a question, its options and the key of the right one, which is kept as a letter.

    {"question": "Which is a solid?", "choices": {"label": ["A", "B"], "text": ["ice", "steam"]},
     "answerKey": "A"}                                     (ARC, CommonsenseQA: options=choices)
    {"premise": "A man sleeps.", "hypothesis": "Nobody is awake.", "label": 1}
                            (SNLI: choices=[entailment,neutral,contradiction])
    {"premise": "The termites invaded the house.", "choice1": "They left.", "choice2": "They ate
     through the wood.", "question": "effect", "label": 1}  (XCOPA: options=choice1,choice2)

Options are a list of texts (in a CSV, a JSON list), a record of labels and texts as above, a list
of such records, one column each, or the same for every question (task.choices). The key is a label,
a letter, an index counted from 0 or from 1, or the text of the option. How keys are meant is
decided once for the whole column, since a single `1` does not tell from where it counts.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from collate.config.schema import TaskConfig
from collate.tasks.rows import (
    Item,
    Row,
    Source,
    column_names,
    question_texts,
    text_of,
    texts_of,
    value_of,
)

_LONGEST_INDEX = 3  # digits; `int` is slow on long texts, and there are at most 26 options


@dataclass(frozen=True)
class _Choice:
    """One row's options, the labels that the data set gave them (if any), and its key as text."""

    options: tuple[str, ...]
    labels: tuple[str, ...]
    key: str


def read_items(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """One item a row; rows without two options, or with a key that names none, are problems."""
    problems_before = len(problems)
    questions = question_texts(source, config.question, problems)
    key_columns = column_names(source, "answer", config.answer, problems)
    keys = texts_of(source, "answer", key_columns, problems) if key_columns else []
    if config.choices:
        choices = _shared_choices(source, keys, config)
    else:
        choices = _read_choices(source, keys, config, problems)
    # How keys are meant is decided over the whole column, for which every row has to be readable.
    if len(problems) > problems_before:
        return []
    gold_letters = _gold_letters(source, choices, config, problems)
    return [
        Item(question, gold_letter, choice.options)
        for question, gold_letter, choice in zip(questions, gold_letters, choices, strict=False)
    ]


def _read_choices(
    source: Source, keys: Sequence[str], config: TaskConfig, problems: list[str]
) -> list[_Choice]:
    columns = column_names(source, "options", config.options, problems)
    if not (columns and keys):
        return []
    choices, unfit_lines = [], []
    for row, key in zip(source.rows, keys, strict=True):
        options, labels = _options_of(row, columns)
        if not 2 <= len(options) <= len(ascii_uppercase) or not all(options):
            unfit_lines.append(row.line)
        choices.append(_Choice(options, labels, _without_decimal_zero(key)))
    if unfit_lines:
        problems.append(
            f"{source.places(unfit_lines)}: column {config.options!r} gives no list of 2 to 26 "
            f"options ({len(unfit_lines)} of {len(choices)}); it should hold a list, a record of "
            "label and text, or name several columns joined by commas"
        )
    return choices


def _shared_choices(source: Source, keys: Sequence[str], config: TaskConfig) -> list[_Choice]:
    """The same options (task.choices) for every row.

    Numbers that the data set itself gives the same names as the options go by name, since data sets
    count the same names in different orders; others, by the order of task.choices.
    """
    options = tuple(config.choices)
    class_names = source.class_names.get(config.answer, ())
    if set(class_names) != set(options):
        return [_Choice(options, (), _without_decimal_zero(key)) for key in keys]
    name_by_number = {str(number): name for number, name in enumerate(class_names)}
    option_names = [name_by_number.get(_without_decimal_zero(key), key) for key in keys]
    return [_Choice(options, (), option_name) for option_name in option_names]


def _options_of(row: Row, columns: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The options of a row and the data set's labels of them; none where they cannot be read."""
    if len(columns) > 1:
        cells = [text_of(value_of(row, column)) or "" for column in columns]
        while cells and not cells[-1]:  # questions with fewer options than there are columns
            cells.pop()
        return tuple(cells), ()
    cell = value_of(row, columns[0])
    # A CSV cell cannot hold a list, so it holds one as JSON.
    if isinstance(cell, str) and cell.lstrip().startswith(("[", "{")):
        try:
            cell = json.loads(cell)
        except ValueError:
            return (), ()
    labels: Any = None
    texts: Any = cell
    if isinstance(cell, dict):
        labels, texts = cell.get("label"), cell.get("text")
    elif isinstance(cell, list) and cell and all(isinstance(record, dict) for record in cell):
        labels = [record.get("label") for record in cell]
        texts = [record.get("text") for record in cell]
    if not isinstance(texts, list):
        return (), ()
    return _as_texts(texts), _as_texts(labels) if isinstance(labels, list) else ()


def _as_texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(text_of(value) or "" for value in values)


def _without_decimal_zero(key: str) -> str:
    """An index that a spreadsheet made a real number (`1.0`) as a whole one; others unchanged."""
    return key[:-2] if key.endswith(".0") and key[:-2].isdecimal() else key


# How a key may be meant: each reading gives the index of an option, or None where it does not fit.


def _by_label(choice: _Choice) -> int | None:
    return choice.labels.index(choice.key) if choice.key in choice.labels else None


def _by_letter(choice: _Choice) -> int | None:
    letter = choice.key.strip("().").upper()  # "b", "(B)", "B."
    position = ascii_uppercase.find(letter) if len(letter) == 1 else -1
    return position if 0 <= position < len(choice.options) else None


def _by_index_from_0(choice: _Choice) -> int | None:
    return _by_index(choice, first=0)


def _by_index_from_1(choice: _Choice) -> int | None:
    return _by_index(choice, first=1)


def _by_index(choice: _Choice, *, first: int) -> int | None:
    is_number = choice.key.isascii() and choice.key.isdecimal()
    if not is_number or len(choice.key) > _LONGEST_INDEX:
        return None
    index = int(choice.key) - first
    return index if 0 <= index < len(choice.options) else None


def _by_text(choice: _Choice) -> int | None:
    # Of two equal options a text does not tell which is meant.
    return choice.options.index(choice.key) if choice.options.count(choice.key) == 1 else None


_READINGS: dict[str, Callable[[_Choice], int | None]] = {
    "a label": _by_label,
    "a letter": _by_letter,
    "an index from 0": _by_index_from_0,
    "an index from 1": _by_index_from_1,
    "the text of an option": _by_text,
}


def _gold_letters(
    source: Source, choices: Sequence[_Choice], config: TaskConfig, problems: list[str]
) -> list[str]:
    """The letter of each right option, under the one reading of keys that fits every row."""
    indices_by_reading = {
        name: [read_key(choice) for choice in choices] for name, read_key in _READINGS.items()
    }
    fitting = [name for name, indices in indices_by_reading.items() if None not in indices]
    if not fitting:
        problems.append(_unfit_keys(source, choices, config, indices_by_reading))
        return []
    reading = fitting[0]
    indices = indices_by_reading[reading]
    # Labels are the data set's own word; all other readings must agree where several fit.
    is_ambiguous = any(indices_by_reading[reading_name] != indices for reading_name in fitting)
    if reading != "a label" and is_ambiguous:
        problems.append(
            f"{source.name}: the keys of column {config.answer!r}, for example {choices[0].key!r}, "
            f"may be read as {' or as '.join(fitting)}, which makes different options right; "
            "write them as letters"
        )
        return []
    return [ascii_uppercase[index] for index in indices if index is not None]


def _unfit_keys(
    source: Source,
    choices: Sequence[_Choice],
    config: TaskConfig,
    indices_by_reading: dict[str, list[int | None]],
) -> str:
    """The sentence about keys that no reading fits, by the reading that fits most of them."""
    # The reading that fits most rows is likely the one that was meant, so the rows which it does
    # not fit are the ones to correct.
    most_fitting = min(_READINGS, key=lambda name: indices_by_reading[name].count(None))
    option_indices = indices_by_reading[most_fitting]
    unfit_rows = [row for row, index in enumerate(option_indices) if index is None]
    unfit_lines = [source.rows[row].line for row in unfit_rows]
    first_unfit = choices[unfit_rows[0]]
    return (
        f"{source.places(unfit_lines)}: key {first_unfit.key[:60]!r} of column "
        f"{config.answer!r} names none of the {len(first_unfit.options)} options; most keys read "
        f"as {most_fitting}, {len(unfit_rows)} of {len(choices)} do not"
    )
