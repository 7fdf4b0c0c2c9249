"""Which option a multiple-choice key means: a label, a letter, an index, a text.

How keys are meant is decided once for the whole column, since a single `1` does not tell from where
it counts. Each reading gives the index of an option, or None where it does not fit.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from collate.answers.texts import text_key
from collate.errors import nearest_name

_LONGEST_INDEX = 3  # digits; `int` is slow on long texts, and there are at most 26 options
# A word before a letter or number: "option B", "choice_2", "Answer: B"
_INTRODUCTION = re.compile(r"^(?:option|choice|answer)[ _:-]{0,2}(?=\W?(?:[a-z]|\d+)\W?$)", re.I)
_LETTER_AND_TEXT = re.compile(r"[(\[]?([A-Za-z])\s?[)\].:,-]{0,2}\s*(\S.*)", re.DOTALL)


@dataclass(frozen=True)
class Choice:
    """One row's options, the labels that the data set gave them (if any), and its key as text."""

    options: tuple[str, ...]
    labels: tuple[str, ...]
    key: str


def without_decimal_zero(key: str) -> str:
    """An index that a spreadsheet made a real number (`1.0`) as a whole one; others unchanged."""
    return key[:-2] if key.endswith(".0") and key[:-2].isdecimal() else key


def _by_label(choice: Choice) -> int | None:
    if choice.key in choice.labels:
        return choice.labels.index(choice.key)
    key = choice.key.casefold()
    folded_labels = [label.casefold() for label in choice.labels]
    return folded_labels.index(key) if folded_labels.count(key) == 1 else None


def _by_letter(choice: Choice) -> int | None:
    letter = _bare(choice.key).upper()  # "b", "(B)", "B.", "option B"
    position = ascii_uppercase.find(letter) if len(letter) == 1 else -1
    return position if 0 <= position < len(choice.options) else None


def _by_index_from_0(choice: Choice) -> int | None:
    return _by_index(choice, first=0)


def _by_index_from_1(choice: Choice) -> int | None:
    return _by_index(choice, first=1)


def _by_index(choice: Choice, *, first: int) -> int | None:
    digits = without_decimal_zero(_bare(choice.key))
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _LONGEST_INDEX:
        return None
    index = int(digits) - first
    return index if 0 <= index < len(choice.options) else None


def _bare(key: str) -> str:
    """A letter or number without brackets and the word before it."""
    return _INTRODUCTION.sub("", key).strip("()[]. ")


def _by_text(choice: Choice) -> int | None:
    # Of two equal options a text does not tell which is meant.
    return choice.options.index(choice.key) if choice.options.count(choice.key) == 1 else None


def _by_similar_text(choice: Choice) -> int | None:
    """By a text that differs in case, blanks, quotes or final punctuation at most."""
    option_keys = [text_key(option) for option in choice.options]
    key = text_key(choice.key)
    return option_keys.index(key) if option_keys.count(key) == 1 else None


def _by_letter_and_text(choice: Choice) -> int | None:
    match = _LETTER_AND_TEXT.fullmatch(choice.key)
    position = ascii_uppercase.find(match[1].upper()) if match else len(choice.options)
    if match is None or position >= len(choice.options):
        return None
    # A text that is not this option's contradicts the letter.
    return position if text_key(match[2]) == text_key(choice.options[position]) else None


_READINGS: dict[str, Callable[[Choice], int | None]] = {
    "a label": _by_label,
    "a letter": _by_letter,
    "an index from 0": _by_index_from_0,
    "an index from 1": _by_index_from_1,
    "the text of an option": _by_text,
    "the text of an option in another spelling": _by_similar_text,
    "a letter and its option's text": _by_letter_and_text,
}
_ALL_READINGS = (
    "the label of an option, a letter, an index from 0 or from 1, or the text of an option"
)


def read_keys(column: str, choices: Sequence[Choice]) -> tuple[list[int], str, list[int]]:
    """The index of each right option, under the one reading of keys that fits every row.

    Where there is no such reading the indices are empty, the second value says why, and the third
    has the numbers of the choices whose keys do not fit (none of them, if the keys are ambiguous).
    """
    indices_by_reading = {
        name: [read_key(choice) for choice in choices] for name, read_key in _READINGS.items()
    }
    fitting = [name for name, indices in indices_by_reading.items() if None not in indices]
    if not fitting:
        return [], *_unfit_keys(column, choices, indices_by_reading)
    reading = fitting[0]
    indices = indices_by_reading[reading]
    # Labels are the data set's own word; all other readings must agree where several fit.
    is_ambiguous = any(indices_by_reading[reading_name] != indices for reading_name in fitting)
    if reading != "a label" and is_ambiguous:
        reason = (
            f"the keys of column {column!r}, for example {choices[0].key!r}, may be read as "
            f"{' or as '.join(fitting)}, which makes different options right; write them as letters"
        )
        return [], reason, []
    return [index for index in indices if index is not None], "", []


def _unfit_keys(
    column: str, choices: Sequence[Choice], indices_by_reading: dict[str, list[int | None]]
) -> tuple[str, list[int]]:
    """What is wrong with keys that no reading fits, and the numbers of the choices to correct."""
    # The reading that fits most rows is likely the one that was meant, so the rows which it does
    # not fit are the ones to correct.
    most_fitting = min(_READINGS, key=lambda name: indices_by_reading[name].count(None))
    unfit = [n for n, index in enumerate(indices_by_reading[most_fitting]) if index is None]
    choice = choices[unfit[0]]
    shown_options = ", ".join(repr(option[:30]) for option in choice.options[:5])
    reason = (
        f"key {choice.key[:60]!r} of column {column!r} names none of the {len(choice.options)} "
        f"options ({shown_options})"
    )
    if len(unfit) < len(choices):
        read_as = "most keys read" if 2 * len(unfit) < len(choices) else "read"
        return (
            f"{reason}; {read_as} as {most_fitting}, {len(unfit)} of {len(choices)} do not",
            unfit,
        )
    nearest = nearest_name(choice.key, choice.options)
    hint = f"did you mean {nearest[:60]!r}? " if nearest else ""
    return f"{reason}; {hint}a key may be {_ALL_READINGS}", unfit
