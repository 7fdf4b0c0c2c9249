r"""Reading the one number that a short text states.

    $1,234.50    18 eggs.    \boxed{\frac{1}{2}}    1 1/2    **-3**    50%    1.2e3    3 + 4 = 7

`read_number` gives a `Number`, or a sentence that says why there is none: two different numbers, a
time, a range, an inequality, algebra, words that are not read. What may stand around a number is in
`number_grammar.py`, how it is written in `number_notation.py`, what it is worth in `numbers.py`.

The text comes from a model. It is capped before anything else, and digits, exponents and counts
have limits; nothing is evaluated.
"""

import re
from collections.abc import Sequence

from collate.answers.lexicon import Lexicon
from collate.answers.number_grammar import Behind, obstacle_before
from collate.answers.number_notation import NUMBER, plain_notation
from collate.answers.numbers import Number, number_of, sign_of
from collate.answers.texts import LONGEST_ANSWER
from collate.answers.tokens import Token, tokens_of

MOST_NUMBERS = 16  # in one statement
_WINDOW_BEFORE, _WINDOW_BEHIND = LONGEST_ANSWER // 2, 40  # characters around a last digit

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
    number = number_of(match, side, decimal_comma=lexicon.decimal_comma)
    if isinstance(number, str):
        return number
    before = side[: match.start()].rstrip()
    if sign_of(match, side):
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
    minus = "-" if sign_of(match, plain) == "-" else ""
    shown = minus + match.group().strip()
    is_part = _PART_BEFORE.search(plain[: match.start()]) or _PART_BEHIND.match(
        plain[match.end() :]
    )
    if is_part:
        return shown, "part of something that is not read"
    number = number_of(match, plain, decimal_comma=lexicon.decimal_comma)
    if isinstance(number, Number):
        number, _ = _scaled(number, tokens_of(plain[match.end() :])[:3], lexicon)
    return shown, number
