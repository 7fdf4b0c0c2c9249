"""The lines of a rationale, and what the lines beside one say of equations at its ends."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collate.answers.steps.lexer import STOP, WORD, Token
from collate.answers.steps.typography import BREAK, SKIPPED, in_one_form
from collate.answers.steps.words import BEFORE, DENYING, DENYING_PARTS, REMAINDERS

# A calculator's annotation, <<48/2=24>>; the group is what is in it.
_ANNOTATION = re.compile(r"<<([^<>\n]{1,300})>>")
# Without any of these a line has no relation in it.
_MAY_RELATE = re.compile(r"[=<>~≠≤≥≦≧⩽⩾≈≃≅≒≐∼∽＝＜＞～\\&]|equal")
_ENDS_STATEMENT = frozenset(".:;!?)]}\"”'*`_>|$。：；！？）…")
_GOES_ON = frozenset("+-*/×÷·^=(,–−")
_OPERATORS = frozenset("+-–*×/·^")
_SENTENCE_ENDS = frozenset({".", "!", "?", BREAK})
# What a line begins with that goes on with the sum of the line before: "+ 5", "× 2", "* 3".
_CONTINUES = re.compile(r"(?:[+/×÷·^]|\*\s*\d|[-−]\s*\d[^=]*$)")


@dataclass(frozen=True, slots=True)
class Line:
    """A line in one typography, and where it starts in the text.

    `begins_anew` and `ends_here` say that no equation goes across its ends, `may_go_on` that it
    begins with an operator and the line before ends with a number. `names_remainder` says that it
    or the next one has a word for what a division leaves.
    """

    text: str
    start: int
    begins_anew: bool
    ends_here: bool
    may_go_on: bool
    names_remainder: bool

    def ends_sentence(self, token: Token) -> bool:
        return token.kind == STOP and token.text in _SENTENCE_ENDS

    def denied_sentences(self, tokens: Sequence[Token]) -> set[int]:
        """The numbers of the sentences that deny, ask or round what they say."""
        denied: set[int] = set()
        sentence = 0
        for token in tokens:
            if token.text == "?" or (token.kind == WORD and _denies(token.text.lower())):
                denied.add(sentence)
            sentence += self.ends_sentence(token)
        return denied


def _denies(word: str) -> bool:
    if word in DENYING:
        return True
    return not word.isascii() and any(part in word for part in DENYING_PARTS)


def lines_of(text: str) -> Iterator[Line]:
    """The lines of a text, and the annotations of a calculator in them as lines of their own."""
    texts = text.split("\n")
    start = 0
    for number, line in enumerate(texts):
        start, line_start = start + len(line) + 1, start
        if not _MAY_RELATE.search(line):
            continue
        previous = texts[number - 1].strip() if number else ""
        following = texts[number + 1].strip() if number + 1 < len(texts) else ""
        formed = in_one_form(line)
        if "<<" in formed:
            for found in _ANNOTATION.finditer(formed):
                yield Line(found[1], line_start + found.start(1), True, True, False, False)
            formed = _ANNOTATION.sub(lambda found: SKIPPED * len(found[0]), formed)
        yield Line(
            formed,
            line_start,
            begins_anew=_ends_statement(previous),
            ends_here=not _goes_on(formed.strip(), following),
            may_go_on=_may_go_on(previous, formed.strip()),
            names_remainder=any(part in f"{line} {following}".lower() for part in REMAINDERS),
        )


def _goes_on(line: str, following: str) -> bool:
    return _CONTINUES.match(following) is not None and line[:1] != following[:1]


def _may_go_on(previous: str, line: str) -> bool:
    # Where both lines begin with the sign, it is the mark of a list. Behind an equation, "-5" is a
    # number.
    is_list = previous[:1] == line[:1]
    is_number = line[:1] == "-" and line[1:2].isdecimal() and "=" in previous
    goes_on = previous[-1:].isdecimal() and line[:1] in _OPERATORS
    return goes_on and not is_list and not is_number


def _ends_statement(line: str) -> bool:
    """Whether what stands in the line behind this one begins anew."""
    is_rule = not any(character.isalnum() for character in line)
    if is_rule or line.startswith("#"):
        return True
    if line[-1] in _GOES_ON:
        return False
    if line[-1] in _ENDS_STATEMENT or line[-1].isdecimal() or "=" in line:
        return True
    return line.rsplit(maxsplit=1)[-1].lower() in BEFORE - {"and"}


@dataclass(frozen=True, slots=True)
class Side:
    """What stands on one side of a relation, to the next relation or the end of the statement.

    `before` and `after` are the marks of punctuation around the statement, None at the ends of the
    line. `is_cut` says that the statement may have begun before them: behind a number and a comma,
    or an operator. `is_denied` says that its sentence denies, asks or supposes something.
    """

    tokens: Sequence[Token]
    before: Token | None
    after: Token | None
    is_first: bool
    is_last: bool
    is_cut: bool
    is_denied: bool
