"""What each token of a line is beside its neighbours: a star is a product, a power, or markdown."""

from dataclasses import replace
from itertools import pairwise

from collate.answers.steps.lexer import (
    CLOSE,
    COMMA,
    CURRENCY,
    FACTORIAL,
    FRACTION,
    NUMBER,
    ODD,
    OPEN,
    OPERATOR,
    PERCENT,
    POWER,
    RELATION,
    STOP,
    WORD,
    Notation,
    Token,
    raw_tokens,
)
from collate.answers.steps.words import (
    APPROXIMATE_WORDS,
    CURRENCY_CODES,
    CURRENCY_WORDS,
    OF_WORDS,
    OPERATOR_WORDS,
    PERCENT_WORDS,
)

_RELATIONS = {
    "==": "=", "===": "=", "=/=": "≠", "!==": "≠", "<>": "≠", "<=": "≤", "=<": "≤", ">=": "≥",
    "~=": "≈", "=~": "≈",
}  # fmt: skip

_ENDS_OPERAND = frozenset({NUMBER, CLOSE, PERCENT, FACTORIAL, POWER, CURRENCY})
_BEGINS_OPERAND = frozenset({NUMBER, OPEN, CURRENCY, FRACTION})


def tokens_of(line: str, notation: Notation) -> list[Token]:
    """The tokens of a line of one typography."""
    kept: list[Token] = []
    for token, following in pairwise([*raw_tokens(line, notation), None]):
        assert token is not None
        settle = _SETTLE.get(token.kind)
        settled = settle(token, kept, following, notation) if settle else token
        if settled is not None:
            kept.append(settled)
    return kept


def _settle_number(
    token: Token, kept: list[Token], following: Token | None, notation: Notation
) -> Token | None:
    previous = kept[-1] if kept else None
    if previous is None or token.value is None:
        return token
    # A name: v2, H2O, x1. Scripts without capital letters put no space before a number.
    is_attached = previous.kind == WORD and not token.spaced
    if is_attached and previous.text[-1].lower() != previous.text[-1].upper():
        return replace(token, kind=ODD)
    is_whole = previous.kind == NUMBER and previous.value is not None and not previous.decimals
    if is_whole and not token.text[0].isdecimal() and token.text[0] not in ".\\":  # 3½
        assert previous.value is not None
        kept[-1] = replace(previous, end=token.end, value=previous.value + token.value)
        return None
    return token


def _settle_word(
    token: Token, kept: list[Token], following: Token | None, notation: Notation
) -> Token | None:
    word = token.text.lower()
    previous = kept[-1] if kept else None
    between = _is_between_operands(previous, following)
    if word == "x" and _is_times(token, previous, following):
        return replace(token, kind=OPERATOR, text="*")
    if word in OPERATOR_WORDS and between:
        return replace(token, kind=OPERATOR, text=OPERATOR_WORDS[word])
    if previous is None:
        return token
    before = previous.text.lower()
    if word == "by" and before in ("divided", "multiplied") and len(kept) > 1:
        kept.pop()
        return replace(token, kind=OPERATOR, text="/" if before == "divided" else "*")
    if word in PERCENT_WORDS and previous.kind == NUMBER:
        return replace(token, kind=PERCENT)
    if word == "cent" and before == "per":
        kept.pop()
        return replace(token, kind=PERCENT)
    if word in OF_WORDS and between and _is_part(kept):
        return replace(token, kind=OPERATOR, text="*")
    if word == "equals" or (word == "to" and before == "equal"):
        while kept and kept[-1].text.lower() in ("equal", "is", "are"):
            token = replace(token, start=kept.pop().start)
        return replace(token, kind=RELATION, text="=")
    if word in APPROXIMATE_WORDS and previous.kind == RELATION and previous.text in "=≈":
        kept[-1] = replace(previous, text="≈")
        return None
    return _settle_currency_word(token, previous, following)


def _is_times(token: Token, previous: Token | None, following: Token | None) -> bool:
    """Whether an x is a times sign: 3x4, 3 x (4), 3 bags x 4; not 3x(4), 3x = 4."""
    if previous is None or following is None or following.kind not in _BEGINS_OPERAND:
        return False
    is_apart = token.spaced and following.spaced
    if previous.kind == WORD or following.kind == OPEN:
        return is_apart and previous.kind in _ENDS_OPERAND | {WORD}
    return previous.kind in _ENDS_OPERAND


def _settle_currency_word(token: Token, previous: Token, following: Token | None) -> Token | None:
    word = token.text.lower()
    if word == "us" and following is not None and following.kind == CURRENCY:
        return None
    is_amount = previous.kind == NUMBER or (
        word in CURRENCY_CODES
        and following is not None
        and (following.kind == NUMBER or following.text == ".")
    )
    if word in CURRENCY_WORDS and is_amount:
        return replace(token, kind=CURRENCY, text=CURRENCY_WORDS[word])
    return token


