"""Whether one equation or comparison is true, by its sides and what stands around them."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import factorial, floor

from collate.answers.steps.equality import FALSE, NEAR, TRUE, numeric_verdict, value_of
from collate.answers.steps.expressions import Expression, expression_at
from collate.answers.steps.lexer import CLOSE, NUMBER, ODD, OPEN, OPERATOR, STOP, WORD, Token
from collate.answers.steps.lines import Line, Side
from collate.answers.steps.phrases import matching_brackets, unit_words
from collate.answers.steps.quantities import Convention
from collate.answers.steps.surroundings import (
    NOT_READ,
    SURE,
    is_letter,
    left_state,
    right_state,
    units_agree,
)

UNREADABLE = "unreadable"
_LETTERS_OF_UNITS = frozenset("mglLshtkKMCFVWJN°¢")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one reading of a line says of the relation at a place.

    `verdict` is None where this reading finds no expression. `start` and `end` are those of the
    step, `has_number` says that there is a number beside the relation, `is_calculated` that one
    of its sides is more than a number, and `is_whole` that no bracket opens or closes beyond it.
    """

    place: int
    verdict: str | None
    start: int
    end: int
    has_number: bool
    is_calculated: bool
    is_whole: bool


def judge_link(
    left_side: Side, relation: Token, right_side: Side, *, in_chain: bool, line: Line
) -> Outcome:
    """The verdict on one relation. `in_chain` says that a link before it was calculated."""
    left, right = _last_expression(left_side), _first_expression(right_side)
    has_number = any(
        token.kind == NUMBER for side in (left_side, right_side) for token in side.tokens
    )
    if left is None or right is None:
        return Outcome(relation.start, None, relation.start, relation.end, has_number, False, False)
    verdict = _verdict(left, relation, right, (left_side, right_side), in_chain, line)
    if verdict != TRUE and any(_is_of_other_notation(side) for side in (left_side, right_side)):
        verdict = None
    return Outcome(
        place=relation.start,
        verdict=verdict,
        start=left_side.tokens[left.start].start,
        end=right_side.tokens[right.end - 1].end,
        has_number=True,
        is_calculated=verdict is not None and not (left.is_bare and right.is_bare),
        is_whole=_has_whole_brackets(left_side) and _has_whole_brackets(right_side),
    )


def _has_whole_brackets(side: Side) -> bool:
    count = sum(token.kind in (OPEN, CLOSE) for token in side.tokens)
    return len(matching_brackets(side.tokens)) == count


def _is_of_other_notation(side: Side) -> bool:
    """Whether a number is written in another notation: 1,50 where the decimal mark is a point."""
    return any(token.kind == ODD and token.text[0].isdecimal() for token in side.tokens)


def _first_expression(side: Side) -> Expression | None:
    return expression_at(side.tokens, 0, matching_brackets(side.tokens)) if side.tokens else None


def _last_expression(side: Side) -> Expression | None:
    """The expression that a side ends with, with at most a unit behind it."""
    tokens = side.tokens
    partners = matching_brackets(tokens)
    place = 0
    while place < len(tokens):
        expression = expression_at(tokens, place, partners)
        if expression is None:
            is_bracket = tokens[place].kind == OPEN and partners.get(place, -1) > place
            place = partners[place] + 1 if is_bracket else place + 1
        elif expression.end + unit_words(tokens, expression.end) == len(tokens):
            return expression
        else:
            place = expression.end
    return None


