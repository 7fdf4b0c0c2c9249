"""Reading answers of the five kinds into keys to compare.

    kind      what is read                                       key
    number    one number (`number_statements.py`)                a `Number`, exact
    choice    a letter or the text of an option (`choices.py`)   the option's letter
    boolean   yes/no or true/false (`booleans.py`)               "yes" or "no"
    text      anything (`texts.py`)                              the text without case, quotes, ...
    math      a number, or an expression (`mathematics.py`)      a `Number`, or the text

`read_answer` reads a stated answer strictly: it must be the answer and nothing that contradicts it.
`last_answer` searches a whole rationale for the last thing that could be an answer. `same_answer`
compares the key of either with that of a gold answer (`read_gold`).

Every pattern of this folder is linear in the length of the text, and what is read as an answer is
capped first: the text comes from a model.
"""

import re
from collections.abc import Sequence
from string import ascii_uppercase

from collate.answers.booleans import first_boolean, last_boolean, read_boolean
from collate.answers.choices import first_choice, last_choice, read_choice
from collate.answers.lexicon import Lexicon, lexicon
from collate.answers.mathematics import is_mathematics, same_mathematics
from collate.answers.number_statements import first_number, last_number, read_number
from collate.answers.numbers import Number, same_number
from collate.answers.statements import last_introduced
from collate.answers.texts import (
    LONGEST_ANSWER,
    read_text,
    same_text,
    text_key,
    without_format_characters,
    without_introduction,
)

KINDS = ("number", "choice", "boolean", "text", "math")
MATHEMATICS = "math"
Key = Number | str
LONGEST_SEARCHED = 20_000  # characters of the end of a text in which an answer is looked for
UNREAD = "? "  # begins the key of what is stated and cannot be read

# A stroke through a character ("1̶2̶") or around one, or Markdown's "~~12~~".
_STRUCK_OUT = re.compile(r"[\u0334-\u0338\u20d2\u20d3\u20d8-\u20da\u20dd-\u20eb]|~~")
# Control characters, as in "12\x0813" or "\x1b[8m12" (tab and line ends are none); line ends that a
# screen does not show; and bidirectional overrides, which show another order of characters than the
# one that is compared.
_CONTROL_CHARACTER = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e]")


def read_answer(
    kind: str, text: str, options: Sequence[str], words: Lexicon
) -> tuple[Key | None, str]:
    """What a stated answer says, as (key, ""), or as (None, reason) where it cannot be read."""
    if len(text) > LONGEST_ANSWER:
        return None, f"longer than {LONGEST_ANSWER} characters"
    if _CONTROL_CHARACTER.search(text):
        return None, "control characters in it"
    if kind != "text" and _STRUCK_OUT.search(text):
        return None, "struck out"
    if kind != "text" and text.rstrip().endswith(("?", "？", "؟")):
        return None, "a question"
    if kind == "number":
        number = read_number(without_format_characters(text), words)
        return (None, number) if isinstance(number, str) else (number, "")
    if kind == "choice":
        return read_choice(text, options, words)
    if kind == "boolean":
        return read_boolean(text, words)
    if kind == MATHEMATICS:
        number = read_number(without_format_characters(text), words)
        is_factorial = "!" in text
        if isinstance(number, Number) and not is_factorial:
            return number, ""
        statement = without_introduction(text, words)
        return (statement, "") if text_key(statement) else (None, "nothing but punctuation")
    key = read_text(text, words)
    return (key, "") if key else (None, "nothing but punctuation")


