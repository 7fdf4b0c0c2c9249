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

import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from collate.answers.lexicon import Lexicon
from collate.answers.number_grammar import Behind, obstacle_before
from collate.answers.number_notation import NUMBER, plain_notation
from collate.answers.texts import LONGEST_ANSWER
from collate.answers.tokens import Token, tokens_of

MOST_DIGITS = 300  # of one number; exponents are limited by the same
MOST_NUMBERS = 16  # in one statement
_WINDOW_BEFORE, _WINDOW_BEHIND = LONGEST_ANSWER // 2, 40  # characters around a last digit

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

# The left side of "3 + 15 = 18" where every number is a NUL: signs and brackets around two or more.
_EXPRESSION = re.compile(r"[\s()+*/\0-]*")
_TWO_NUMBERS = re.compile(r"\0.*\0")
# x < 12, x ≠ 12, 12 ± 1, x != 12, x =/= 12, x == 12, +/- 12
_INEQUALITY = re.compile(r"[<>≤≥≠±≮≯]|[!/~=]=|=/|\+\s?/\s?-")
# $(12), ${12}; in "$(12)$" it is the dollar sign of mathematics
_CODE = re.compile(r"\$[({]")
# "=> 12", "-> 12", ": 12", "= 12"
_LEADING_ARROW = re.compile(r"^\s*(?:=>|->|→|⇒|:|=)+")
_NAME_OPERATORS = frozenset("+-*/")
_NAME_SIGNS = frozenset("().,:'\"$*_\\°")  # of what stands left of an equals sign, f(x) = 12
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[,.' _]\d{3})+")
# Before or behind a number in a text: the 10 of "2^10", the 3 of "10^3", "3\pi", "12:00", "3x".
_PART_BEFORE = re.compile(r"(?:\^\s?-?|\d\s?:\s?|[√\\])$")
_PART_BEHIND = re.compile(r"\s?[\^\\π√±]|:\d|(?!st|nd|rd|th)[a-z](?![a-z])")
# A gold answer such as 0.7000000000000001 is what a computer made of a number that was written.
_COMPUTED_DIGITS, _WRITTEN_DIGITS = 15, 10


@dataclass(frozen=True)
class Number:
    """One exact number, whether a percent sign stood behind it, and what else it may have meant."""

    value: Fraction
    percent: bool = False
    alternates: frozenset[Fraction] = field(default=frozenset(), compare=False)


def read_number(text: str, lexicon: Lexicon) -> Number | str:
    """The one number that `text` states, or the reason (a short sentence) why there is none."""
    if len(text) > LONGEST_ANSWER:
        return f"longer than {LONGEST_ANSWER} characters"
    plain = _LEADING_ARROW.sub("", plain_notation(text))
    if _CODE.search(text) and text.count("$") % 2:
        return "code, not one number"
    if _INEQUALITY.search(plain):
        return "an inequality or a tolerance, not one number"
    stated_sides, reason = _stated_sides(plain, lexicon)
    if reason:
        return reason
    return _agreeing([_read_side(side, lexicon) for side in stated_sides])


def _agreeing(numbers: Sequence[Number | str]) -> Number | str:
    """The number that all of them are, or the reason why there is none."""
    read = []
    for number in numbers:
        if isinstance(number, str):
            return number
        read.append(number)
    # "18 = 18" and "18 (18.0)" state one number twice.
    different = set(read)
    if len(different) > 1:
        return f"{len(different)} different numbers"
    alternates = frozenset().union(*(number.alternates for number in read))
    return Number(read[0].value, read[0].percent, alternates)


def _stated_sides(plain: str, lexicon: Lexicon) -> tuple[list[str], str]:
    """The sides of equals signs that state the number, and "", or a reason why none does.

    `x = 18` and `3 + 15 = 18` state 18 on the right; of `5 km = 5000 m` every side counts.
    """
    *left_sides, right_side = plain.rstrip(" =").split("=")
    if all(_is_expression(side) for side in left_sides):
        return [right_side], ""
    for side in left_sides:
        if NUMBER.search(side) is None and not _is_name(side, lexicon):
            return [], "what stands left of the equals sign is not read"
    if all(NUMBER.search(side) is None or _is_expression(side) for side in left_sides):
        return [right_side], ""
    return [*left_sides, right_side], ""


def _is_expression(side: str) -> bool:
    skeleton = NUMBER.sub("\0", side)
    return bool(_EXPRESSION.fullmatch(skeleton) and _TWO_NUMBERS.search(skeleton))


def _is_name(side: str, lexicon: Lexicon) -> bool:
    """Whether this names what the other side is, as "x", "Total cost" and "f(x)" do."""
    tokens = tokens_of(side)
    # "a + b" names a sum, "-x" the negative of what is asked for.
    if tokens and tokens[0].text in _NAME_OPERATORS:
        return False
    read_signs = _NAME_SIGNS | _NAME_OPERATORS
    signs_are_read = all(token.text in read_signs for token in tokens if token.kind == "sign")
    words = [token.word for token in tokens if token.word]
    changed = lexicon.changing.found_in(words) or lexicon.any_denials.found_in(words)
    return signs_are_read and not changed


def _read_side(side: str, lexicon: Lexicon) -> Number | str:
    """The number that one side of an equals sign states, or the reason why there is none."""
    matches = list(NUMBER.finditer(side))
    if not matches:
        return "no number in it"
    if len(matches) > MOST_NUMBERS:
        return f"more than {MOST_NUMBERS} numbers"
    if len(matches) > 1:
        between = side[matches[0].end() : matches[1].start()].rstrip()
        if between and not between.endswith("("):
            return "several numbers, not one"
        # "18 18", "18 (18.0)"
        first = side[: matches[0].end()] + between.removesuffix("(")
        second = side[matches[1].start() :]
        second = "".join(second.rsplit(")", 1)) if between else second
        return _agreeing([_read_side(first, lexicon), _read_side(second, lexicon)])
    return _read_one(matches[0], side, lexicon)


def _read_one(match: re.Match[str], side: str, lexicon: Lexicon) -> Number | str:
    """The number of a side in which there is only one, if nothing around it changes it."""
    number = _number_of(match, side, decimal_comma=lexicon.decimal_comma)
    if isinstance(number, str):
        return number
    before = side[: match.start()].rstrip()
    if _sign_of(match, side):
        before = before[:-1].rstrip()
    behind = side[match.end() :]
    brackets = before[len(before.rstrip("([{")) :]
    if brackets:
        before, behind = before.removesuffix(brackets), behind.lstrip()
        closing = "".join(_CLOSING[bracket] for bracket in reversed(brackets))
        is_pair = "," in match.group() and not _THOUSANDS.fullmatch(match.group().strip())
        if not behind.startswith(closing) or is_pair:
            return "brackets that are not read"
        behind = behind.removeprefix(closing)
        # ($5) is -5 to an accountant
        alternates = number.alternates | {-number.value}
        number = Number(number.value, number.percent, alternates)
        if lexicon.says(before, number.value):  # twelve (12)
            before = ""
    obstacle = obstacle_before(tokens_of(before), lexicon)
    if obstacle is not None:
        return obstacle
    if behind.lstrip().startswith("!") and "/" in match.group():
        return "holds mathematics that is not read"
    behind = re.sub(r"^,\s?-(?=\s*$)", "", behind)  # 18,-
    tokens = tokens_of(behind)
    if match["letter"] and tokens and tokens[0].glued and tokens[0].kind == "word":
        return "words behind it that are not read"
    number, tokens = _scaled(number, tokens, lexicon)
    has_unit = number.percent or bool(match["cents"] or match["letter"])
    obstacle = Behind(tokens, number.value, lexicon).obstacle(has_unit=has_unit)
    return number if obstacle is None else obstacle


def _scaled(number: Number, tokens: list[Token], lexicon: Lexicon) -> tuple[Number, list[Token]]:
    """The number times the scale words that follow it ("2 million"), and what is behind those."""
    while tokens:
        words = [token.word for token in tokens]
        lengths = {
            len(phrase): factor
            for phrase, factor in lexicon.scales.items()
            if tuple(words[: len(phrase)]) == phrase
        }
        if not lengths:
            break
        if max(lexicon.units.lengths_at(words, 0), default=0) > max(lengths):
            break  # the 千米 of "12千米", a kilometre, begins with a thousand
        factor = lengths[max(lengths)]
        alternates = frozenset(alternate * factor for alternate in number.alternates)
        number = Number(number.value * factor, number.percent, alternates)
        tokens = tokens[max(lengths) :]
    return number, tokens


def last_number(text: str, lexicon: Lexicon) -> tuple[str, Number | str] | None:
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
    return None if not matches else _found(matches[-1], plain, lexicon)


def first_number(text: str, lexicon: Lexicon) -> tuple[str, Number | str] | None:
    """The first number of a short text, in the same form."""
    plain = plain_notation(text[:LONGEST_ANSWER])
    match = NUMBER.search(plain)
    return None if match is None else _found(match, plain, lexicon)


def _found(match: re.Match[str], plain: str, lexicon: Lexicon) -> tuple[str, Number | str]:
    """A number that was found in a text, and how it is read; part of a power, a time or an
    expression of letters is not."""
    minus = "-" if _sign_of(match, plain) == "-" else ""
    shown = minus + match.group().strip()
    is_part = _PART_BEFORE.search(plain[: match.start()]) or _PART_BEHIND.match(
        plain[match.end() :]
    )
    if is_part:
        return shown, "part of something that is not read"
    number = _number_of(match, plain, decimal_comma=lexicon.decimal_comma)
    if isinstance(number, Number):
        number, _ = _scaled(number, tokens_of(plain[match.end() :])[:3], lexicon)
    return shown, number


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


def _number_of(match: re.Match[str], plain: str, *, decimal_comma: bool) -> Number | str:
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
