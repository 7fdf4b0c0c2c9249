r"""Reading the one number that a short text states, exactly.

    $1,234.50    18 eggs.    \boxed{\frac{1}{2}}    1 1/2    **-3**    50%    1.2e3    3 + 4 = 7

`read_number` gives a `Number` (an exact Fraction, never a float), or a sentence that says why there
is none: two different numbers, a time, a range, an inequality, algebra, LaTeX that is left over.

Locale: a comma before groups of three digits separates thousands (`1,234`) and a single dot is a
decimal point (`1.234`), as the common data sets write them; `1.234,5` and `1.234.567` can only
follow the other convention and are read so; `1,5` is 1.5. What such a text would be under the
other convention is kept in `alternates`, and so is `5k` as 5000 or `50 cents` as 0.5: an answer
that agrees with the gold answer only there is `unknown`, not `wrong`.

Percent: `50%` equals a gold `50%` or `50`, and `0.5` equals a gold `50%`. A stated `50%` against a
gold `0.5` is `unknown`, since the question may have asked for either.

The text comes from a model. It is capped before anything else, and digits, exponents and counts
have limits; nothing is evaluated.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from fractions import Fraction

LONGEST = 1000  # characters of a text that may be an answer
MOST_DIGITS = 300
MOST_NUMBERS = 16

DENIAL = (
    r"(?:\b(?:not|never|neither|nor|no|none|nobody|nothing|cannot|except|excluding|without|unless"
    r"|besides|hardly|unlikely|instead of|rather than|other than|anything but|all but|far from)\b"
    r"|n['’]t\b)"
)
"""A pattern for words that deny what stands near them, in text of any case."""
CODE = (
    r"(?:[A-Za-z_]\d*\(|\(\)|\$[({]|__|://|['\"][.\]]|[!¬]\w|\b(?:def|echo|lambda)\b"
    r"|\b(?:if|while)\s\w+\s?:)"
)
"""A pattern for what makes a text look like code, of which no part is an answer."""


@dataclass(frozen=True)
class Number:
    """One exact number, whether a percent sign stood behind it, and what else it may have meant."""

    value: Fraction
    percent: bool = False
    alternates: frozenset[Fraction] = field(default=frozenset(), compare=False)


POWERS = {power: f"^{digit}" for digit, power in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("\N{MINUS SIGN}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}", "-"),
        **dict.fromkeys("\N{EN DASH}\N{SMALL HYPHEN-MINUS}\N{FULLWIDTH HYPHEN-MINUS}", "-"),
        **dict.fromkeys("\N{MULTIPLICATION SIGN}\N{DOT OPERATOR}\N{MIDDLE DOT}", "*"),
        **POWERS,
        **{index: f"^{digit}" for digit, index in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        **dict.fromkeys("\N{FRACTION SLASH}\N{DIVISION SLASH}\N{DIVISION SIGN}", "/"),
        **dict.fromkeys("\N{ALMOST EQUAL TO}~`#\0", " "),
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{ARABIC DECIMAL SEPARATOR}": ".",
        "\N{ARABIC THOUSANDS SEPARATOR}": ",",
        "\N{ARABIC PERCENT SIGN}": "%",
    }
)
_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}"
_NARROW_SPACE = re.compile(rf"(?<=\d)[{_SPACES}](?=\d{{3}}(?!\d))")
_LATEX_WORDS = (
    (re.compile(r"\\[dtc]?frac\s?(\d)\s?(\d)(?!\d)"), r" \1/\2 "),
    (re.compile(r"\\[dtc]?frac\s?\{([^{}]*)\}\s?\{([^{}]*)\}"), r" \1/\2 "),
    (re.compile(r"(?<=\d)\\[,!](?=\d{3}(?!\d))"), ""),  # 18\,000
    (re.compile(r"\\[,;:! ]|\\q?quad\b"), " "),
    (re.compile(r"\\([$%#&])"), r"\1"),
    (re.compile(r"\\(?:times|cdot)\b"), "*"),
    (re.compile(r"\\(?:approx|sim)\b|\\[()\[\]]|\\(?:left|right)\b"), " "),
    (re.compile(r"\\(?:boxed|fbox|text|textbf|textit|mathrm|mathbf|mbox|operatorname)\b"), " "),
)
_CURRENCY = re.compile(
    r"(?:\b(?:US|AU|CA|NZ|HK|[ACRS]))?\$|[£€¥₹₽₩₪₺฿]|\bRs\.?\s?(?=\d)"
    r"|\b(?:USD|EUR|GBP|INR|CHF|JPY|CNY|CAD|AUD)\s?(?=[-\d])"
)
_BRACED_POWER = re.compile(r"\^\{(-?\d+)\}")
_UNIT_POWER = re.compile(r"(?<=[A-Za-zµ°])\^-?\d")

# One number with what belongs to it. Every part has a fixed first character, so that a failing
# match ends where it started; digits are preceded by neither a letter nor more digits.
_NUMBER = re.compile(
    r"""(?<![A-Za-z_\d])(?<!\d[.,'])
    (?: (?P<whole>\d+)\ +(?P<part>\d+)\ ?/\ ?(?P<of>\d+)
      | (?P<above>\d+)\ ?/\ ?(?P<below>\d+)
      | (?P<body> \d{1,3}(?:\ \d{3})+(?!\d)(?:[.,]\d+)? | \d+(?:[.,'_]\d+)* | \.\d+ )
        (?: e(?P<exponent>[-+]?\d+)(?!\w) | \ ?\*\ ?10\^(?P<power>[-+]?\d+) )?
    )
    (?: \ ?(?P<scale>dozen|hundred|thousand|million|billion|trillion)\b )?
    (?P<percent> \ ?(?: % | percent\b | per\ cent\b | pct\b ) )?
    (?: (?P<letter>[kmb])n?\b | \ ?(?P<cents>¢|cents?\b) )?""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9,
    "trillion": 10**12, "k": 10**3, "m": 10**6, "b": 10**9,
}  # fmt: skip

_POWER = re.compile(r"(?<=\d)\*\*(?=[\d(-])")

# Reasons not to read a text, whatever side of an equation they stand on.
_OBSTACLES = (
    (re.compile(r"[<>≤≥≠±]|[!/~]=|=/|\+\s?/\s?-"), "an inequality or a tolerance, not one number"),
    (re.compile(rf"(?i){DENIAL}"), "denied or hedged, not one number"),
    (
        re.compile(
            r"(?i)\b(?:at least|at most|up to|(?:more|less|fewer|greater|larger|smaller|other) than"
            r"|or (?:more|less|fewer))\b|\b(?:over|under|above|below|almost|nearly)\W*\d"
            r"|\b(?:is|are|was|be)\s(?:\w+\s)?(?:wrong|incorrect|false|untrue)\b"
            r"|\b(?:wrong|incorrect|false|untrue)\W*$|^\W*(?:wrong|incorrect|false)\b"
        ),
        "denied or hedged, not one number",
    ),
    (
        re.compile(
            r"(?i)\b(?:minus|plus|half|halves|thirds|factorial|squared|cubed|modulo?|divided"
            r"|multiplied|(?:square|cube|root|power|fraction|third|quarter)s? of)\b"
            r"|\b(?:negative|twice|double|triple|root|sqrt|log|ln|sin|cos|tan|exp)\W*\d"
            r"|\d (?:base \d|point \w|to the (?:\d|power))|\b\w+(?:nths|fths|xths|ghths|dths)\b"
        ),
        "holds mathematics that is not read",
    ),
    (re.compile(rf"(?i){CODE}|\b0[xbo][\da-f]|\|"), "code, not one number"),
    (re.compile(r"^\s*-[^=\d]*="), "the negative of a name, not one number"),
)
# And on the skeleton of the right side: every number in it replaced by a NUL.
_FORMS = (
    (re.compile(r"[\\^√π∞‰]"), "holds mathematics that is not read"),
    (re.compile(r"\0\s?:\s?\0"), "a time or a ratio, not one number"),
    (re.compile(r"\0[)\s]*[-+*/][-+(\s]*\0"), "an expression, not one number"),
    (re.compile(r"\0\s?\+(?!\s*\0)|\0\s?-\s*$"), "a sign behind it"),
    (re.compile(r"-\s?\("), "a minus sign before a bracket"),
    (re.compile(r"[\w)]\s?[+*/]\s?\0|\0\s?\*\s?[A-Za-z(]"), "an expression, not one number"),
    (re.compile(r"\0[xyznije]\b"), "algebra, not one number"),
    (
        re.compile(
            r"(?i)\0[^\0]{0,60}\b(?:times|x|by|of|and|to|or|over|per|choose|mod|but)\b[^\0]{0,60}\0"
        ),
        "several numbers, not one",
    ),
    (re.compile(r"[A-Za-z]-\s?\0|[A-Za-z]\s-\s\0|[-+]\s?[-+]\s?\0"), "a minus sign or a dash"),
    # What stands between digits or upon them, and is perhaps not seen.
    (re.compile(r"\0[^\0-\x7f]*\0|\0[\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f]"), "marks on digits"),
)


def read_number(text: str) -> Number | str:
    """The one number that `text` states, or the reason (a short sentence) why there is none."""
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    whole = _plain(text)
    plain = _right_side(whole)
    tokens = list(_NUMBER.finditer(plain))
    if not 0 < len(tokens) <= MOST_NUMBERS:
        return f"more than {MOST_NUMBERS} numbers" if tokens else "no number in it"
    skeleton = _NUMBER.sub("\0", plain)
    readings = [_value(token, plain) for token in tokens]
    reasons = [reason for obstacle, reason in _OBSTACLES if obstacle.search(whole)]
    reasons += [reason for form, reason in _FORMS if form.search(skeleton)]
    reasons += [reading for reading in readings if isinstance(reading, str)]
    if reasons:
        return reasons[0]
    numbers = [reading for reading in readings if isinstance(reading, Number)]
    if len(set(numbers)) > 1:
        return f"{len(set(numbers))} different numbers"
    alternates = frozenset().union(*(number.alternates for number in numbers))
    return Number(numbers[0].value, numbers[0].percent, alternates)


def last_number(text: str) -> tuple[str, Number | str] | None:
    """The last number of a text of any length, as it stands there and as it is read.

    Time is linear: the last line with a digit in it is looked at, at most `LONGEST` characters.
    """
    end = len(text)
    while end and not text[end - 1].isdecimal():
        end -= 1
    if end == 0:
        return None
    start = max(text.rfind("\n", 0, end), end - LONGEST // 2) + 1
    line_end = text.find("\n", end)
    window = text[start : min(end + 40, len(text) if line_end < 0 else line_end)]
    plain = _plain(window)
    tokens = list(_NUMBER.finditer(plain))
    if not tokens:
        return None
    token = tokens[-1]
    sign = plain[: token.start()].rstrip()[-1:] if _signed(token, plain) else ""
    return sign.strip("+") + token.group().strip(), _value(token, plain)


def same_number(stated: Number, gold: Number) -> bool | None:
    """Whether two numbers are equal; None where they are so only under a less usual reading."""
    usual, doubtful = {stated.value}, set(stated.alternates)
    if gold.percent and not stated.percent:
        usual.add(stated.value * 100)
    if stated.percent and not gold.percent:
        doubtful.add(stated.value / 100)
    if gold.value in usual:
        return True
    return None if gold.value in doubtful else False


def _plain(text: str) -> str:
    """ASCII digits, signs and spaces; LaTeX, emphasis, currency and powers of units taken off."""
    text = _NARROW_SPACE.sub("_", text)
    if not text.isascii():
        text = "".join(_fraction_or_digit(c) for c in text).translate(_CHARACTERS)
        text = unicodedata.normalize("NFKC", text)
    text = text.translate(_CHARACTERS).replace("{,}", ",")
    if "\\" in text:
        for pattern, replacement in _LATEX_WORDS:
            text = pattern.sub(replacement, text)
    text = (
        _POWER.sub("^", _BRACED_POWER.sub(r"^\1", text))
        .replace("**", " ")
        .replace("{", " ")
        .replace("}", " ")
    )
    return _UNIT_POWER.sub("", _CURRENCY.sub("", text))


def _fraction_or_digit(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    parts = unicodedata.decomposition(character).split()
    if parts[:1] == ["<fraction>"]:  # U+00BD is "<fraction> 0031 2044 0032"
        return " " + "".join(chr(int(part, 16)) for part in parts[1:]) + " "
    return character


def _right_side(plain: str) -> str:
    """What stands right of the last `=`, where all left of it is a name or an expression.

    `x = 18` and `3 + 15 = 18` state 18; of `5 km = 5000 m` every side counts.
    """
    *left, right = plain.rstrip(" =").split("=")
    for side in left:
        skeleton = _NUMBER.sub("\0", side)
        expression = re.fullmatch(r"[\s()+*/\0-]*", skeleton) and re.search(r"\0.*\0", skeleton)
        if "\0" in skeleton and not expression:
            return plain.replace("=", " ; ")
    return right


def _signed(token: re.Match[str], plain: str) -> bool:
    """Whether the plus or minus before a token is its sign, and neither an operator nor a dash."""
    head = plain[: token.start()]
    tight = head.rstrip(" ")
    if not tight.endswith(("-", "+")):
        return False
    previous = tight[:-1].rstrip(" ")[-1:]
    if previous.isalpha():
        return tight[-2] == " " and head == tight  # "is -5", neither "A-5" nor "profit - 5"
    return not (previous.isdigit() or previous in (")", "]", "%"))


def _value(token: re.Match[str], plain: str) -> Number | str:
    parts = token.groupdict()
    if sum(c.isdigit() for c in token.group()) > MOST_DIGITS:
        return f"more than {MOST_DIGITS} digits"
    if parts["body"] is None:
        below = int(parts["of"] or parts["below"])
        if below == 0:
            return "a fraction with denominator 0"
        value = Fraction(int(parts["part"] or parts["above"]), below) + int(parts["whole"] or 0)
        alternates: set[Fraction] = set()
    else:
        read = _separated(parts["body"])
        if read is None:
            return "its separators follow no convention"
        value, alternates = read
    exponent = int(parts["exponent"] or parts["power"] or 0)
    if abs(exponent) > MOST_DIGITS:
        return f"an exponent above {MOST_DIGITS}"
    factor = Fraction(10) ** exponent * _SCALES.get((parts["scale"] or "").lower(), 1)
    if _signed(token, plain) and plain[: token.start()].rstrip(" ").endswith("-"):
        factor = -factor
    alternates = {factor * other for other in alternates}
    value *= factor
    if parts["letter"]:
        alternates.add(value * _SCALES[parts["letter"].lower()])
    if parts["cents"]:
        alternates.add(value / 100)
    return Number(value, parts["percent"] is not None, frozenset(alternates))


def _separated(body: str) -> tuple[Fraction, set[Fraction]] | None:
    """Digits with separators -> the number and what it is under another convention, or None."""
    other: set[Fraction] = set()
    if grouped := re.fullmatch(r"\d{1,3}(?:([ '_])\d{3})(?:\1\d{3})*(?:[.,]\d+)?", body):
        joiner = grouped.group(1)
        usual = body.replace(joiner, "").replace(",", ".")
        if joiner == " ":  # perhaps two numbers, "5 100" for one
            other = {Fraction(body.rpartition(" ")[2].replace(",", "."))}
    elif re.fullmatch(r"\d*\.?\d+", body):
        usual = body
        if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", body):
            other = {Fraction(body.replace(".", ""))}
    elif re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?|[1-9]\d?(,\d\d)+,\d{3}(\.\d+)?", body):
        usual = body.replace(",", "")
        if re.fullmatch(r"\d+,\d+", body):
            other = {Fraction(body.replace(",", "."))}
    elif re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+,\d+|[1-9]\d{0,2}(\.\d{3}){2,}", body):
        usual = body.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d+", body):
        usual = body.replace(",", ".")
        other = {Fraction(part) for part in body.split(",")}
    else:
        return None
    return Fraction(usual), other