def read_gold(
    kind: str, gold: str, options: Sequence[str], languages: Sequence[str] = ("en",)
) -> Key:
    """The key of a gold answer; that of a choice is its letter.

    Raises ValueError, with what was expected, where it cannot be read as the kind.
    """
    if kind not in KINDS:
        raise ValueError(f"an answer is one of {', '.join(KINDS)}; found {kind!r}")
    if kind != "choice":
        key, reason = read_answer(kind, gold, (), lexicon(tuple(languages)))
        if key is None and kind == "boolean":  # labels are "yes" and "true" in any language
            key, reason = read_answer(kind, gold, (), lexicon(("en",)))
        if key is None:
            raise ValueError(f"gold answer {gold[:80]!r} cannot be read as {kind}: {reason}")
        return key
    letters = ascii_uppercase[: len(options)] if options else ascii_uppercase
    if len(gold) != 1 or gold not in letters:
        raise ValueError(
            f"gold answer {gold[:80]!r} is no letter from {letters[0]} to {letters[-1]}"
        )
    return gold


def same_gold(kind: str, first: str, second: str, languages: Sequence[str] = ("en",)) -> bool:
    """Whether two gold answers may be one, as `8` and `8.0` are.

    Mathematics is compared as numbers and texts alone. Raises ValueError where one of them cannot
    be read as the kind.
    """
    keys = [read_gold(kind, gold, (), languages) for gold in (first, second)]
    are_numbers = all(isinstance(key, Number) for key in keys)
    if kind == MATHEMATICS and not are_numbers:
        return text_key(first) == text_key(second)
    return same_answer(kind, keys[0], keys[1], lexicon(tuple(languages))) is not False


def last_answer(
    kind: str, text: str, options: Sequence[str], words: Lexicon
) -> tuple[str, Key | None] | None:
    """The last thing in a text that could be an answer, as it stands there, and its key.

    Only the last `LONGEST_SEARCHED` characters are looked at. An answer that is introduced ("The
    answer is 5 (see step 3).", `\\boxed{5}`) comes before all that follows it. None where there is
    no answer. Of a text of kind `text` that is the whole last line.
    """
    text = text[-LONGEST_SEARCHED:]
    introduced = last_introduced(kind, text, words)
    if introduced is not None:
        found = _first_answer(kind, introduced.text, options, words)
        if found is not None:
            return (found[0], None) if introduced.denied else found
    if kind == "number":
        number = last_number(text, words)
        if number is None:
            return None
        return number[0], _readable(number[1])
    if kind == "choice":
        return last_choice(text, options, words)
    if kind == "boolean":
        return last_boolean(text, words)
    last_line = text.rstrip().rpartition("\n")[2].strip()[:LONGEST_ANSWER]
    return (last_line, read_text(last_line, words) or None) if last_line else None


def _first_answer(
    kind: str, sentence: str, options: Sequence[str], words: Lexicon
) -> tuple[str, Key | None] | None:
    """The answer with which an introduced sentence begins; None where it begins with none."""
    if kind == "number":
        number = first_number(sentence, words)
        return None if number is None else (number[0], _readable(number[1]))
    if kind == "choice":
        return first_choice(sentence, options, words)
    if kind == "boolean":
        return first_boolean(sentence, words)
    return None


def _readable(number: Number | str) -> Number | None:
    return None if isinstance(number, str) else number


def same_answer(kind: str, key: Key, gold: Key, words: Lexicon) -> bool | None:
    """Whether two keys of one kind agree; None where the text may be read either way."""
    if isinstance(key, Number) and isinstance(gold, Number):
        return same_number(key, gold)
    if kind == MATHEMATICS:
        stated_text, gold_text = key_text(key, ""), key_text(gold, "")
        if text_key(stated_text) == text_key(gold_text):
            return True
        if is_mathematics(gold_text, words):
            return same_mathematics(stated_text, gold_text, words)
        return same_text(text_key(stated_text), text_key(gold_text), words)
    return same_text(str(key), str(gold), words) if kind == "text" else key == gold


def key_text(key: Key | None, text: str) -> str:
    """A text under which two spellings of one answer are equal, as `18`, `18.0` and `$18` are.

    What cannot be read as the kind (`key` is None) is compared as text, and equals nothing that can
    be.
    """
    if key is None:
        return UNREAD + text_key(text[:LONGEST_ANSWER])
    if isinstance(key, Number):
        return f"{key.value}%" if key.percent else str(key.value)
    return key
