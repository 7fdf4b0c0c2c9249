"""Judging one rationale: right, wrong or unknown, and why.

The strict reading takes what stands behind the marker on its line (`#### 18`). The verdict is
`unknown`, never `wrong`, where no answer is stated, where several different ones are, or where the
stated one cannot be read as the kind of answer that the task has. The lenient reading takes the
last thing in the text that could be an answer, so that a gain in following the form can be told
from a gain in reasoning.

The reason of an unknown verdict begins with one of

    no stated answer            nothing stands behind a marker
    states several answers:     and how many different ones
    cannot be read:             what is stated is no answer of the kind, or denied, and why
    the verifier gave up:       a limit was met, and which

Texts come from a model. Every pattern is linear and what is read is capped; besides, a `Verifier`
runs all this in child processes with limits. Nothing here imports more than the standard library.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from collate.answers.numbers import LONGEST
from collate.answers.reading import Key, last_answer, read_answer, read_gold, same_answer, text_key
from collate.verdicts import RIGHT, UNKNOWN, WRONG

NO_ANSWER = "no stated answer"
SEVERAL = "states several answers"
UNREADABLE = "cannot be read"
GAVE_UP = "the verifier gave up"
MOST_MARKERS = 1000  # in one rationale
MOST_STATEMENTS = 32  # different answers stated in one rationale that are read at all
LONGEST_TEXT = 2_000_000  # characters of a rationale
LONGEST_CLAUSE = 100  # characters before a marker that may deny what stands behind it

# Only what a reader sees as the end of a line; `splitlines` takes invisible separators too.
_LINE_ENDS = dict.fromkeys(map(ord, "\r\v\f\x85\u2028\u2029"), "\n")
# "It is not ####", "the wrong answer is ####", but not "he did not use any ####".
_DENIED = re.compile(
    r"(?i)(?:\b(?:not|never|nor|cannot|wrong|incorrect|mistaken?|except|anything but|all but"
    r"|(?:other|rather) than|instead of|far from)\b|n['’]t\b)[^\w.;!?,]*"
    r"(?:\b(?:the|an?|my|our|right|correct|final|real|true|answer|option|choice|result|is|be|was"
    r"|it|to|say|state|write|simply|just|really|as)\b[^\w.;!?,]*)*$"
)


@dataclass(frozen=True)
class Judgement:
    """What the verifier says of one rationale.

    `stated` is the answer in the form asked for, or None where none or several different ones are
    stated; `verdict` judges it, and `reason` says why. `found` is the answer found anywhere, or
    None; `found_verdict` judges that.
    """

    verdict: str
    stated: str | None
    reason: str
    found: str | None
    found_verdict: str


def judge_text(
    kind: str, marker: str, text: str, gold: str, options: Sequence[str] = ()
) -> Judgement:
    """The judgement of one rationale, made in this process.

    Raises ValueError where the gold answer cannot be read as the kind.
    """
    gold_key = read_gold(kind, gold, options)
    if len(text) > LONGEST_TEXT:
        reason = f"{GAVE_UP}: longer than {LONGEST_TEXT} characters"
        return Judgement(UNKNOWN, None, reason, None, UNKNOWN)
    if text.count(marker.strip()) > MOST_MARKERS:
        reason = f"{GAVE_UP}: more than {MOST_MARKERS} markers"
        return Judgement(UNKNOWN, None, reason, None, UNKNOWN)
    statements = _statements(text, marker.strip())
    if not statements:
        found = last_answer(kind, text, options)
        said, key = found or (None, None)
        return Judgement(UNKNOWN, None, NO_ANSWER, said, _verdict(key, gold_key)[0])
    different = list(dict.fromkeys(statements))
    readings = {one: _read(kind, one, options) for one in different[:MOST_STATEMENTS]}
    distinct = {
        text_key(one.text[:LONGEST]) if key is None else key for one, (key, _) in readings.items()
    }
    last = statements[-1]
    key, reason = readings.get(last) or _read(kind, last, options)
    verdict, agreement = _verdict(key, gold_key)
    shown = last.text[:LONGEST]
    if len(different) > MOST_STATEMENTS or len(distinct) > 1:
        count = len(distinct) if len(different) <= MOST_STATEMENTS else f"over {MOST_STATEMENTS}"
        return Judgement(UNKNOWN, None, f"{SEVERAL}: {count} different", shown, verdict)
    return Judgement(
        verdict, shown, f"{UNREADABLE}: {reason}" if reason else agreement, shown, verdict
    )


def cut_answer(text: str, marker: str) -> str:
    """The rationale without its stated answer: all from the first marker with an answer behind it.

    What stands before the marker on its line stays where it holds a word or a digit. Blanks at
    both ends are taken off. A text that states no answer comes back whole.
    """
    marker = marker.strip()
    for offset, line in _marked_lines(text, marker):
        if _behind(line, marker):
            before = line[: line.find(marker)]
            return (text[:offset] + (before if any(map(str.isalnum, before)) else "")).strip()
    return text.strip()


class _Statement(NamedTuple):
    """What stands behind a marker, and whether the words right before it deny it."""

    text: str
    denied: bool


def _read(kind: str, one: _Statement, options: Sequence[str]) -> tuple[Key | None, str]:
    return (None, "denied") if one.denied else read_answer(kind, one.text, options)


def _statements(text: str, marker: str) -> list[_Statement]:
    return [one for _, line in _marked_lines(text, marker) for one in _behind(line, marker)]


def _marked_lines(text: str, marker: str) -> Iterator[tuple[int, str]]:
    """The lines that hold the marker, each with its place in the text."""
    text = text.translate(_LINE_ENDS)
    place = text.find(marker)
    while place >= 0:
        start, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
        end = len(text) if end < 0 else end
        yield start, text[start:end]
        place = text.find(marker, end)


def _behind(line: str, marker: str) -> list[_Statement]:
    """The non-empty texts behind each marker of a line; "#####" counts as a marker "####"."""
    sign = "" if marker[-1].isalnum() else marker[-1]
    pieces = line.split(marker)
    said = [piece.lstrip(sign).strip(" \t\r\n*`") for piece in pieces[1:]]
    return [
        _Statement(one, bool(before and _DENIED.search(before[-LONGEST_CLAUSE:])))
        for before, one in zip(pieces, said, strict=False)
        if one
    ]


def _verdict(key: Key | None, gold: Key) -> tuple[str, str]:
    if key is None:
        return UNKNOWN, UNREADABLE
    same = same_answer(key, gold)
    if same is None:
        return UNKNOWN, "equals the gold answer under a less usual reading only"
    return (RIGHT, "equals the gold answer") if same else (WRONG, "differs from the gold answer")


def judge_request(request: list) -> list[str | None]:
    """What the child processes run: arguments of `judge_text` in, fields of `Judgement` out."""
    judgement = judge_text(*request)
    return [getattr(judgement, field.name) for field in fields(Judgement)]
