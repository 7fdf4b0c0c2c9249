"""Whether the numbers of two expressions are equal, rounded, estimated or ordered as stated."""

from fractions import Fraction
from itertools import product
from math import floor

from collate.answers.steps.expressions import Expression
from collate.answers.steps.quantities import Convention

TRUE, FALSE = "true", "false"
NEAR = "near"
"""Not true as it stands, but as people write it: rounded, cut off, or one step after the other."""
_HALF = Fraction(1, 2)
_ESTIMATE = Fraction(1, 10)
"""How far beside its value an estimate is no longer read as one."""
_LOOSE = frozenset({"percent_of_left", "fraction_first"})
"""Conventions by which people write and do not read."""


def numeric_verdict(left: Expression, relation: str, right: Expression) -> str | None:
    """The verdict on the numbers alone; None where a side has no value."""
    has_percent = left.is_percent or right.is_percent
    verdicts = []
    for ignored in (False, True) if has_percent else (False,):
        verdict = _verdict_of_conventions(left, relation, right, ignored)
        if verdict is None or verdict == TRUE:
            return verdict
        verdicts.append(verdict)
    for loose in _LOOSE & (left.ambiguous | right.ambiguous):
        verdicts.append(_compare(left, relation, right, Convention(**{loose: True})) or FALSE)
    return FALSE if set(verdicts) == {FALSE} else NEAR


def _verdict_of_conventions(
    left: Expression, relation: str, right: Expression, ignored: bool
) -> str | None:
    """One verdict where all conventions agree on it, else `NEAR`."""
    names = sorted((left.ambiguous | right.ambiguous) - _LOOSE)
    verdicts = set()
    for choice in product((False, True), repeat=len(names)):
        convention = Convention(**dict(zip(names, choice, strict=True)), percent_ignored=ignored)
        verdicts.add(_compare(left, relation, right, convention))
    if None in verdicts:
        return None
    return verdicts.pop() if len(verdicts) == 1 else NEAR


def value_of(expression: Expression, convention: Convention) -> Fraction | None:
    try:
        return expression.value(convention)
    except ArithmeticError:
        return None


def _compare(
    left: Expression, relation: str, right: Expression, convention: Convention
) -> str | None:
    left_value, right_value = value_of(left, convention), value_of(right, convention)
    if left_value is None or right_value is None:
        return None
    match relation:
        case "=":
            return _equality(left, left_value, right, right_value, convention)
        case "≈":
            return _approximation(left_value, right, right_value, convention)
        case "<":
            holds = left_value < right_value
        case ">":
            holds = left_value > right_value
        case "≤":
            holds = left_value <= right_value
        case "≥":
            holds = left_value >= right_value
        case _:
            holds = left_value != right_value
    return TRUE if holds else FALSE


def _equality(
    left: Expression,
    left_value: Fraction,
    right: Expression,
    right_value: Fraction,
    convention: Convention,
) -> str:
    if left_value == right_value:
        return TRUE
    if left.is_bare and right.is_bare:
        return NEAR if _rounds_to(left_value, right_value, right, convention) else FALSE
    for exact, exact_value, rounded, rounded_value in (
        (left, left_value, right, right_value),
        (right, right_value, left, left_value),
    ):
        if not rounded.is_bare or exact.is_bare:
            continue
        places = _places(rounded, convention)
        if _rounds_to(exact_value, rounded_value, rounded, convention):
            # 2.5 * 2.5 = 6 is rounded, 10 / 3 = 3 is not.
            return TRUE if places else FALSE if exact.all_whole else NEAR
        is_float = places >= 10 and abs(exact_value - rounded_value) <= abs(exact_value) / 10**9
        if is_float:  # 0.1 + 0.2 = 0.30000000000000004
            return NEAR
        if places and floor(abs(exact_value) * 10**places) == abs(rounded_value) * 10**places:
            return NEAR
    return FALSE


def _places(expression: Expression, convention: Convention) -> int:
    """The decimal places of a number as it is written, 2 more for one of per cent."""
    assert expression.literal is not None
    is_share = expression.is_percent and not convention.percent_ignored
    return expression.literal.decimals + 2 * is_share


def _rounds_to(
    exact: Fraction, rounded: Fraction, expression: Expression, convention: Convention
) -> bool:
    """Whether it is the nearest of so many places; of two as near, the larger or the even one."""
    scale = 10 ** _places(expression, convention)
    gap = abs(exact - rounded) * scale
    is_even = (rounded * scale) % 2 == 0
    return gap < _HALF or (gap == _HALF and (abs(rounded) > abs(exact) or is_even))


def _approximation(
    exact: Fraction, right: Expression, estimate: Fraction, convention: Convention
) -> str:
    """An estimate is true within the rounding of its last digit that is not 0."""
    if exact == estimate:
        return TRUE
    unit = Fraction(1)
    if right.is_bare:
        unit = Fraction(1, 10 ** _places(right, convention))
        while unit >= 1 and estimate and (estimate / (unit * 10)).denominator == 1:
            unit *= 10
    gap = abs(exact - estimate)
    if right.is_bare and gap <= unit / 2:
        return TRUE
    return FALSE if gap > max(unit, _ESTIMATE * max(abs(exact), abs(estimate))) else NEAR
