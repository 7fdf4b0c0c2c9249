"""Lists and records that stand in a text: as JSON, or as Python, numpy and pandas print them.

    ["red", "green"]    ['red', 'green']    ('red', 'green')    ['red' 'green']
    array(['red', "don't"], dtype=object)    {'text': array([...]), 'label': ['A', 'B']}

A CSV cell cannot hold a list, so that it holds the print of one. Nothing is evaluated: a text is
cut into tokens, of which only the literals above are read.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from collate.tasks.number_texts import as_meant

_LONGEST_TEXT = 2**20  # characters
_DEEPEST = 16  # lists and records within each other
_BEGINNINGS = ("[", "{", "(", "array(", "np.array(", "numpy.array(")

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string> '[^'\\]*(?:\\.[^'\\]*)*' | "[^"\\]*(?:\\.[^"\\]*)*" )
      | (?P<number> [+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
      | (?P<word> [A-Za-z_][\w.]* )
      | (?P<sign> [][(){},:=] )
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\n": "", "\\": "\\", "'": "'", '"': '"'}
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_CONSTANTS = {
    **dict.fromkeys(("None", "null", "nan", "NaN"), None),
    **dict.fromkeys(("True", "true"), True),
    **dict.fromkeys(("False", "false"), False),
}
# The names of what is printed around a value: array([1, 2]), np.str_('a'), np.float64(1.5).
_PRINTED_CALL = re.compile(r"(?:.*\.)?(?:array|str_|bool_?|u?int\d+|float\d+|Decimal|list|tuple)")


def looks_written(text: str) -> bool:
    """Whether a text begins as a written list or record does."""
    return text.lstrip().startswith(_BEGINNINGS)


def read_written(text: str) -> Any:
    """The list or record that a text writes; numbers in it are texts with their own digits.

    Raises ValueError, with the reason, where it is none.
    """
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"longer than {_LONGEST_TEXT:,} characters")
    try:
        return json.loads(text, parse_float=as_meant, parse_int=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:
        return _Reader(text).read_all()


class _Reader:
    """Reads the tokens of one text from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens_of(text))
        self._next = 0

    def read_all(self) -> Any:
        value = self._value(0)
        if self._next < len(self._tokens):
            raise ValueError(f"{self._peek()[1]!r} behind the end of the list")
        return value

    def _peek(self) -> tuple[str, str]:
        if self._next == len(self._tokens):
            raise ValueError("not closed")
        return self._tokens[self._next]

    def _take(self, wanted: str = "") -> tuple[str, str]:
        kind, text = self._peek()
        if wanted and (kind, text) != ("sign", wanted):
            raise ValueError(f"{text!r} where {wanted!r} should be")
        self._next += 1
        return kind, text

    def _value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        kind, text = self._take()
        if kind == "string":
            return _unescaped(text[1:-1])
        if kind == "number":
            return as_meant(text.removesuffix("."))
        if kind == "word":
            return self._named_value(text, depth)
        if text in ("[", "("):
            return self._items(_CLOSING[text], lambda: self._value(depth + 1))
        if text == "{":
            return dict(self._items("}", lambda: self._pair(depth + 1)))
        raise ValueError(f"{text!r} where a value should be")

    def _items(self, closing: str, read_item: Callable[[], Any]) -> list[Any]:
        """Items up to the closing sign, all of them with a comma between, or none, as in numpy."""
        items, separators = [], set()
        while self._peek() != ("sign", closing):
            items.append(read_item())
            separator = "," if self._peek() == ("sign", ",") else ""
            if separator:
                self._take()
            if self._peek() != ("sign", closing):
                separators.add(separator)
        self._take()
        if len(separators) > 1:
            raise ValueError("commas between some of its items only")
        return items

    def _pair(self, depth: int) -> tuple[str, Any]:
        key = self._value(depth)
        self._take(":")
        return str(key), self._value(depth)

    def _named_value(self, name: str, depth: int) -> Any:
        """A constant, or the value within `array(...)`, whatever stands behind it there."""
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if not _PRINTED_CALL.fullmatch(name):
            raise ValueError(f"{name!r} without quotes")
        self._take("(")
        value = self._value(depth + 1)
        while self._take()[1] != ")":  # ", dtype=object"
            pass
        return value


def _tokens_of(text: str) -> "list[tuple[str, str]]":
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise ValueError(f"{text[position : position + 20].strip()!r} cannot be read")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _unescaped(text: str) -> str:
    """A string's text with its escapes replaced; an unknown one stays, as in Python."""

    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code:
            return chr(int(code, 16))
        return _ESCAPED.get(match[4], match[0])

    return _ESCAPE.sub(character, text)
