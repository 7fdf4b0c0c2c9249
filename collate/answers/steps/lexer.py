"""The tokens of one line of a rationale: numbers, operators, relations, brackets, units and words.

What has no reading here (a root, a time of day, a date, a name with digits) is `ODD`, and no
expression goes across it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

NUMBER, OPERATOR, POWER, RELATION = "number", "operator", "power", "relation"
OPEN, CLOSE, FRACTION, FACTORIAL = "open", "close", "fraction", "factorial"
CURRENCY, PERCENT, WORD = "currency", "percent", "word"
COMMA, STOP, ODD = "comma", "stop", "odd"

LONGEST_NUMBER = 40  # characters; longer ones are not read
LARGEST_EXPONENT = 60  # of 1e60


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a line: where it stands, and of a number its value and its decimal places.

    `spaced` says that white space stands before it.
    """

    kind: str
    text: str
    start: int
    end: int
    spaced: bool
    value: Fraction | None = None
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Notation:
    """How the numbers of a line are written.

    `decimal` is the decimal mark, `grouping` the mark between thousands. With `apart` neither
    commas nor spaces join digits, with `colon_divides` a colon between numbers is a division.
    """

    decimal: str = "."
    grouping: str = ","
    apart: bool = False
    colon_divides: bool = False


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
# Vowel signs of Indian and Thai words are no letters to \w.
_LETTER = r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f])"
_YEAR = r"(?:1[5-9]|20)\d\d"
_TOKEN = re.compile(
    rf"""
    (?P<space>[\ \u00a0]+)
  | (?P<skipped>\x00+|`+|(?<!\w)_+(?=\d)|(?<=\d)_+(?!\w))     # `8`, _8_
  | (?P<stop>[\x01\x03;?"|]|[=-]>|-->|<=>|\#{{2,}})
  | (?P<ellipsis>\.\.+|…)
  | (?P<date>\d{{1,2}}(?P<mark1>[/.-])\d{{1,2}}(?P=mark1){_YEAR}(?!\d)    # 3/4/2024
      |{_YEAR}(?P<mark2>[/.-])\d{{1,2}}(?P=mark2)\d{{1,2}}(?![\d.]))       # 2024-04-03
  | (?P<phone>\d{{3}}-\d{{3,4}}-\d{{4}}(?!\d))
  | (?P<hex>0[xXbBoO][0-9a-fA-F]+\b)
  | (?P<science>\d+(?:\.\d+)?[eE][+-]?\d{{1,4}}(?![\w.]))     # 1.5e3
  | (?P<mixed>\d{{1,6}}\ \d{{1,4}}/\d{{1,4}}(?![\d/]|[.,]\d)) # 2 1/2
  | (?P<grouped>\d{{1,3}}(?:[\ \u00a0]\d{{3}})+(?!\d)         # 10 000,5
      (?:[.,]\d+)?(?![.,]?\d))
  | (?P<number>(?:\d|(?<![\w.)\]}}])\.(?=\d))                 # 1,000.5 and .5
      (?:\d|\x00|[.,'_·](?=[\d\x00]))*)
  | (?P<vulgar>[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒])
  | (?P<superscript>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)
  | (?P<relation>===?|=/=|!==?|<>|<=|>=|=<|~=|=~|[=≠≤≥≈<>])
  | (?P<struck>~~+)
  | (?P<tilde>~)
  | (?P<stars>\*+)
  | (?P<operator>[-+/–^×·•])
  | (?P<open>[(\[{{])
  | (?P<close>[)\]}}])
  | (?P<digits>\\[dtc]?frac\ ?\d\ ?\d)                        # \frac12
  | (?P<fraction>\\[dtc]?frac(?![A-Za-z]))
  | (?P<comma>[,\x04])
  | (?P<currency>[$€£¥₹₩₽])
  | (?P<percent>%)
  | (?P<word>{_LETTER}+(?:['.-]{_LETTER}+)*|°[CFK]?|¢)
  | (?P<mark>[.:!])
  | (?P<odd>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DIGITS = re.compile(r"\d+")


def raw_tokens(line: str, notation: Notation) -> Iterator[Token]:
    """The tokens of a line of one typography, each by itself."""
    place, spaced = 0, True
    while place < len(line):
        found = _TOKEN.match(line, place)
        assert found is not None and found.lastgroup is not None
        group, end = found.lastgroup, found.end()
        if group in ("mixed", "grouped", "number"):
            group, end = _number_extent(group, found, line, notation)
        text, start, place = line[place:end], place, end
        if group == "space":
            spaced = True
        elif group != "skipped":
            yield _as_number(Token(group, text, start, end, spaced), notation)
            spaced = False


def _number_extent(
    group: str, found: re.Match[str], line: str, notation: Notation
) -> tuple[str, int]:
    """Where a number ends that may be read as several."""
    text = found[0]
    if group == "mixed":
        _, upper, lower = map(int, re.split("[ /]", text))
        is_mixed = 0 < upper < lower and not notation.apart
        return ("mixed", found.end()) if is_mixed else ("number", _digits_end(line, found.start()))
    if group == "grouped" and notation.apart:
        return "number", _digits_end(line, found.start())
    if group == "number":
        # 3·4 is a product, and 3,4 may be two numbers.
        ends = [text.find(mark) for mark, splits in
                ((",", notation.apart), ("·", notation.decimal != "·")) if splits]  # fmt: skip
        for end in ends:
            if end > 0:
                text = text[:end]
    return group, found.start() + len(text)


def _digits_end(line: str, place: int) -> int:
    found = _DIGITS.match(line, place)
    assert found is not None
    return found.end()


def _as_number(token: Token, notation: Notation) -> Token:
    """A token that is a number or a power with its value; others as they are."""
    value: Fraction | None
    kind, decimals = NUMBER, 0
    match token.kind:
        case "number" | "grouped":
            value, decimals = _read_number(token.text, notation)
        case "science":
            mantissa, _, exponent = token.text.lower().partition("e")
            value = None
            if len(mantissa) <= LONGEST_NUMBER and abs(int(exponent)) <= LARGEST_EXPONENT:
                value = Fraction(mantissa) * Fraction(10) ** int(exponent)
        case "mixed":
            whole, upper, lower = map(int, re.split("[ /]", token.text))
            value = whole + Fraction(upper, lower)
        case "vulgar":
            value = Fraction(unicodedata.numeric(token.text)).limit_denominator(10)
        case "digits":
            upper, lower = map(int, _DIGITS.findall(" ".join(token.text))[-2:])
            value = Fraction(upper, lower) if lower else None
        case "superscript":
            kind, value = POWER, Fraction(int(token.text.translate(_SUPERSCRIPTS)[:4]))
        case "date" | "phone" | "hex" | "odd" | "struck":
            return replace(token, kind=ODD)
        case _:
            return token
    return replace(token, kind=ODD if value is None else kind, value=value, decimals=decimals)


def _read_number(text: str, notation: Notation) -> tuple[Fraction | None, int]:
    """Value and decimal places of `1,234.50`; None where the notation has no such number."""
    text = text.replace("\x00", "").replace("\u00a0", " ")
    if len(text) > LONGEST_NUMBER:
        return None, 0
    whole, mark, decimals = text.partition(notation.decimal)
    if mark and not decimals.isdecimal():
        return None, 0
    for grouping in (notation.grouping, "'", "_", " "):
        if grouping in whole and _is_grouped(whole.split(grouping)):
            whole = whole.replace(grouping, "")
    if whole and not whole.isdecimal():
        return None, 0
    value = Fraction(int(whole + decimals or "0"))
    return value / 10 ** len(decimals) if decimals else value, len(decimals)


def _is_grouped(groups: list[str]) -> bool:
    """Whether digits are grouped by threes, 1,234,567, or as in India, 12,34,567."""
    if not all(group.isdecimal() for group in groups) or groups[0].startswith("0"):
        return False
    first, *middle, last = map(len, groups)
    by_threes = first <= 3 and all(length == 3 for length in middle)
    as_in_india = first <= 2 and all(length == 2 for length in middle)
    return last == 3 and (by_threes or as_in_india)