def _verdict(
    left: Expression,
    relation: Token,
    right: Expression,
    sides: tuple[Side, Side],
    in_chain: bool,
    line: Line,
) -> str | None:
    left_side, right_side = sides
    before = left_state(left_side, left, line)
    following = None if right_side.is_last else _last_expression(right_side)
    behind = right_state(right_side, right, following, line)
    if NOT_READ in (before, behind):
        return UNREADABLE
    both_bare = left.is_bare and right.is_bare
    if left.is_bare and left.start and relation.text in "=≈":
        return UNREADABLE
    if _has_variable(left, left_side) or _has_variable(right, right_side):
        return UNREADABLE
    numeric = numeric_verdict(left, relation.text, right)
    if numeric is None or numeric == TRUE:
        return numeric or UNREADABLE
    for other in _other_lefts(left_side, left) if relation.text in "=≈" else ():
        verdict = numeric_verdict(other.expression, relation.text, right)
        if verdict == TRUE:
            return TRUE if other.is_usual else UNREADABLE
    if _is_factorial(left, right, right_side) or (
        relation.text == "!=" and _is_exclaimed(left, right)
    ):
        return TRUE
    is_legend = both_bare and relation.text in "=≈" and not in_chain
    if numeric == NEAR or is_legend or left_side.is_denied or before != SURE or behind != SURE:
        return UNREADABLE
    if _goes_on(left, right, right_side):
        return UNREADABLE
    values = left.value(Convention()), right.value(Convention())
    if line.names_remainder and floor(values[0]) == values[1] < values[0]:  # 7 / 3 = 2, rest 1
        return UNREADABLE
    return FALSE if units_agree(left, right, sides, values) else UNREADABLE


def _has_variable(expression: Expression, side: Side) -> bool:
    """Whether an expression has a letter behind a number: 2x, 8 p."""
    behind = side.tokens[expression.end : expression.end + 1]
    letters = [unit for unit in expression.units if is_letter(unit)]
    letters += [
        token.text for token in behind
        if token.kind == WORD and is_letter(token.text)
    ]  # fmt: skip
    return any(letter not in _LETTERS_OF_UNITS for letter in letters)


# Other readings of what stands there --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Other:
    """Another expression for the left side; `is_usual` where people often write it so."""

    expression: Expression
    is_usual: bool


def _other_lefts(side: Side, left: Expression) -> Iterator[_Other]:
    """Without the mark of a list in front: "- 5 + 3 = 8", "Step 1 - 5 + 3 = 8"."""
    tokens, start = side.tokens, left.start
    if not side.is_first or (start and tokens[start - 1].kind != WORD):
        return
    partners = matching_brackets(tokens)
    if tokens[start].kind == OPERATOR and start + 1 < len(tokens):
        rest = expression_at(tokens, start + 1, partners)
        if rest is not None and rest.end == left.end and not rest.is_bare:
            yield _Other(rest, is_usual=tokens[start + 1].spaced)
    elif tokens[start].kind == NUMBER and start + 2 < len(tokens):
        dash = tokens[start + 1]
        rest = expression_at(tokens, start + 2, partners) if dash.text in "-–" else None
        if dash.spaced and rest is not None and rest.end == left.end and not rest.is_bare:
            yield _Other(rest, is_usual=False)


def _is_factorial(left: Expression, right: Expression, side: Side) -> bool:
    """`2 * 3 = 3!` at the end of a sentence."""
    mark = side.after
    is_marked = mark is not None and mark.kind == STOP and mark.text == "!" and not mark.spaced
    if not is_marked or right.end != len(side.tokens):
        return False
    return value_of(left, Convention()) == _factorial(value_of(right, Convention()))


def _is_exclaimed(left: Expression, right: Expression) -> bool:
    """`3!=6`, which is read as `3 != 6` too."""
    return _factorial(value_of(left, Convention())) == value_of(right, Convention())


def _factorial(value: Fraction | None) -> int | None:
    is_small = value is not None and value.denominator == 1 and 0 <= value <= 20
    return factorial(int(value)) if is_small and value is not None else None


def _goes_on(left: Expression, right: Expression, side: Side) -> bool:
    """Whether the right side goes on from the result: `5 + 3 = 8 * 2 = 16`."""
    ends_clearly = side.is_last and right.end == len(side.tokens)
    if right.is_bare or (ends_clearly and (side.after is None or side.after.text in ".;!")):
        return False
    try:
        return right.lead(Convention()) == left.value(Convention())
    except ArithmeticError:
        return False
