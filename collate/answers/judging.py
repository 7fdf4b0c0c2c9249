"""What counts as right: the judgement of one rationale, to be read from top to bottom.

A rationale states its answer behind a marker, on the marker's line: `#### 18`. Where it does so
once (or several times the same), the stated answer is read as the task's kind of answer and
compared with the gold answer. That is the strict reading. Its verdict is `right`, `wrong` or
`unknown`; it is `unknown`, never `wrong`, where one cannot tell what the rationale answers. The
reason of an unknown verdict begins with one of

    no stated answer            nothing stands behind a marker
    states several answers:     and how many different ones
    cannot be read:             what is stated is no answer of the kind, or denied, and why
    the verifier gave up:       a limit was met, and which

or says that the answer equals the gold answer under a less usual reading only (`5k` and 5000).

The lenient reading takes the last stated answer, or where none is stated the last thing in the text
that could be one, so that a gain in following the form can be told from a gain in reasoning.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from collate.answers.reading import Key, last_answer, read_answer, read_gold, same_answer
from collate.answers.words import LONGEST_ANSWER, text_key
from collate.verdicts import RIGHT, UNKNOWN, WRONG

NO_ANSWER = "no stated answer"
SEVERAL = "states several answers"
UNREADABLE = "cannot be read"
GAVE_UP = "the verifier gave up"

# A model may write anything: these keep the work on one rationale small.
LONGEST_TEXT = 2_000_000  # characters of a rationale
MOST_MARKERS = 1000  # in one rationale
MOST_STATEMENTS = 32  # different answers stated in one rationale that are read at all
LONGEST_CLAUSE = 100  # characters before a marker that may deny what stands behind it


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
    marker = marker.strip()
    if len(text) > LONGEST_TEXT:
        return gave_up(f"longer than {LONGEST_TEXT} characters")
    if text.count(marker) > MOST_MARKERS:
        return gave_up(f"more than {MOST_MARKERS} markers")
    statements = _statements(text, marker)
    if statements:
        return _judge_statements(kind, statements, gold_key, options)
    # The strict reading has nothing to read; the lenient one searches the whole text.
    found, found_key = last_answer(kind, text, options) or (None, None)
    found_verdict, _ = _compare(found_key, gold_key)
    return Judgement(UNKNOWN, None, NO_ANSWER, found, found_verdict)


def _judge_statements(
    kind: str, statements: "Sequence[_Statement]", gold_key: Key, options: Sequence[str]
) -> Judgement:
    """The judgement of a rationale that states at least one answer, from all that it states."""
    last = statements[-1].text[:LONGEST_ANSWER]
    last_key, unreadable_reason = _read_statement(kind, statements[-1], options)
    last_verdict, comparison = _compare(last_key, gold_key)
    different = _count_different(kind, statements, options)
    if different > 1:
        count = different if different <= MOST_STATEMENTS else f"over {MOST_STATEMENTS}"
        return Judgement(UNKNOWN, None, f"{SEVERAL}: {count} different", last, last_verdict)
    reason = f"{UNREADABLE}: {unreadable_reason}" if last_key is None else comparison
    return Judgement(last_verdict, last, reason, last, last_verdict)


def _compare(key: Key | None, gold_key: Key) -> tuple[str, str]:
    """The verdict on an answer, and the reason. An answer that could not be read has no key."""
    if key is None:
        return UNKNOWN, UNREADABLE
    same = same_answer(key, gold_key)
    if same is None:
        return UNKNOWN, "equals the gold answer under a less usual reading only"
    return (RIGHT, "equals the gold answer") if same else (WRONG, "differs from the gold answer")


def _count_different(kind: str, statements: "Sequence[_Statement]", options: Sequence[str]) -> int:
    """How many different answers are stated: "7" and "7.0" are one. Many are not read but counted
    by their texts, so that the number is above `MOST_STATEMENTS` at least."""
    different_texts = list(dict.fromkeys(statements))
    if len(different_texts) > MOST_STATEMENTS:
        return len(different_texts)
    answers: set[Key] = set()
    for statement in different_texts:
        key, _ = _read_statement(kind, statement, options)
        answers.add(text_key(statement.text[:LONGEST_ANSWER]) if key is None else key)
    return len(answers)


def _read_statement(
    kind: str, statement: "_Statement", options: Sequence[str]
) -> tuple[Key | None, str]:
    """The key of a stated answer and "", or None and the reason why it cannot be read."""
    return (None, "denied") if statement.denied else read_answer(kind, statement.text, options)


# Where answers are stated.


class _Statement(NamedTuple):
    """What stands behind a marker, and whether the words right before the marker deny it."""

    text: str
    denied: bool


# Only what a reader sees as the end of a line; `splitlines` takes invisible separators too.
_LINE_ENDS = dict.fromkeys(map(ord, "\r\v\f\x85\u2028\u2029"), "\n")
# Words that deny what follows: "It is not ####", "the wrong answer is ####", "I'd never say ####",
# but not "he did not use any ####": between the denial and the marker stand only the words listed.
_DENIED = re.compile(
    r"(?i)(?:\b(?:not|never|nor|cannot|wrong|incorrect|mistaken?|except|anything but|all but"
    r"|(?:other|rather) than|instead of|far from)\b|n['’]t\b)[^\w.;!?,]*"
    r"(?:\b(?:the|an?|my|our|right|correct|final|real|true|answer|option|choice|result|is|be|was"
    r"|it|to|say|state|write|simply|just|really|as)\b[^\w.;!?,]*)*$"
)


def cut_answer(text: str, marker: str) -> str:
    """The rationale without its stated answer: all from the first marker with an answer behind it.

    What stands before the marker on its line stays where it holds a word or a digit. Blanks at
    both ends are taken off. A text that states no answer comes back whole.
    """
    marker = marker.strip()
    for line_start, line in _marked_lines(text, marker):
        if _statements_of_line(line, marker):
            before_marker = line[: line.find(marker)]
            if not any(map(str.isalnum, before_marker)):  # the "**" of "**#### 18**"
                before_marker = ""
            return (text[:line_start] + before_marker).strip()
    return text.strip()


def _statements(text: str, marker: str) -> list[_Statement]:
    """Everything that is stated behind a marker, in its order."""
    statements = []
    for _, line in _marked_lines(text, marker):
        statements += _statements_of_line(line, marker)
    return statements


def _marked_lines(text: str, marker: str) -> Iterator[tuple[int, str]]:
    """The lines that hold the marker, each with where it starts in the text."""
    text = text.translate(_LINE_ENDS)
    marker_start = text.find(marker)
    while marker_start >= 0:
        line_start = text.rfind("\n", 0, marker_start) + 1
        line_end = text.find("\n", marker_start)
        if line_end < 0:
            line_end = len(text)
        yield line_start, text[line_start:line_end]
        marker_start = text.find(marker, line_end)


def _statements_of_line(line: str, marker: str) -> list[_Statement]:
    """The statements of one line: what stands behind each marker in it, if it is not empty."""
    # "##### 18" counts as a marker "####": repetitions of its last sign belong to it.
    repeated_sign = "" if marker[-1].isalnum() else marker[-1]
    before, *behind_markers = line.split(marker)
    statements = []
    for behind in behind_markers:
        stated = behind.lstrip(repeated_sign).strip(" \t\r\n*`")
        if stated:
            denied = _DENIED.search(before[-LONGEST_CLAUSE:]) is not None
            statements.append(_Statement(stated, denied))
        before = behind
    return statements


# For the verifier's child processes.


def gave_up(limit: str) -> Judgement:
    """The judgement of a rationale that met a limit."""
    return Judgement(UNKNOWN, None, f"{GAVE_UP}: {limit}", None, UNKNOWN)


def judge_request(request: list) -> list[str | None]:
    """What the child processes run: arguments of `judge_text` in, fields of `Judgement` out."""
    judgement = judge_text(*request)
    return [getattr(judgement, field.name) for field in fields(Judgement)]