def _is_part(kept: list[Token]) -> bool:
    """Whether what stands last is a share: 20 %, 3/4, ½."""
    last = kept[-1]
    if last.kind == PERCENT:
        return True
    if last.kind != NUMBER or last.value is None:
        return False
    is_fraction = len(kept) > 2 and kept[-2].text == "/"
    return is_fraction or (last.value < 1 and last.value.denominator > 1)


def _settle_mark(
    token: Token, kept: list[Token], following: Token | None, notation: Notation
) -> Token | None:
    previous = kept[-1] if kept else None
    is_attached = following is not None and not following.spaced
    if token.text == "!":
        ends_here = following is None or following.kind in (WORD, "mark", STOP, NUMBER, "stop")
        is_factorial = previous is not None and previous.kind in (NUMBER, CLOSE)
        is_factorial = is_factorial and not token.spaced and not ends_here
        return replace(token, kind=FACTORIAL if is_factorial else STOP)
    if token.text == ":" and _is_between_operands(previous, following):
        if notation.colon_divides:
            return replace(token, kind=OPERATOR, text="/")
        # 12:30
        return replace(token, kind=ODD if is_attached and not token.spaced else STOP)
    if token.text == "." and previous is not None and previous.text == "₹":  # Rs. 500
        return None
    # 3. 5 without its space, and 0.(3)
    is_odd = token.text == "." and is_attached and following is not None
    is_odd = is_odd and following is not None and following.kind in (NUMBER, OPEN)
    return replace(token, kind=ODD if is_odd else STOP)


def _settle_ellipsis(
    token: Token, kept: list[Token], following: Token | None, notation: Notation
) -> Token | None:
    # 1 + 2 + ... + 9
    in_sum = bool(kept) and kept[-1].kind in (OPERATOR, COMMA, RELATION)
    in_sum = in_sum or (following is not None and following.kind in (OPERATOR, "stars", RELATION))
    return replace(token, kind=ODD if in_sum else STOP, text="...")


def _settle_stars(
    token: Token, kept: list[Token], following: Token | None, notation: Notation
) -> Token | None:
    """A product, a power as in 2**3, or markdown, which says nothing."""
    previous = kept[-1] if kept else None
    if following is None or previous is None or len(token.text) > 2:
        return None
    spaces = (token.spaced, following.spaced)
    if previous.kind == WORD and spaces == (True, False):
        return None
    begins = following.kind in _BEGINS_OPERAND or following.kind in (WORD, OPERATOR)
    if previous.kind not in _ENDS_OPERAND | {WORD} or not begins:
        return None
    if len(token.text) == 1:
        # 5 *and* then; *8* - 3
        is_emphasis = following.kind in (WORD, OPERATOR) and spaces[0] != spaces[1]
        return None if is_emphasis else replace(token, kind=OPERATOR)
    if spaces[0] != spaces[1] or following.kind in (WORD, OPERATOR) or previous.kind == WORD:
        return None
    return replace(token, kind=OPERATOR, text="^")


def _settle_operator(
    token: Token, kept: list[Token], following: Token | None, notation: Notation
) -> Token | None:
    if token.text == "×":
        return replace(token, text="*")
    if token.text not in "·•":
        return token
    is_product = _is_between_operands(kept[-1] if kept else None, following)
    return replace(token, kind=OPERATOR if is_product else STOP, text="*" if is_product else "•")


def _settle_tilde(
    token: Token, kept: list[Token], following: Token | None, notation: Notation
) -> Token | None:
    previous = kept[-1] if kept else None
    if previous is not None and previous.kind == RELATION:
        kept[-1] = replace(previous, text="≈" if previous.text == "=" else previous.text)
        return None
    if _is_between_operands(previous, following) and token.spaced:
        return replace(token, kind=RELATION, text="≈")
    is_amount = following is not None and following.kind in _BEGINS_OPERAND
    return replace(token, kind=ODD) if is_amount and token.spaced else None


def _settle_relation(
    token: Token, kept: list[Token], following: Token | None, notation: Notation
) -> Token | None:
    # "> 5 + 3 = 8" is a quotation.
    if token.text == ">" and (not kept or kept[-1].text == ">"):
        return replace(token, kind=STOP)
    return replace(token, text=_RELATIONS.get(token.text, token.text))


def _settle_percent(
    token: Token, kept: list[Token], following: Token | None, notation: Notation
) -> Token | None:
    # 10 % 3 is a remainder.
    is_remainder = following is not None and following.kind in (NUMBER, OPEN)
    return replace(token, kind=ODD) if is_remainder else token


def _is_between_operands(previous: Token | None, following: Token | None) -> bool:
    if previous is None or following is None:
        return False
    return previous.kind in _ENDS_OPERAND and following.kind in _BEGINS_OPERAND


_SETTLE = {
    NUMBER: _settle_number, WORD: _settle_word, "mark": _settle_mark, "ellipsis": _settle_ellipsis,
    "stars": _settle_stars, OPERATOR: _settle_operator, "tilde": _settle_tilde,
    RELATION: _settle_relation, PERCENT: _settle_percent,
}  # fmt: skip
