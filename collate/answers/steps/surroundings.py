"""What stands beside an expression, and whether it may change what the expression says."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import factorial

from collate.answers.steps.expressions import Expression
from collate.answers.steps.lexer import (
    CLOSE,
    COMMA,
    CURRENCY,
    FRACTION,
    NUMBER,
    ODD,
    OPEN,
    OPERATOR,
    WORD,
    Token,
)
from collate.answers.steps.lines import Line, Side
from collate.answers.steps.phrases import is_call_of, unit_words
from collate.answers.steps.words import (
    ARTICLES,
    BEFORE,
    BEFORE_ENDINGS,
    BEFORE_OF,
    BEFORE_TO,
    CHANGING,
    CHANGING_BEGINNINGS,
    CONVERTIBLE,
    LEADING_ON,
    NUMBER_WORDS,
)

SURE, UNSURE, NOT_READ = "sure", "unsure", "not read"
"""Nothing beside an expression changes it; something may; or it is no expression by itself."""

WORDS_LOOKED_AT = 3
_LONG_PLURALS = ("xes", "ches", "shes", "sses", "zes")
_BEGIN_NUMBER = (NUMBER, CURRENCY, FRACTION)
# What a number may be multiplied by where only one side has a unit.
_FACTORS = {10, 12, 24, 60, *(10**power for power in range(2, 10))}
_CONVERSIONS = {
    *range(2, 11), 14, 15, 16, 20, 25, 28, 29, 30, 31, 36, 48, 50, 52, 120, 128, 144, 168, 180, 240,
    360, 365, 366, 500, 1440, 1760, 2000, 3600, 5280, 86400,
}  # fmt: skip
_LETTERS_OF_UNITS = frozenset("mglLshtkKMCFVWJN")


def left_state(side: Side, expression: Expression, line: Line) -> str:
    """Whether an expression at the end of a side is what stands left of the relation."""
    tokens = side.tokens[: expression.start]
    if not tokens:
        return _state_at_start(side, expression, line) if side.is_first else SURE
    previous = tokens[-1]
    if previous.kind == CLOSE and side.is_first and _is_item_number(tokens):
        return SURE
    if expression.begins_with_sign or previous.kind == OPERATOR:
        return NOT_READ
    if previous.kind == OPEN:
        # 2 + (3 * 4 = 12
        return UNSURE if len(tokens) > 1 and _is_call(tokens[-2], previous) else SURE
    if previous.kind == WORD:
        is_in_sum = side.is_first and any(token.text in ("+", "-", "–") for token in tokens)
        return UNSURE if is_in_sum or not _leaves_as_is(tokens, side) else SURE
    is_attached = not side.tokens[expression.start].spaced
    return NOT_READ if previous.kind == ODD and is_attached else UNSURE


def _state_at_start(side: Side, expression: Expression, line: Line) -> str:
    mark = side.before
    if mark is None:
        return SURE if line.begins_anew and not line.may_go_on else UNSURE
    if mark.text in ("?", '"', "|", "_") and expression.begins_with_sign:
        return NOT_READ
    if mark.kind == COMMA:
        return UNSURE if side.is_cut or expression.begins_with_sign else SURE
    # "5 + 3 = 8. + 2 = 10"
    is_sign_apart = expression.begins_with_sign and side.tokens[1].spaced and mark.text == "."
    return UNSURE if mark.text == "..." or side.is_cut or is_sign_apart else SURE


def _is_call(before: Token, bracket: Token) -> bool:
    return before.kind == OPERATOR or is_call_of(before, bracket)


def _is_item_number(tokens: Sequence[Token]) -> bool:
    """`1)`, `(1)`, `a)` or `(a)` and nothing else."""
    inside = [token for token in tokens if token.kind not in (OPEN, CLOSE)]
    return len(inside) == 1 and len(tokens) <= 3 and len(inside[0].text) <= 2


def is_letter(word: str) -> bool:
    """Whether a word is one letter, as a variable is; "a" is a word, and so is 元."""
    return len(word) == 1 and word.lower() != word.upper() and word not in "aAI°¢"


def _leaves_as_is(tokens: Sequence[Token], side: Side) -> bool:
    # "of the 5 + 3" is decided by what stands before "the".
    is_article = len(tokens) > 1 and tokens[-1].text.lower() in ARTICLES
    if is_article and tokens[-2].kind == WORD:
        tokens = tokens[:-1]
    word = tokens[-1].text.lower()
    before = tokens[-2].text.lower() if len(tokens) > 1 else ""
    if word == "of":
        return before in BEFORE_OF
    if word == "to":
        return before in BEFORE_TO
    if word == "and":
        # "3 and 5 + 3", but "5 + 3 = 8 and 8 * 2 = 16"
        numbers = [token for token in tokens if token.kind == NUMBER]
        return not numbers or (not side.is_first and len(numbers) == 1)
    if word in BEFORE:
        return True
    return not word.isascii() and word.endswith(BEFORE_ENDINGS)


def right_state(
    side: Side, expression: Expression, following: Expression | None, line: Line
) -> str:
    """Whether an expression at the beginning of a side is what stands right of the relation.

    `following` is the expression at the end of the side, if another relation follows it.
    """
    rest = side.tokens[expression.end :]
    if not rest:
        return _state_at_end(side, line) if side.is_last else SURE
    first, second = rest[0], rest[1] if len(rest) > 1 else None
    if first.kind == WORD:
        return _state_before_words(side, rest, following)
    if first.kind == CLOSE:
        return SURE
    if first.kind == OPERATOR:
        is_dash = first.text in "-–" and first.spaced and second is not None and second.spaced
        if first.text == "/" and second is not None and second.kind == WORD:
            return _state_before_words(side, rest[1:], following)
        return SURE if is_dash and second and _is_long_word(second) else NOT_READ
    is_remark = first.kind == OPEN and second is not None and second.kind == WORD
    if is_remark and first.text == "(" and second is not None and not is_letter(second.text):
        return _state_before_words(side, rest[1:], following)
    if not first.spaced or (first.kind == ODD and second is not None and second.value is not None):
        return NOT_READ
    return UNSURE


def _state_at_end(side: Side, line: Line) -> str:
    mark = side.after
    if mark is None:
        return SURE if line.ends_here else UNSURE
    return UNSURE if mark.text in ("?", "...", "•") else SURE


def _is_long_word(token: Token) -> bool:
    return token.kind == WORD and len(token.text) > 1


def _state_before_words(side: Side, rest: Sequence[Token], following: Expression | None) -> str:
    first = rest[0]
    if not first.text[0].isascii() and first.text.startswith(CHANGING_BEGINNINGS):
        return UNSURE
    if is_letter(first.text):
        is_unit = first.text in _LETTERS_OF_UNITS
        return UNSURE if is_unit or (first.spaced and first.text not in "xyzn") else NOT_READ
    # "= 3 remainder 1", "= 3 and a half", "= 3 feet 4 inches"
    place = 0
    while place < len(rest) and rest[place].kind == WORD and place < WORDS_LOOKED_AT:
        word = rest[place].text.lower()
        if word in CHANGING or word in NUMBER_WORDS or word in ("or", "oder", "ou", "o"):
            return UNSURE
        place += 1
    leads_on = first.text.lower() in LEADING_ON
    goes_on = side.is_last or (following is not None and following.is_bare)
    is_number_next = place < len(rest) and rest[place].kind in _BEGIN_NUMBER
    return UNSURE if is_number_next and goes_on and not leads_on else SURE


# Units --------------------------------------------------------------------------------------------


def units_agree(
    left: Expression, right: Expression, sides: tuple[Side, Side], values: tuple[Fraction, Fraction]
) -> bool:
    """Whether the numbers of two unequal sides are of the same unit, as far as that is said."""
    behind_left = sides[0].tokens[left.end :]
    behind_right = sides[1].tokens[right.end :]
    left_units = [*left.units, *_unit_behind(behind_left)]
    right_words = set(_stems([*right.units, *_unit_behind(behind_right)]))
    if any(word in CHANGING for unit in left_units for word in unit.split()):
        return False
    has_letter = any(is_letter(unit) for unit in [*left_units, *right_words])
    # "100 / 5 = 20 times 2 people", "9 / 60 = 15 % of 60"
    is_doubtful = left.is_doubtful or right.is_doubtful or right.has_word_product
    if has_letter or is_doubtful or _is_of_another_whole(left, right, values):
        return False
    symbols = {unit for unit in left_units if not _is_word(unit)}
    right_symbols = {unit for unit in right_words if not _is_word(unit)}
    if symbols and right_symbols and symbols != right_symbols:
        return False
    cancelled = set() if left.is_sum else _cancelled(left_units)
    for unit in left_units:
        if _is_word(unit) and (right_words | cancelled).isdisjoint(_stems([unit])):
            return False
    if left.is_percent != right.is_percent and _ratio_in(values, {100, 10_000}):
        return False
    if symbols != right_symbols and _ratio_in(values, _FACTORS):
        return False
    one_sided = right_words - set(_stems(left_units))
    if any(_is_word(word) for word in one_sided) or behind_right:
        return not _is_explained(values, bool(one_sided & CONVERTIBLE))
    return True


def _is_of_another_whole(
    left: Expression, right: Expression, values: tuple[Fraction, Fraction]
) -> bool:
    """Whether one side is a share, of something that is not said: `1/4 = $6`, `40 % = 240`."""
    if left.is_percent and right.is_percent:
        return False
    for share, whole, value in ((left, right, values[1]), (right, left, values[0])):
        if share.is_share and (whole.units or not 0 <= value <= 1):
            return True
        if share.all_percent and not whole.is_percent and value > 1:
            return True
    # "1 % = 5/20" says how much one per cent is; "5/20 = 1 %" does not.
    return left.is_share and left.is_percent


def _unit_behind(tokens: Sequence[Token]) -> list[str]:
    while tokens and tokens[0].text in ("/", "("):
        tokens = tokens[1:]
    count = unit_words(tokens, 0)
    return [" ".join(token.text.lower() for token in tokens[:count])] if count else []


def _stems(units: Sequence[str]) -> Iterator[str]:
    for unit in units:
        for word in unit.split():
            plural = "es" if word.endswith(_LONG_PLURALS) else "s"
            yield word.removesuffix(plural) if len(word) > 2 else word


def _cancelled(units: Sequence[str]) -> set[str]:
    """What is counted and divided by: the bags of `3 bags * 4 apples/bag`."""
    counted, rates = set(), set()
    for unit in units:
        upper, slash, lower = unit.replace(" per ", " / ").partition("/")
        counted |= set() if slash else set(_stems([upper]))
        rates |= set(_stems([lower]))
    return counted & rates


def _is_word(unit: str) -> bool:
    return any(character.isalpha() for character in unit)


def _is_explained(values: tuple[Fraction, Fraction], converts: bool) -> bool:
    """Whether a word behind the right side may make both equal: a scale, a power, a remainder."""
    left, right = values
    if left in (right**2, right**3) or (left.denominator != right.denominator == 1 and
                                        abs(left - right) < 1):  # fmt: skip
        return True
    if right.denominator == 1 and 0 <= right <= 20 and left == factorial(int(right)):
        return True
    return _ratio_in(values, _FACTORS | _CONVERSIONS if converts else _FACTORS)


def _ratio_in(values: tuple[Fraction, Fraction], factors: set[int]) -> bool:
    left, right = values
    return bool(left and right) and (left / right in factors or right / left in factors)
