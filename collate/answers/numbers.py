r"""What one number is worth, exactly, and whether two are the same.

A `Number` is an exact Fraction, never a float.

Separators: a comma before groups of three digits separates thousands (`1,234`) and a single dot is
a decimal point (`1.234`), as the common data sets write them; `1.234,5` and `1.234.567` can only
follow the other convention and are read so; `1,5` is 1.5. Where all languages of a task write a
decimal comma, `1.234` is a thousand and more. What such a text would be under the other convention
is kept in `alternates`, and so is `5k` as 5000 or `50 cents` as 0.5: an answer that agrees with the
gold answer only there is `unknown`, not `wrong`.

Percent: `50%` equals a gold `50%` or `50`, and `0.5` equals a gold `50%`. A stated `50%` against a
gold `0.5` is `unknown`, since the question may have asked for either.
"""

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

MOST_DIGITS = 300  # of one number; exponents are limited by the same
_LETTER_SCALES = {"k": 10**3, "m": 10**6, "b": 10**9}

# Conventions of separators; each reads a whole number.
# 1 234 567    1'234.56    1_234,5
_SPACED_GROUPS = re.compile(r"\d{1,3}(?:([ '_])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
# 1234    1.5    .5
_PLAIN_DIGITS = re.compile(r"\d*\.?\d+")
# 1.234, which is 1234 under the other convention; not 0.234
_DOT_BEFORE_THREE_DIGITS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
# 1,234,567.8    12,34,567 (as in India)
_COMMA_GROUPS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?|[1-9]\d?(,\d\d)+,\d{3}(\.\d+)?")
# 1.234,5    1.234.567
_DOT_GROUPS = re.compile(r"[1-9]\d{0,2}(\.\d{3})+,\d+|[1-9]\d{0,2}(\.\d{3}){2,}")
# 1.234    1,234, which mean different numbers where the comma is the decimal sign
_ONE_SEPARATOR = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
# 1,5    0,234
_ONE_COMMA = re.compile(r"\d+,\d+")

# A gold answer such as 0.7000000000000001 is what a computer made of a number that was written.
_COMPUTED_DIGITS, _WRITTEN_DIGITS = 15, 10


@dataclass(frozen=True)
class Number:
    """One exact number, whether a percent sign stood behind it, and what else it may have meant."""

    value: Fraction
    percent: bool = False
    alternates: frozenset[Fraction] = field(default=frozenset(), compare=False)


def same_number(stated: Number, gold: Number) -> bool | None:
    """Whether two numbers are equal; None where they are so only under a less usual reading."""
    usual, doubtful = {stated.value}, set(stated.alternates)
    if gold.percent and not stated.percent:
        usual.add(stated.value * 100)
    if stated.percent and not gold.percent:
        doubtful.add(stated.value / 100)
    if not usual.isdisjoint({gold.value, _as_written(gold.value)}):
        return True
    return None if gold.value in doubtful else False


@cache
def _as_written(value: Fraction) -> Fraction:
    """The number of few digits that was meant by one with the tail of a computation.

    0.7000000000000001 is 0.7, and 2.549999952316284, a float of 32 bits, is 2.55.
    """
    if value.denominator == 1 or abs(value) > 10**_COMPUTED_DIGITS:
        return value
    as_double = float(value)
    if len(repr(as_double).lstrip("-0.").replace(".", "")) < _COMPUTED_DIGITS:
        return value
    for digits in range(1, _WRITTEN_DIGITS):
        written = float(f"{as_double:.{digits}g}")
        is_same_single = struct.pack("f", written) == struct.pack("f", as_double)
        is_single = struct.unpack("f", struct.pack("f", as_double))[0] == as_double
        if (is_single and is_same_single) or math.isclose(written, as_double, rel_tol=1e-14):
            return Fraction(repr(written))
    return value


def sign_of(match: re.Match[str], plain: str) -> str:
    """The sign of a number: the plus or minus before it, if that is no operator and no dash.

    It is one in "-5", "is -5", "= - 5" and "(-5", and none in "A-5", "profit - 5" and "9 - 5".
    """
    before = plain[: match.start()]
    sign = before.rstrip(" ")[-1:]
    if sign not in ("-", "+"):
        return ""
    before_sign = before.rstrip(" ")[:-1]
    previous = before_sign.rstrip(" ")[-1:]
    if previous.isalpha():
        is_sign = before_sign.endswith(" ") and before.endswith(sign)
    else:
        is_sign = not (previous.isdigit() or previous in (")", "]", "%"))
    return sign if is_sign else ""


def number_of(match: re.Match[str], plain: str, *, decimal_comma: bool) -> Number | str:
    """What one match of `NUMBER` in a plain text is worth, or the reason why it cannot be read."""
    parts = match.groupdict()
    if sum(character.isdigit() for character in match.group()) > MOST_DIGITS:
        return f"more than {MOST_DIGITS} digits"
    alternates: set[Fraction] = set()
    if parts["body"] is None:
        denominator = int(parts["of"] or parts["below"])
        if denominator == 0:
            return "a fraction with denominator 0"
        value = Fraction(int(parts["part"] or parts["above"]), denominator)
        value += int(parts["whole"] or 0)
    else:
        readings = _readings_of_separators(parts["body"], decimal_comma=decimal_comma)
        if readings is None:
            return "its separators follow no convention"
        value, alternates = readings
    exponent = int(parts["exponent"] or parts["power"] or 0)
    if abs(exponent) > MOST_DIGITS:
        return f"an exponent above {MOST_DIGITS}"
    factor = Fraction(10) ** exponent
    if sign_of(match, plain) == "-":
        factor = -factor
    value *= factor
    alternates = {factor * alternate for alternate in alternates}
    alternates |= _less_usual(value, parts)
    return Number(value, parts["percent"] is not None, frozenset(alternates))


def _less_usual(value: Fraction, parts: Mapping[str, str | None]) -> set[Fraction]:
    """What `5k` and `50 cents` are besides 5 and 50."""
    alternates = set()
    if parts["letter"]:
        alternates.add(value * _LETTER_SCALES[parts["letter"].lower()])
    if parts["cents"]:
        alternates.add(value / 100)
    return alternates


def _readings_of_separators(
    digits: str, *, decimal_comma: bool
) -> tuple[Fraction, set[Fraction]] | None:
    """Digits with separators -> the number, and what it is under another convention.

    None where they follow no convention ("1,23,4").
    """
    alternates: set[Fraction] = set()
    if decimal_comma and _ONE_SEPARATOR.fullmatch(digits):  # 1.234 or 1,234
        as_group = Fraction(digits.replace(".", "").replace(",", ""))
        as_decimal = Fraction(digits.replace(",", "."))
        return (as_group, {as_decimal}) if "." in digits else (as_decimal, {as_group})
    if spaced := _SPACED_GROUPS.fullmatch(digits):
        joiner = spaced.group(1)
        usual = digits.replace(joiner, "").replace(",", ".")
        if joiner == " ":  # perhaps two numbers, "5 100" for one
            alternates = {Fraction(digits.rpartition(" ")[2].replace(",", "."))}
    elif _PLAIN_DIGITS.fullmatch(digits):
        usual = digits
        if _DOT_BEFORE_THREE_DIGITS.fullmatch(digits):
            alternates = {Fraction(digits.replace(".", ""))}
    elif _COMMA_GROUPS.fullmatch(digits):
        usual = digits.replace(",", "")
        if _ONE_COMMA.fullmatch(digits):  # "1,234" for 1.234
            alternates = {Fraction(digits.replace(",", "."))}
    elif _DOT_GROUPS.fullmatch(digits):
        usual = digits.replace(".", "").replace(",", ".")
    elif _ONE_COMMA.fullmatch(digits):
        usual = digits.replace(",", ".")
        alternates = {Fraction(part) for part in digits.split(",")}  # perhaps a list of two
    else:
        return None
    return Fraction(usual), alternates
