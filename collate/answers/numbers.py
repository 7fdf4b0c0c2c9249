r"""Reading the one number that a short text states, exactly.

    $1,234.50    18 eggs.    \boxed{\frac{1}{2}}    1 1/2    **-3**    50%    1.2e3    3 + 4 = 7

`read_number` gives a `Number` (an exact Fraction, never a float), or a sentence that says why there
is none: two different numbers, a time, a range, an inequality, algebra, LaTeX that is left over.

Separators: a comma before groups of three digits separates thousands (`1,234`) and a single dot is
a decimal point (`1.234`), as the common data sets write them; `1.234,5` and `1.234.567` can only
follow the other convention and are read so; `1,5` is 1.5. What such a text would be under the
other convention is kept in `alternates`, and so is `5k` as 5000 or `50 cents` as 0.5: an answer
that agrees with the gold answer only there is `unknown`, not `wrong`.

Percent: `50%` equals a gold `50%` or `50`, and `0.5` equals a gold `50%`. A stated `50%` against a
gold `0.5` is `unknown`, since the question may have asked for either.

The text comes from a model. It is capped before anything else, and digits, exponents and counts
have limits; nothing is evaluated.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from collate.answers.number_notation import NUMBER, plain_notation
from collate.answers.number_obstacles import obstacle_in
from collate.answers.words import LONGEST_ANSWER

MOST_DIGITS = 300  # of one number; exponents are limited by the same
MOST_NUMBERS = 16  # in one statement
_WINDOW_BEFORE, _WINDOW_BEHIND = LONGEST_ANSWER // 2, 40  # characters around a last digit

_SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9,
    "trillion": 10**12, "k": 10**3, "m": 10**6, "b": 10**9,
}  # fmt: skip

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
# 1,5    0,234
_ONE_COMMA = re.compile(r"\d+,\d+")

# The left side of "3 + 15 = 18" where every number is a NUL: signs and brackets around two or more.
_EXPRESSION = re.compile(r"[\s()+*/\0-]*")
_TWO_NUMBERS = re.compile(r"\0.*\0")


@dataclass(frozen=True)
class Number:
    """One exact number, whether a percent sign stood behind it, and what else it may have meant."""

    value: Fraction
    percent: bool = False
    alternates: frozenset[Fraction] = field(default=frozenset(), compare=False)


def read_number(text: str) -> Number | str:
    """The one number that `text` states, or the reason (a short sentence) why there is none."""
    if len(text) > LONGEST_ANSWER:
        return f"longer than {LONGEST_ANSWER} characters"
    plain = plain_notation(text)
    result_side = _right_of_equals(plain)
    matches = list(NUMBER.finditer(result_side))
    if not matches:
        return "no number in it"
    if len(matches) > MOST_NUMBERS:
        return f"more than {MOST_NUMBERS} numbers"
    obstacle = obstacle_in(plain, NUMBER.sub("\0", result_side))
    if obstacle is not None:
        return obstacle
    numbers = []
    for match in matches:
        number = _number_of(match, result_side)
        if isinstance(number, str):
            return number
        numbers.append(number)
    # "18 = 18" and "18 (18.0)" state one number, if they do so twice.
    different = set(numbers)
    if len(different) > 1:
        return f"{len(different)} different numbers"
    alternates = frozenset().union(*(number.alternates for number in numbers))
    return Number(numbers[0].value, numbers[0].percent, alternates)


def last_number(text: str) -> tuple[str, Number | str] | None:
    """The last number of a text of any length, as it stands there and as it is read.

    None where there is none. Time is linear: only the last line with a digit in it is looked at,
    and of that only the characters around its last digit.
    """
    end = len(text)
    while end and not text[end - 1].isdecimal():
        end -= 1
    if end == 0:
        return None
    start = max(text.rfind("\n", 0, end), end - _WINDOW_BEFORE) + 1
    line_end = text.find("\n", end)
    window_end = min(end + _WINDOW_BEHIND, len(text) if line_end < 0 else line_end)
    plain = plain_notation(text[start:window_end])
    matches = list(NUMBER.finditer(plain))
    if not matches:
        return None
    minus = "-" if _sign_of(matches[-1], plain) == "-" else ""
    return minus + matches[-1].group().strip(), _number_of(matches[-1], plain)


def same_number(stated: Number, gold: Number) -> bool | None:
    """Whether two numbers are equal; None where they are so only under a less usual reading."""
    usual, doubtful = {stated.value}, set(stated.alternates)
    if gold.percent and not stated.percent:
        usual.add(stated.value * 100)
    if stated.percent and not gold.percent:
        doubtful.add(stated.value / 100)
    if gold.value in usual:
        return True
    return None if gold.value in doubtful else False


def _right_of_equals(plain: str) -> str:
    """What stands right of the last `=`, where all left of it is a name or an expression.

    `x = 18` and `3 + 15 = 18` state 18; of `5 km = 5000 m` every side counts.
    """
    *left_sides, right_side = plain.rstrip(" =").split("=")
    for side in left_sides:
        skeleton = NUMBER.sub("\0", side)
        is_name = "\0" not in skeleton
        is_expression = _EXPRESSION.fullmatch(skeleton) and _TWO_NUMBERS.search(skeleton)
        if not is_name and not is_expression:
            return plain.replace("=", " ; ")
    return right_side


def _sign_of(match: re.Match[str], plain: str) -> str:
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


def _number_of(match: re.Match[str], plain: str) -> Number | str:
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
        readings = _readings_of_separators(parts["body"])
        if readings is None:
            return "its separators follow no convention"
        value, alternates = readings
    exponent = int(parts["exponent"] or parts["power"] or 0)
    if abs(exponent) > MOST_DIGITS:
        return f"an exponent above {MOST_DIGITS}"
    factor = Fraction(10) ** exponent * _SCALES.get((parts["scale"] or "").lower(), 1)
    if _sign_of(match, plain) == "-":
        factor = -factor
    value *= factor
    alternates = {factor * alternate for alternate in alternates}
    alternates |= _less_usual(value, parts)
    return Number(value, parts["percent"] is not None, frozenset(alternates))


def _less_usual(value: Fraction, parts: Mapping[str, str | None]) -> set[Fraction]:
    """What `5k` and `50 cents` are besides 5 and 50."""
    alternates = set()
    if parts["letter"]:
        alternates.add(value * _SCALES[parts["letter"].lower()])
    if parts["cents"]:
        alternates.add(value / 100)
    return alternates


def _readings_of_separators(digits: str) -> tuple[Fraction, set[Fraction]] | None:
    """Digits with separators -> the number, and what it is under another convention.

    None where they follow no convention ("1,23,4").
    """
    alternates: set[Fraction] = set()
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
