"""Runs of tokens that belong together: brackets, a call, the words of a unit."""

from collections.abc import Sequence

from collate.answers.steps.lexer import CLOSE, NUMBER, OPEN, POWER, WORD, Token

UNIT_WORDS = 3


def matching_brackets(tokens: Sequence[Token]) -> dict[int, int]:
    """The place of the closing bracket of each opening one that has one, and the other way."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token.kind == OPEN:
            opened.append(place)
        elif token.kind == CLOSE and opened:
            partners[place] = opened.pop()
            partners[partners[place]] = place
    return partners


def is_call_of(before: Token, bracket: Token) -> bool:
    """Whether a bracket has the arguments of a function: f(3), not 所以(3 + 4)."""
    is_name = before.kind == WORD and before.text[-1].lower() != before.text[-1].upper()
    return is_name and not bracket.spaced


def unit_words(tokens: Sequence[Token], place: int) -> int:
    """How many tokens from a place on are the words of a unit: `red apples`, `km / h`, `cm ^ 2`."""
    end = place
    while end < len(tokens) and end - place < 2 * UNIT_WORDS:
        length = _unit_part(tokens, end, is_first=end == place)
        if not length:
            break
        end += length
    return end - place


def _unit_part(tokens: Sequence[Token], place: int, *, is_first: bool) -> int:
    """How many tokens the next part of a unit has; 0 where what follows is none."""
    token = tokens[place]
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    if token.kind == WORD:
        return 1
    is_rate = token.text == "/" and after is not None and after.kind == WORD
    if is_rate and after is not None and (len(after.text) > 1 or not is_first):
        return 2
    if is_first:
        return 0
    if token.kind == POWER and not token.spaced:
        return 1
    return 2 if token.text == "^" and after is not None and after.kind == NUMBER else 0
