"""Reading answers of the four kinds, number, choice, boolean and text, into keys to compare.

    kind      what is read                                       key
    number    one number, however it is written (`numbers.py`)   a `Number`, exact
    choice    a letter or the text of an option (`choices.py`)   the option's letter
    boolean   yes/no or true/false (`words.py`)                  "yes" or "no"
    text      anything (`words.py`)                              the text without case, quotes, ...

`read_answer` reads a stated answer strictly: it must be the answer and nothing that contradicts it.
`last_answer` searches a whole rationale for the last thing that could be an answer. `same_answer`
compares the key of either with that of a gold answer (`read_gold`).

Every pattern of this folder is linear in the length of the text, and what is read as an answer is
capped first: the text comes from a model.
"""

import re
from collections.abc import Sequence
from string import ascii_uppercase

from collate.answers.choices import last_choice, read_choice
from collate.answers.numbers import Number, last_number, read_number, same_number
from collate.answers.words import (
    LONGEST_ANSWER,
    last_boolean,
    read_boolean,
    text_key,
    without_format_characters,
)

KINDS = ("number", "choice", "boolean", "text")
Key = Number | str

# A stroke through a character ("1̶2̶") or around one, or Markdown's "~~12~~".
_STRUCK_OUT = re.compile(r"[\u0334-\u0338\u20d2\u20d3\u20d8-\u20da\u20dd-\u20eb]|~~")
# Control characters, as in "12\x0813" or "\x1b[8m12" (tab and line ends are none); and
# bidirectional overrides, which show another order of characters than the one that is compared.
_CONTROL_CHARACTER = re.compile(r"[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202d\u202e]")


def read_answer(kind: str, text: str, options: Sequence[str]) -> tuple[Key | None, str]:
    """What a stated answer says, as (key, ""), or as (None, reason) where it cannot be read."""
    if len(text) > LONGEST_ANSWER:
        return None, f"longer than {LONGEST_ANSWER} characters"
    if _CONTROL_CHARACTER.search(text):
        return None, "control characters in it"
    if kind != "text" and _STRUCK_OUT.search(text):
        return None, "struck out"
    if kind == "number":
        number = read_number(without_format_characters(text))
        return (None, number) if isinstance(number, str) else (number, "")
    if kind == "choice":
        return read_choice(text, options)
    if kind == "boolean":
        return read_boolean(text)
    key = text_key(text)
    return (key, "") if key else (None, "nothing but punctuation")


def read_gold(kind: str, gold: str, options: Sequence[str]) -> Key:
    """The key of a gold answer; that of a choice is its letter.

    Raises ValueError, with what was expected, where it cannot be read as the kind.
    """
    if kind not in KINDS:
        raise ValueError(f"an answer is one of {', '.join(KINDS)}; found {kind!r}")
    if kind != "choice":
        key, reason = read_answer(kind, gold, ())
        if key is None:
            raise ValueError(f"gold answer {gold[:80]!r} cannot be read as {kind}: {reason}")
        return key
    letters = ascii_uppercase[: len(options)] if options else ascii_uppercase
    if len(gold) != 1 or gold not in letters:
        raise ValueError(
            f"gold answer {gold[:80]!r} is no letter from {letters[0]} to {letters[-1]}"
        )
    return gold


def last_answer(kind: str, text: str, options: Sequence[str]) -> tuple[str, Key | None] | None:
    """The last thing in a text that could be an answer, as it stands there, and its key.

    None where there is no such thing. Of a text of kind `text` that is the whole last line.
    """
    if kind == "number":
        number = last_number(text)
        if number is None:
            return None
        shown, value = number
        return shown, None if isinstance(value, str) else value
    if kind == "choice":
        return last_choice(text, options)
    if kind == "boolean":
        return last_boolean(text)
    last_line = text.rstrip().rpartition("\n")[2].strip()[:LONGEST_ANSWER]
    return (last_line, text_key(last_line) or None) if last_line else None


def same_answer(key: Key, gold: Key) -> bool | None:
    """Whether two keys of one kind agree; None where the text may be read either way."""
    if isinstance(key, Number) and isinstance(gold, Number):
        return same_number(key, gold)
    return key == gold


def answer_key(kind: str, text: str | None, options: Sequence[str]) -> Key | None:
    """A key under which two spellings of one answer are equal, as `18`, `18.0` and `$18` are.

    None where there is no answer. What cannot be read as the kind is compared as text.
    """
    if text is None:
        return None
    key, _ = read_answer(kind, text, options)
    return text_key(text) if key is None else key
