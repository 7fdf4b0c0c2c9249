"""Numbers of a source as texts with the digits that their writer meant.

    1.1 in a column of 32-bit floats   1.100000023841858  ->  1.1
    the sum 0.1 + 0.6 in Python        0.7000000000000001 ->  0.7
    0.00001 as Python prints it        1e-05              ->  0.00001

The first two are digits of the arithmetic of computers, which nobody would write into an answer. A
number of so many digits that is near no short one, such as 0.3333333333333333, stays as it is.
"""

import re
from decimal import Decimal

import numpy as np

# 2.549999952316284    7.000000000000001e-05; the groups are the digits
_LONG_DECIMAL = re.compile(r"[+-]?(\d{1,20})\.(\d{1,60})(?:[eE][+-]?\d{1,3})?")
_LARGEST_SINGLE = 3e38
# Printed in 15 digits or more, a number of `float` shows the rounding of its last bits.
_LEAST_DIGITS = 15
# A short number behind the long one: so much shorter that the nearness is no accident.
_MOST_SINGLE_DIGITS, _MOST_DOUBLE_DIGITS = 7, 12
# Numbers between these are written without an exponent.
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-9, 1e21


def float_text(value: float) -> str:
    """The shortest digits of a float, without what arithmetic added to them: 0.7, 0.00001."""
    return as_meant(_plain_notation(value))


def single_text(value: "np.floating") -> str:
    """The shortest digits of a 16- or 32-bit float among the floats of its own type."""
    return _plain_notation(float(str(value)))


def as_meant(text: str) -> str:
    """A number in decimal notation as its writer meant it; any other text comes back unchanged."""
    match = _LONG_DECIMAL.fullmatch(text)
    digit_count = len((match[1] + match[2]).lstrip("0")) if match else 0
    if digit_count < _LEAST_DIGITS:
        return text
    value = float(text)
    single = _single_behind(value)
    if single is not None:
        return single
    rounded = f"{value:.15g}"
    if digit_count > _LEAST_DIGITS and _count_digits(rounded) <= _MOST_DOUBLE_DIGITS:
        return _plain_notation(float(rounded))
    return text


def _single_behind(value: float) -> str | None:
    """The short 32-bit float that was widened to this value, if it was one."""
    if not abs(value) < _LARGEST_SINGLE:
        return None
    single = np.float32(value)
    shortest = str(single)
    if _count_digits(shortest) > _MOST_SINGLE_DIGITS:
        return None
    # Compared in 15 digits, since not every program prints the 17 that tell all floats apart.
    return single_text(single) if f"{float(single):.15g}" == f"{value:.15g}" else None


def _count_digits(text: str) -> int:
    """How many significant digits a number's text has: 2 for 0.070 and for 7.0e-5, not counting
    the zeros at its ends and the exponent."""
    digits = re.sub(r"\D", "", re.split("[eE]", text)[0])
    return len(digits.strip("0"))


def _plain_notation(value: float) -> str:
    is_plain = value == 0 or _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN
    text = format(Decimal(repr(value)), "f") if is_plain else repr(value)
    return text.removesuffix(".0")
