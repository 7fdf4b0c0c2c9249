"""Steps: the equations and comparisons of a rationale, and which of them are true.

    check_steps("She sells 16 - 3 - 4 = 9 eggs. 9 * 2 = 19.")    # one true, one false

A step is `true` where a usual reading of it holds, `false` only where it is surely read and no
reading holds, and `unreadable` otherwise: a variable, an unknown function, units that differ, a
word beside it that may change a number. Each link of a chain `a = b = c` is a step of its own.

A decimal result may be rounded to its own number of places: `10 / 3 = 3.33`. Numbers may be written
as in English or as in German, and several ways of writing the same line are tried. Nothing is
evaluated but the grammar of `expressions.py`; the time is linear in the length of the text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from collate.answers.steps.equality import FALSE, TRUE
from collate.answers.steps.lexer import COMMA, OPERATOR, RELATION, STOP, WORD, Notation, Token
from collate.answers.steps.lines import Line, Side, lines_of
from collate.answers.steps.links import UNREADABLE, Outcome, judge_link
from collate.answers.steps.roles import tokens_of
from collate.answers.steps.words import CHANGING, SUPPOSING

LONGEST_TEXT = 20_000
"""Characters of a text that are looked at."""


@dataclass(frozen=True, slots=True)
class Step:
    """One equation or comparison: its verdict, and where it begins and ends in the text."""

    verdict: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Steps:
    """How many steps of a text are true, false and unreadable, and all of them in order."""

    true: int
    false: int
    unreadable: int
    steps: tuple[Step, ...]


# As these are written, or as in German; which of both is unknown.
_NOTATIONS = (Notation(), Notation(decimal=",", grouping="."))
# Other ways to write, by what has to be in the line.
_OTHER_NOTATIONS = (
    (re.compile(r"\d[, \u00a0]\d"), Notation(apart=True)),
    (re.compile(r"[\d)] ?: ?[\d(]"), Notation(colon_divides=True)),
    (re.compile(r"\d·\d"), Notation(decimal="·")),
)
_HAS_MARK = re.compile(r"\d[.,]\d")
_HAS_RELATION = re.compile(r"[=<>≠≤≥≈~]|equal")


def check_steps(text: str) -> Steps:
    """The steps of a text, by line."""
    steps: list[Step] = []
    for line in lines_of(text[:LONGEST_TEXT]):
        if _HAS_RELATION.search(line.text):
            steps += _steps_of_line(line)
    verdicts = [step.verdict for step in steps]
    return Steps(
        true=verdicts.count(TRUE),
        false=verdicts.count(FALSE),
        unreadable=verdicts.count(UNREADABLE),
        steps=tuple(steps),
    )


def false_steps_in(text: str) -> list[str]:
    """The false steps of a text, as they stand there."""
    return [
        text[step.start : step.end] for step in check_steps(text).steps if step.verdict == FALSE
    ]


def _steps_of_line(line: Line) -> list[Step]:
    notations = _NOTATIONS if _HAS_MARK.search(line.text) else _NOTATIONS[:1]
    outcomes: dict[int, list[Outcome]] = {}
    for notation in notations:
        for outcome in _outcomes(line, notation):
            outcomes.setdefault(outcome.place, []).append(outcome)
    if any(all(each.verdict != TRUE for each in same) for same in outcomes.values()):
        for outcome in _true_in_other_notations(line):
            outcomes.setdefault(outcome.place, []).append(outcome)
    return [
        _step(outcomes[place], line.start)
        for place in sorted(outcomes)
        if any(outcome.has_number for outcome in outcomes[place])
    ]


def _true_in_other_notations(line: Line) -> Iterator[Outcome]:
    """What is true where the line is written in a way that few people write."""
    for pattern, notation in _OTHER_NOTATIONS:
        if not pattern.search(line.text):
            continue
        for outcome in _outcomes(line, notation):
            if outcome.verdict == TRUE:
                # Numbers that are cut within brackets may come out right by chance.
                yield outcome if outcome.is_whole else replace(outcome, verdict=UNREADABLE)


def _step(outcomes: Sequence[Outcome], line_start: int) -> Step:
    """One step out of its readings: any that is true, else all that could be read."""
    for verdict in (TRUE, UNREADABLE, FALSE):
        for outcome in outcomes:
            if outcome.verdict == verdict:
                return Step(verdict, line_start + outcome.start, line_start + outcome.end)
    first = outcomes[0]
    return Step(UNREADABLE, line_start + first.start, line_start + first.end)


def _outcomes(line: Line, notation: Notation) -> Iterator[Outcome]:
    tokens = tokens_of(line.text, notation)
    for sides, relations in _statements(tokens, line):
        is_judged = False
        for left, relation, right in zip(sides, relations, sides[1:], strict=False):
            outcome = judge_link(left, relation, right, in_chain=is_judged, line=line)
            is_judged = is_judged or outcome.is_calculated
            yield outcome


def _statements(tokens: Sequence[Token], line: Line) -> Iterator[tuple[list[Side], list[Token]]]:
    """The sides and relations of every statement between marks of punctuation that has any."""
    denied = line.denied_sentences(tokens)
    sentence, begin = 0, 0
    before: Token | None = None
    is_cut = False
    for place in range(len(tokens) + 1):
        token = tokens[place] if place < len(tokens) else None
        if token is not None and token.kind not in (COMMA, STOP):
            continue
        statement = tokens[begin:place]
        relations = [each for each in statement if each.kind == RELATION]
        if relations:
            is_denied = sentence in denied or any(
                each.kind == WORD and each.text.lower() in SUPPOSING for each in statement
            )
            is_denied = is_denied or _is_changed_behind(tokens[place : place + 2])
            yield _sides(statement, before, token, is_cut, is_denied), relations
        is_cut = token is not None and bool(statement) and not relations
        is_cut = is_cut and _may_go_on(statement[-1], token)
        sentence += token is not None and line.ends_sentence(token)
        begin, before = place + 1, token


def _is_changed_behind(behind: Sequence[Token]) -> bool:
    """Whether a mark and a word after it change a result: "7 / 3 = 2, remainder 1"."""
    if len(behind) < 2 or behind[1].kind != WORD:
        return False
    word = behind[1].text.lower()
    return behind[0].kind == COMMA and (word in CHANGING or word == "or")


def _may_go_on(last: Token, mark: Token | None) -> bool:
    """Whether a statement may go on behind its last token and a mark: "3, 4 + 5", "3 + . 5"."""
    is_list = mark is not None and mark.kind == COMMA and last.value is not None
    return is_list or last.kind == OPERATOR


def _sides(
    statement: Sequence[Token],
    before: Token | None,
    after: Token | None,
    is_cut: bool,
    is_denied: bool,
) -> list[Side]:
    parts: list[list[Token]] = [[]]
    for token in statement:
        if token.kind == RELATION:
            parts.append([])
        else:
            parts[-1].append(token)
    last = len(parts) - 1
    return [
        Side(part, before, after, number == 0, number == last, is_cut, is_denied)
        for number, part in enumerate(parts)
    ]
