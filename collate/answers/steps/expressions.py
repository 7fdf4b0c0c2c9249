"""Arithmetic expressions: found in a list of tokens, and their exact values.

    expression := term (("+" | "-") term)*
    term       := power (("*" | "/" | nothing before a bracket) power)*
    power      := ("+" | "-")* operand ("^" power)?
    operand    := number | bracket | \\frac, with "!", "%", currency and unit words behind it

Nothing is evaluated but what this grammar reads, with fractions and below limits. Where conventions
differ (`6/2(3)`, `-2^2`, `2^3^2`, `50 + 20%`) the value depends on a `Convention`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from collate.answers.steps.lexer import (
    CLOSE,
    CURRENCY,
    FACTORIAL,
    FRACTION,
    NUMBER,
    OPEN,
    OPERATOR,
    PERCENT,
    POWER,
    WORD,
    Token,
)
from collate.answers.steps.phrases import UNIT_WORDS, is_call_of, unit_words
from collate.answers.steps.quantities import (
    CLOSE_SLASH,
    SLASHES,
    Value,
    constant,
    factorial_of,
    percent_of,
    power_of,
    product_of,
    sum_of,
)

DEEPEST_BRACKET = 12


@dataclass(slots=True)
class Expression:
    """An expression that begins at a token and ends before another.

    `units` are words and currencies of its operands, `lead` is its first operand, `literal` the
    number that it is where it is nothing else. `ambiguous` names the fields of `Convention` that
    matter to its value. `is_share` says that it is a share of something, 3/4 or 40 %,
    `is_doubtful` that its numbers may be none, 0730, or a list, 1 / 2 / 3 / 4, and
    `has_word_product` that something in it is multiplied in words, 20 % of 50.
    """

    start: int
    end: int
    value: Value
    lead: Value
    literal: Token | None
    is_percent: bool
    is_sum: bool
    units: tuple[str, ...]
    all_whole: bool
    all_percent: bool
    is_share: bool
    is_doubtful: bool
    has_word_product: bool
    ambiguous: frozenset[str]
    begins_with_sign: bool

    @property
    def is_bare(self) -> bool:
        """Whether it is one number."""
        return self.literal is not None


@dataclass(slots=True)
class _Seen:
    """What was met while an expression was read."""

    units: list[str] = field(default_factory=list)
    ambiguous: set[str] = field(default_factory=set)
    numbers: list[Token] = field(default_factory=list)
    percents: int = 0
    operators: int = 0
    is_sum: bool = False
    has_word_product: bool = False
    is_doubtful: bool = False


class _NoExpression(Exception):
    """The tokens at this place are no expression."""


def expression_at(
    tokens: Sequence[Token], start: int, partners: dict[int, int]
) -> Expression | None:
    """The longest expression that begins at a place; None where none does."""
    reader = _Reader(tokens, start, partners)
    try:
        return reader.expression()
    except _NoExpression:
        return None


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, tokens: Sequence[Token], start: int, partners: dict[int, int]) -> None:
        self.tokens, self.start, self.place, self.partners = tokens, start, start, partners
        self.depth = 0
        self.seen = _Seen()
        self.lead: Value | None = None

    def expression(self) -> Expression:
        value = self._sum(len(self.tokens))
        seen = self.seen
        is_one = seen.operators == 0 and len(seen.numbers) == 1
        assert self.lead is not None
        return Expression(
            start=self.start,
            end=self.place,
            value=value,
            lead=self.lead,
            literal=seen.numbers[0] if is_one else None,
            is_percent=seen.percents > 0,
            is_sum=seen.is_sum,
            units=tuple(seen.units),
            all_whole=all(not number.decimals for number in seen.numbers),
            all_percent=seen.percents == len(seen.numbers),
            is_share=seen.percents > 0 if is_one else self._is_plain_fraction(),
            is_doubtful=seen.is_doubtful
            or any(_has_leading_zero(number.text) for number in seen.numbers),
            has_word_product=seen.has_word_product,
            ambiguous=frozenset(seen.ambiguous),
            begins_with_sign=self.tokens[self.start].kind == OPERATOR,
        )

    def _is_plain_fraction(self) -> bool:
        upper, *between, lower = self.tokens[self.start : self.place]
        if upper.value is None or lower.value is None or len(between) != 1:
            return False
        is_close = not between[0].spaced and not lower.spaced
        return is_close and between[0].text == "/" and upper.value < lower.value

    def _peek(self, ahead: int = 0) -> Token | None:
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def _operator(self, texts: str) -> str | None:
        """The operator that is next, if it is one of these and an operand follows."""
        token = self._peek()
        if token is None or token.kind != OPERATOR or token.text not in texts:
            return None
        ahead = 1
        while (after := self._peek(ahead)) is not None and after.text in ("-", "+"):
            ahead += 1
        begins = after is not None and after.kind in (NUMBER, OPEN, CURRENCY, FRACTION)
        return token.text if begins and ahead <= 2 else None

    def _sum(self, end: int) -> Value:
        parts: list[tuple[bool, Value, bool]] = []
        sign: str | None = "+"
        while sign is not None:
            percents, operators = self.seen.percents, self.seen.operators
            term = self._product(end)
            is_percent = self.seen.percents > percents and self.seen.operators == operators
            parts.append((sign in "-–", term, is_percent))
            sign = self._operator("+-–") if self.place < end else None
            if sign is not None:
                self.seen.is_doubtful |= self._is_hyphen()
                self.place += 1
                self.seen.operators += 1
                self.seen.is_sum = True
        if len(parts) == 1:
            return parts[0][1]
        if any(part[2] for part in parts[1:]) and not parts[0][2]:
            self.seen.ambiguous.add("percent_of_left")
        return lambda convention: sum_of(parts, convention)

    def _is_hyphen(self) -> bool:
        """Whether a minus may be the hyphen of a mixed number, 2-1/2."""
        parts = self.tokens[self.place - 1 : self.place + 4]
        if len(parts) < 5 or any(part.spaced for part in parts[1:]):
            return False
        whole, minus, upper, slash, lower = parts
        if whole.value is None or upper.value is None or lower.value is None:
            return False
        return minus.text == "-" and slash.text == "/" and upper.value < lower.value

    def _product(self, end: int) -> Value:
        factors: list[tuple[str, Value]] = [("*", self._power(end))]
        is_divided = False
        while self.place < end:
            operator = self._operator("*/")
            if operator is not None:
                sign = self.tokens[self.place]
                self.seen.has_word_product |= operator == "*" and sign.end - sign.start > 1
                operator = self._slash() if operator == "/" else operator
                self.place += 1
                is_divided |= operator in SLASHES
                if operator in SLASHES and factors[-1][0] in SLASHES:
                    self.seen.ambiguous.add("fraction_first")
            elif self._is_implicit_product():
                operator = ""
                if is_divided:
                    self.seen.ambiguous.add("product_first")
            else:
                break
            self.seen.operators += 1
            factors.append((operator, self._power(end)))
        if len(factors) == 1:
            return factors[0][1]
        # 248 / 243 / 176 / 155 is a list.
        is_list = len(factors) > 3 and all(sign in SLASHES for sign, _ in factors[1:])
        self.seen.is_doubtful |= is_list
        return lambda convention: product_of(factors, convention)

    def _slash(self) -> str:
        """The division that is next, which is another one where no space is beside it."""
        sign, after = self.tokens[self.place], self.tokens[self.place + 1]
        return "/" if sign.spaced or after.spaced else CLOSE_SLASH

    def _is_implicit_product(self) -> bool:
        token, before = self._peek(), self.tokens[self.place - 1]
        if token is None or token.spaced or token.kind != OPEN or token.text == "[":
            return False
        if before.kind not in (NUMBER, CLOSE) or self.place not in self.partners:
            return False
        self.seen.is_doubtful |= bool(before.decimals)  # 0.3(3) may repeat
        return self.tokens[self.place + 1].kind != WORD

    def _power(self, end: int) -> Value:
        negations = 0
        while (token := self._peek()) is not None and token.kind == OPERATOR:
            if (
                token.text not in "+-–"
                or negations
                or (token.text == "–" and self.place > self.start)
            ):
                raise _NoExpression
            negations = 1 if token.text in "-–" else 2
            self.place += 1
        base_is_number = (token := self._peek()) is not None and token.kind in (NUMBER, CURRENCY)
        parts = [self._operand(end)]
        while self.place < end and self._next_is_exponent():
            parts.append(self._exponent(end))
            self.seen.operators += 1
        if len(parts) > 2:
            self.seen.ambiguous.add("powers_from_left")
        negated = negations == 1
        if negated and base_is_number and len(parts) > 1:
            self.seen.ambiguous.add("signed_base")
        value: Value = lambda convention: power_of(parts, negated, convention)  # noqa: E731
        if self.lead is None:
            self.lead = value
        return value

    def _next_is_exponent(self) -> bool:
        token = self._peek()
        return token is not None and (token.kind == POWER or self._operator("^") is not None)

    def _exponent(self, end: int) -> Value:
        token = self._peek()
        assert token is not None
        self.place += 1
        if token.kind == POWER:
            return constant(token.value)
        negated = (sign := self._peek()) is not None and sign.text == "-"
        if negated:
            self.place += 1
        operand = self._operand(end)
        return (lambda convention: -operand(convention)) if negated else operand

    def _operand(self, end: int) -> Value:
        token = self._peek()
        if token is not None and token.kind == CURRENCY:
            self.seen.units.append(token.text)
            self.place += 1
            token, after = self._peek(), self._peek(1)
            is_minus = token is not None and token.kind == OPERATOR and token.text == "-"
            if is_minus and after is not None and after.kind == NUMBER:  # $-8
                self.place += 1
                inner = self._operand(end)
                return lambda convention: -inner(convention)
        if token is None or self.place >= end:
            raise _NoExpression
        if token.kind == NUMBER:
            self.place += 1
            self.seen.numbers.append(token)
            value = self._behind_number(constant(token.value))
        elif token.kind == OPEN:
            value = self._bracket()
        elif token.kind == FRACTION:
            self.place += 1
            self.seen.operators += 1
            upper, lower = self._bracket(), self._bracket()
            value = lambda convention: upper(convention) / lower(convention)  # noqa: E731
        else:
            raise _NoExpression
        return self._with_marks(value, end)

    def _behind_number(self, value: Value) -> Value:
        """With the fraction of a mixed number in TeX, 2\\frac{1}{2}."""
        token = self._peek()
        if token is None or token.kind != FRACTION:
            return value
        fraction = self._operand(len(self.tokens))
        return lambda convention: value(convention) + fraction(convention)

    def _bracket(self) -> Value:
        """What is in brackets, all of which has to be an expression; `5(` after a word is none."""
        close = self.partners.get(self.place)
        before = self.tokens[self.place - 1] if self.place else None
        token = self._peek()
        is_call = before is not None and token is not None and is_call_of(before, token)
        if close is None or close < self.place or is_call or self.depth >= DEEPEST_BRACKET:
            raise _NoExpression
        self.place += 1
        self.depth += 1
        lead = self.lead
        value = self._sum(close)
        self.depth -= 1
        self.lead = lead
        if self.place != close:
            raise _NoExpression
        self.place += 1
        return value

    def _with_marks(self, value: Value, end: int) -> Value:
        """With what stands behind an operand: `!`, `%`, a currency, the words of a unit."""
        marked = value
        while self.place < end and (token := self._peek()) is not None:
            # One mark and no more: values within values would become too deep.
            if token.kind == FACTORIAL and marked is value:
                self.seen.operators += 1
                marked = factorial_of(value)
            elif token.kind == PERCENT and marked is value:
                self.seen.percents += 1
                marked = percent_of(value)
            elif token.kind == CURRENCY and not self._begins_amount():
                self.seen.units.append(token.text)
            else:
                break
            self.place += 1
        count = unit_words(self.tokens[self.place : min(end, self.place + 2 * UNIT_WORDS)], 0)
        after = self._peek(count)
        # Words belong to the operand where the expression goes on behind them or its bracket ends.
        goes_on = after is not None and after.kind == OPERATOR and self._goes_on(count)
        if count and (goes_on or self.place + count == end < len(self.tokens)):
            unit = self.tokens[self.place : self.place + count]
            self.seen.units.append(" ".join(token.text.lower() for token in unit))
            self.place += count
        return marked

    def _begins_amount(self) -> bool:
        """Whether the currency that is next belongs to the number behind it: `5 $3`."""
        after = self._peek(1)
        return after is not None and after.kind == NUMBER

    def _goes_on(self, count: int) -> bool:
        place, self.place = self.place, self.place + count
        operator = self._operator("+-–*/")
        self.place = place
        return operator is not None


def _has_leading_zero(text: str) -> bool:
    return len(text) > 1 and text[0] == "0" and text[1].isdecimal()
