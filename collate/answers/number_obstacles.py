r"""What keeps a text from stating one number: inequalities, denials, algebra, lists, code.

A number is read only from a text in which none of these patterns is found, so that `at least 12`,
`12:30` or `2x` are unknown rather than 12 or 2. Each pattern has examples of what it reads, and
where it is the point, of what it leaves.
"""

import re
from collections.abc import Sequence

from collate.answers.words import CODE, DENIAL

_INEXACT = "an inequality or a tolerance, not one number"
_DENIED = "denied or hedged, not one number"
_MATHEMATICS = "holds mathematics that is not read"
_CODE = "code, not one number"
_EXPRESSION = "an expression, not one number"

_Obstacles = Sequence[tuple[re.Pattern[str], str]]

# Wherever they stand, also left of an equals sign.
_IN_TEXT: _Obstacles = (
    # x < 12, x ≠ 12, 12 ± 1, x != 12, x =/= 12, +/- 12
    (re.compile(r"[<>≤≥≠±]|[!/~]=|=/|\+\s?/\s?-"), _INEXACT),
    # not 12, anything but 12
    (re.compile(rf"(?i){DENIAL}"), _DENIED),
    # at least 12, up to 12, more than 12, other than 12
    (
        re.compile(
            r"(?i)\b(?:at least|at most|up to|(?:more|less|fewer|greater|larger|smaller|other) than"
            r"|or (?:more|less|fewer))\b"  # 12 or more
        ),
        _DENIED,
    ),
    # over 12, almost 12; not "12 left over"
    (re.compile(r"(?i)\b(?:over|under|above|below|almost|nearly)\W*\d"), _DENIED),
    # 12 is wrong, which was so wrong; 12, false; wrong: 12. Not "12 wrong answers".
    (
        re.compile(
            r"(?i)\b(?:is|are|was|be)\s(?:\w+\s)?(?:wrong|incorrect|false|untrue)\b"
            r"|\b(?:wrong|incorrect|false|untrue)\W*$|^\W*(?:wrong|incorrect|false)\b"
        ),
        _DENIED,
    ),
    # minus 12, half of 12, 12 squared, square root of 144; not "12 quarters"
    (
        re.compile(
            r"(?i)\b(?:minus|plus|half|halves|thirds|factorial|squared|cubed|modulo?|divided"
            r"|multiplied|(?:square|cube|root|power|fraction|third|quarter)s? of)\b"
        ),
        _MATHEMATICS,
    ),
    # twice 12, log 12; not "12 double rooms"
    (
        re.compile(r"(?i)\b(?:negative|twice|double|triple|root|sqrt|log|ln|sin|cos|tan|exp)\W*\d"),
        _MATHEMATICS,
    ),
    # 12 base 8, 12 point 5, 1 to the 2, 12 hundredths; not "12 points". The ends of words alone
    # tell a fraction, so that "12 months" is not read either.
    (
        re.compile(
            r"(?i)\d (?:base \d|point \w|to the (?:\d|power))|\b\w+(?:nths|fths|xths|ghths|dths)\b"
        ),
        _MATHEMATICS,
    ),
    # f(12), 0x12, |-12|
    (re.compile(rf"(?i){CODE}|\b0[xbo][\da-f]|\|"), _CODE),
    # -x = 12
    (re.compile(r"^\s*-[^=\d]*="), "the negative of a name, not one number"),
)

# In the skeleton of the side that counts, where a NUL stands for each number: "12 or 13" is
# "\0 or \0". The examples show the text.
_IN_SKELETON: _Obstacles = (
    # \sqrt{12}, 12^2, 12π
    (re.compile(r"[\\^√π∞‰]"), _MATHEMATICS),
    # 12:00, 2 : 1
    (re.compile(r"\0\s?:\s?\0"), "a time or a ratio, not one number"),
    # 12 + 1, (12) - (1)
    (re.compile(r"\0[)\s]*[-+*/][-+(\s]*\0"), _EXPRESSION),
    # 12+, 12 -
    (re.compile(r"\0\s?\+(?!\s*\0)|\0\s?-\s*$"), "a sign behind it"),
    # -(12)
    (re.compile(r"-\s?\("), "a minus sign before a bracket"),
    # x + 12, 12 * x
    (re.compile(r"[\w)]\s?[+*/]\s?\0|\0\s?\*\s?[A-Za-z(]"), _EXPRESSION),
    # 2x, 12i; not 12 km
    (re.compile(r"\0[xyznije]\b"), "algebra, not one number"),
    # 12 or 13, 12 out of 13, 12 eggs and 13 hens
    (
        re.compile(
            r"(?i)\0[^\0]{0,60}\b(?:times|x|by|of|and|to|or|over|per|choose|mod|but)\b[^\0]{0,60}\0"
        ),
        "several numbers, not one",
    ),
    # A-5, profit - 5, --5; not "is -5"
    (re.compile(r"[A-Za-z]-\s?\0|[A-Za-z]\s-\s\0|[-+]\s?[-+]\s?\0"), "a minus sign or a dash"),
    # What stands between digits or upon them and is perhaps not seen, as a Hangul filler (U+3164)
    # between two ones, or a stroke (U+0338) through a digit.
    (
        re.compile(r"\0[^\0-\x7f]*\0|\0[\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f]"),
        "marks on digits",
    ),
)


def obstacle_in(text: str, skeleton: str) -> str | None:
    """The first reason why no number can be read, or None.

    `text` is a whole statement in plain notation, `skeleton` the side of it that counts with a NUL
    in the place of every number.
    """
    for pattern, reason in _IN_TEXT:
        if pattern.search(text):
            return reason
    for pattern, reason in _IN_SKELETON:
        if pattern.search(skeleton):
            return reason
    return None
