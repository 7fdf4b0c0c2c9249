"""The options of a multiple-choice question, in every shape that files have them.

    ["ice", "steam"]    "['ice' 'steam']"                           a list, or the print of one
    {"label": ["A", "B"], "text": ["ice", "steam"]}                 ARC, CommonsenseQA
    [{"label": "A", "text": "ice"}, {"label": "B", "text": ...}]    OpenBookQA's own files
    {"A": "ice", "B": "steam"}                                      MedQA
    ["A)ice", "B)steam"]                                            AQuA
    choice1: ice, choice2: steam                                    a column for each option
    correct: ice, wrong: ["steam", "fog"]                           a column for several options

Labels are the data set's own names of the options: A, 1, or the name of an option's column.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Any

from collate.tasks.rows import Row, value_of
from collate.tasks.values import NotText, text_of
from collate.tasks.written_lists import looks_written, read_written

# What the texts and the labels of options are called in records.
_TEXT_KEYS = ("text", "texts", "choices", "options", "option", "choice", "content", "value")
_LABEL_KEYS = ("label", "labels", "key", "letter", "id")
# An option that carries its own letter or number: "A)21", "(B) 22", "[C] 23", "1. red"; a number
# only with a blank behind it, since "1.5" is a number itself.
_LETTERED = re.compile(r"[(\[]?([A-Za-z])\s?[)\].:]\s*(\S.*)", re.DOTALL)
_NUMBERED = re.compile(r"[(\[]?(\d{1,2})[)\].:]\s+(\S.*)", re.DOTALL)


@dataclass(frozen=True)
class Options:
    """The options of one row and their labels, if any; or why they cannot be read (`problem`)."""

    texts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    problem: str = ""


def read_options(row: Row, columns: Sequence[str]) -> Options:
    """The options of a row, from one column that holds them all or from a column for each."""
    if len(columns) == 1:
        return _of_value(value_of(row, columns[0]))
    values: list[Any] = []
    labels: list[str] = []
    for column in columns:
        value = _unwritten(value_of(row, column))
        several = value if isinstance(value, list) else [value]
        values += several
        name = column.rpartition(".")[2]
        labels += [name] if len(several) == 1 else [f"{name}.{i}" for i in range(len(several))]
    return _of_texts(values, labels)


def without_own_letters(options: Sequence[Options]) -> list[Options]:
    """The options without the letters or numbers in their texts, which become their labels.

    They are left as they are unless each option of every row carries its own, in order: another
    letter or number is the option itself.
    """
    for pattern, names in (
        (_LETTERED, ascii_uppercase),
        (_NUMBERED, [str(number) for number in range(1, 27)]),
        (_NUMBERED, [str(number) for number in range(26)]),
    ):
        bare = [_without_names(each, pattern, names) for each in options]
        if bare and None not in bare:
            return [each for each in bare if each is not None]
    return list(options)


def _without_names(
    options: Options, pattern: re.Pattern[str], names: Sequence[str]
) -> Options | None:
    matches = [pattern.fullmatch(text) for text in options.texts]
    found = [match[1].upper() if match else "" for match in matches]
    if not found or found != list(names[: len(found)]):
        return None
    texts = tuple(match[2].strip() for match in matches if match)
    return replace(options, texts=texts, labels=options.labels or tuple(found))


def _of_value(value: Any) -> Options:
    if isinstance(value, str) and looks_written(value):
        try:
            value = read_written(value)
        except ValueError as error:
            return Options(problem=f"a text that is no list: {error}")
    if isinstance(value, list):
        if value and all(isinstance(record, dict) for record in value):
            labels = [_first_of(record, _LABEL_KEYS) for record in value]
            return _of_texts([_first_of(record, _TEXT_KEYS) for record in value], labels)
        return _of_texts(value)
    if isinstance(value, dict):
        return _of_record(value)
    if isinstance(value, NotText):
        return Options(problem=value.found)
    return Options(problem=f"{str(value)[:60]!r}" if value else "nothing")


def _of_record(record: dict[str, Any]) -> Options:
    texts, labels = _first_of(record, _TEXT_KEYS), _first_of(record, _LABEL_KEYS)
    if isinstance(texts, list):
        return _of_texts(texts, labels if isinstance(labels, list) else ())
    # {"A": "ice", "B": "steam", "C": null}, where a table gives all rows the same keys
    named = {name: text for name, text in record.items() if text_of(text) != ""}
    if any(isinstance(text, (list, dict)) for text in named.values()):
        return Options(problem="a record without a list of texts")
    return _of_texts(list(named.values()), list(named))


def _of_texts(values: Sequence[Any], labels: Sequence[Any] = ()) -> Options:
    texts = [text_of(value) for value in values]
    while texts and texts[-1] == "":  # questions with fewer options than there are columns
        texts.pop()
    for text in texts:
        if isinstance(text, NotText):
            return Options(problem=f"{text.found} as an option")
    label_texts = [str(text_of(label)) for label in labels[: len(texts)]]
    # TruthfulQA's labels say of each option whether it is right: they name none.
    names_options = len(set(label_texts)) == len(texts) and all(label_texts)
    if not 2 <= len(texts) <= len(ascii_uppercase):
        return Options(problem=f"{len(texts)} option{'' if len(texts) == 1 else 's'}")
    if not all(texts):
        return Options(problem="an empty option")
    return Options(tuple(map(str, texts)), tuple(label_texts) if names_options else ())


def _unwritten(value: Any) -> Any:
    """A list that a text writes, among the columns of options; other texts are options."""
    if isinstance(value, str) and value.startswith("["):
        try:
            return read_written(value)
        except ValueError:
            return value
    return value


def _first_of(record: dict[str, Any], keys: Sequence[str]) -> Any:
    return next((record[key] for key in keys if key in record), None)
