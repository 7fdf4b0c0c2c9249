"""The exact value of an expression, under conventions that differ from reader to reader.

Where conventions differ (`6/2(3)`, `-2^2`, `2^3^2`, `50 + 20%`) the value depends on a
`Convention`. Whatever would be long or is not rational raises ArithmeticError.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial

MOST_BITS = 2_000  # of a value's numerator and denominator
LARGEST_FACTORIAL = 50
CLOSE_SLASH = "//"
"""A division without spaces beside its sign, which may be a fraction."""
SLASHES = ("/", CLOSE_SLASH)


@dataclass(frozen=True, slots=True)
class Convention:
    """How what people read differently is read; the defaults are the usual readings."""

    product_first: bool = False
    """6/2(3) is 6/(2(3))."""
    signed_base: bool = False
    """-2^2 is (-2)^2."""
    powers_from_left: bool = False
    """2^3^2 is (2^3)^2."""
    percent_of_left: bool = False
    """50 + 20 % is 50 + 20 % of 50."""
    percent_ignored: bool = False
    """The sign is a unit: 25 * 2 = 50 %."""
    fraction_first: bool = False
    """25 / 1/3 is 25 / (1/3)."""


Value = Callable[[Convention], Fraction]
"""A part of an expression; gives its value, or raises ArithmeticError where it has none."""


def constant(value: Fraction | None) -> Value:
    assert value is not None
    return lambda convention: value


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise OverflowError("the value is too long")
    return value


def sum_of(parts: Sequence[tuple[bool, Value, bool]], convention: Convention) -> Fraction:
    total = Fraction(0)
    for place, (is_negative, part, is_percent) in enumerate(parts):
        value = part(convention)
        if place and is_percent and convention.percent_of_left:
            value *= total
        total = _bounded(total - value if is_negative else total + value)
    return total


def product_of(factors: Sequence[tuple[str, Value]], convention: Convention) -> Fraction:
    values = [(operator, factor(convention)) for operator, factor in factors]
    if convention.product_first:
        grouped: list[tuple[str, Fraction]] = []
        for operator, value in values:
            if operator == "":
                grouped[-1] = grouped[-1][0], _bounded(grouped[-1][1] * value)
            else:
                grouped.append((operator, value))
        values = grouped
    if convention.fraction_first:
        values = _with_fractions(values)
    product = Fraction(1)
    for operator, value in values:
        product = _bounded(product / value if operator in SLASHES else product * value)
    return product


def _with_fractions(values: Sequence[tuple[str, Fraction]]) -> list[tuple[str, Fraction]]:
    """With the divisions that are written as fractions first: 25 / 1/3, or the second of two."""
    signs = [operator for operator, _ in values]
    if "/" not in signs or CLOSE_SLASH not in signs:
        if len(values) != 3:
            return list(values)
        return [values[0], (values[1][0], values[1][1] / values[2][1])]
    grouped: list[tuple[str, Fraction]] = []
    for operator, value in values:
        if operator == CLOSE_SLASH and grouped:
            grouped[-1] = grouped[-1][0], grouped[-1][1] / value
        else:
            grouped.append((operator, value))
    return grouped


def power_of(parts: Sequence[Value], negated: bool, convention: Convention) -> Fraction:
    values = [part(convention) for part in parts]
    signed = negated and convention.signed_base and len(values) > 1
    if signed:
        values[0] = -values[0]
    if convention.powers_from_left:
        value = values[0]
        for exponent in values[1:]:
            value = _raised(value, exponent)
    else:
        value = values[-1]
        for base in reversed(values[:-1]):
            value = _raised(base, value)
    return -value if negated and not signed else value


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if exponent.denominator != 1 or abs(exponent) * bits > MOST_BITS or base == exponent == 0:
        raise OverflowError("such a power is not computed")
    return base ** int(exponent)


def percent_of(value: Value) -> Value:
    return lambda convention: value(convention) / (1 if convention.percent_ignored else 100)


def factorial_of(value: Value) -> Value:
    def of(convention: Convention) -> Fraction:
        number = value(convention)
        if number.denominator != 1 or not 0 <= number <= LARGEST_FACTORIAL:
            raise OverflowError("such a factorial is not computed")
        return Fraction(factorial(int(number)))

    return of
