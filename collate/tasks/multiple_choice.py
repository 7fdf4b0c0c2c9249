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

ANSWER_KINDS = ("choice",)


@dataclass(frozen=True)
class _Choice:
    """One row's options, the labels that the data set gave them (if any), and its key as text."""

    options: tuple[str, ...]
    labels: tuple[str, ...]
    key: str


def read_items(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """One item a row; rows without two options, or with a key that names none, are problems."""
    before = len(problems)
    questions = question_texts(source, config.question, problems)
    answer = column_names(source, "answer", config.answer, problems)
    keys = texts_of(source, "answer", answer, problems) if answer else []
    if config.choices:
        choices = _fixed_choices(source, keys, config)
    else:
        choices = _read_choices(source, keys, config, problems)
    if len(problems) > before:
        return []
    golds = _golds(source, choices, config, problems)
    return [
        Item(text, gold, choice.options)
        for text, gold, choice in zip(questions, golds, choices, strict=False)
    ]


def _read_choices(
    source: Source, keys: Sequence[str], config: TaskConfig, problems: list[str]
) -> list[_Choice]:
    columns = column_names(source, "options", config.options, problems)
    if not (columns and keys):
        return []
    choices, poor = [], []
    for row, key in zip(source.rows, keys, strict=True):
        found, labels = _options_of(row, columns)
        if not 2 <= len(found) <= len(ascii_uppercase) or not all(found):
            poor.append(row.line)
        choices.append(_Choice(found, labels, _whole(key)))
    if poor:
        problems.append(
            f"{source.places(poor)}: column {config.options!r} gives no list of 2 to 26 options "
            f"({len(poor)} of {len(choices)}); it should hold a list, a record of label and text, "
            "or name several columns joined by commas"
        )
    return choices


def _fixed_choices(source: Source, keys: Sequence[str], config: TaskConfig) -> list[_Choice]:
    """The same options for every row. Numbers that the data set itself gives the same names as the
    options go by name, since data sets count the same names in different orders; others, by the
    order of task.choices."""
    options = tuple(config.choices)
    names = source.classes.get(config.answer, ())
    if set(names) != set(options):
        return [_Choice(options, (), _whole(key)) for key in keys]
    by_number = {str(number): name for number, name in enumerate(names)}
    return [_Choice(options, (), by_number.get(_whole(key), key)) for key in keys]


def _options_of(row: Row, columns: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if len(columns) > 1:
        cells = [text_of(value_of(row, column)) or "" for column in columns]
        while cells and not cells[-1]:  # questions with fewer options than there are columns
            cells.pop()
        return tuple(cells), ()
    value = value_of(row, columns[0])
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            value = json.loads(value)
        except ValueError:
            return (), ()
    labels: Any = None
    texts: Any = value
    if isinstance(value, dict):
        labels, texts = value.get("label"), value.get("text")
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        labels, texts = [v.get("label") for v in value], [v.get("text") for v in value]
    if not isinstance(texts, list):
        return (), ()
    return _as_texts(texts), _as_texts(labels) if isinstance(labels, list) else ()


def _as_texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(text_of(value) or "" for value in values)


def _whole(key: str) -> str:
    """An index that a spreadsheet made a real number (`1.0`) as a whole one; others unchanged."""
    return key[:-2] if key.endswith(".0") and key[:-2].isdecimal() else key


def _by_label(choice: _Choice) -> int | None:
    return choice.labels.index(choice.key) if choice.key in choice.labels else None


def _by_letter(choice: _Choice) -> int | None:
    letter = choice.key.strip("().").upper()
    place = ascii_uppercase.find(letter) if len(letter) == 1 else -1
    return place if 0 <= place < len(choice.options) else None


def _by_index(start: int) -> Callable[[_Choice], int | None]:
    def read(choice: _Choice) -> int | None:
        if not (choice.key.isascii() and choice.key.isdecimal() and len(choice.key) < 4):
            return None
        place = int(choice.key) - start
        return place if 0 <= place < len(choice.options) else None

    return read


def _by_text(choice: _Choice) -> int | None:
    return choice.options.index(choice.key) if choice.options.count(choice.key) == 1 else None


_READINGS: dict[str, Callable[[_Choice], int | None]] = {
    "a label": _by_label,
    "a letter": _by_letter,
    "an index from 0": _by_index(0),
    "an index from 1": _by_index(1),
    "the text of an option": _by_text,
}


def _golds(
    source: Source, choices: Sequence[_Choice], config: TaskConfig, problems: list[str]
) -> list[str]:
    """The letter of each right option, under the one reading of keys that fits every row."""
    places = {name: [read(choice) for choice in choices] for name, read in _READINGS.items()}
    fitting = [name for name, found in places.items() if None not in found]
    if not fitting:
        best = max(places, key=lambda name: sum(place is not None for place in places[name]))
        wrong = [n for n, place in enumerate(places[best]) if place is None]
        first = choices[wrong[0]]
        problems.append(
            f"{source.places([source.rows[n].line for n in wrong])}: key {first.key[:60]!r} of "
            f"column {config.answer!r} names none of the {len(first.options)} options; most keys "
            f"read as {best}, {len(wrong)} of {len(choices)} do not"
        )
        return []
    name = fitting[0]
    if name != "a label" and any(places[other] != places[name] for other in fitting):
        problems.append(
            f"{source.name}: the keys of column {config.answer!r}, for example {choices[0].key!r}, "
            f"may be read as {' or as '.join(fitting)}, which makes different options right; "
            "write them as letters"
        )
        return []
    return [ascii_uppercase[place] for place in places[name] if place is not None]
