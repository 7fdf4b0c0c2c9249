r"""How numbers are written: one plain notation for all of them, and the pattern of one number.

`plain_notation` brings a text into ASCII digits, signs and spaces, without LaTeX and currency:

    $\boxed{1{,}234}$ -> 1,234    −½ -> - 1/2    ٣٤ -> 34    1.2 × 10⁶ -> 1.2 * 10^6    5 m² -> 5 m

`NUMBER` then finds the numbers in it, each with what belongs to it (a power of ten, "million", a
percent sign). What a number is worth is for `numbers.py` to say.
"""

import re
import unicodedata

from collate.answers.texts import POWERS

# "⁻²", "⁶²": a power written with raised digits
_RAISED = re.compile(rf"([⁻⁺]?)([{''.join(POWERS)}]+)")
_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("\N{MINUS SIGN}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}", "-"),
        **dict.fromkeys("\N{EN DASH}\N{SMALL HYPHEN-MINUS}\N{FULLWIDTH HYPHEN-MINUS}", "-"),
        **dict.fromkeys("\N{MULTIPLICATION SIGN}\N{DOT OPERATOR}\N{MIDDLE DOT}", "*"),
        **POWERS,
        # An index becomes an exponent too: both make of "12₈" no plain number.
        **{index: f"^{digit}" for digit, index in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        **dict.fromkeys("\N{FRACTION SLASH}\N{DIVISION SLASH}\N{DIVISION SIGN}", "/"),
        # "≈ 18", "~18", "`18`", "#18"; a NUL is what stands for a number in a skeleton.
        **dict.fromkeys("\N{ALMOST EQUAL TO}~`#\0", " "),
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{ARABIC DECIMAL SEPARATOR}": ".",
        "\N{ARABIC THOUSANDS SEPARATOR}": ",",
        "\N{ARABIC PERCENT SIGN}": "%",
    }
)
_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}"
# The space of "1 234" where it is one of those; an ordinary one may stand between two numbers.
_NARROW_SPACE = re.compile(rf"(?<=\d)[{_SPACES}](?=\d{{3}}(?!\d))")

_LATEX = (
    # 90^\circ, 90^{\circ}
    (re.compile(r"\^\s?\{?\s?\\(?:circ|degree)(?![A-Za-z])\s?\}?"), "°"),
    # 18\,000 and 10,\!000, but not 18\,00
    (re.compile(r"(?<=\d)(,?)\\[,!;](?=\d{3}(?!\d))"), r"\1"),
    # spaces: "18\," and "18\quad km"; styles: "\displaystyle 18"
    (re.compile(r"\\[,;:! ]|\\(?:q?quad|displaystyle)(?![A-Za-z])"), " "),
    # escaped characters: \$18, 50\%
    (re.compile(r"\\([$%#&])"), r"\1"),
    # 1.2 \times 10^3
    (re.compile(r"\\(?:times|cdot)(?![A-Za-z])"), "*"),
    # \approx 18, \(18\), \left( 18 \right)
    (re.compile(r"\\(?:approx|sim)(?![A-Za-z])|\\[()\[\]]|\\(?:left|right)(?![A-Za-z])"), " "),
    # \boxed 5
    (re.compile(r"\\(?:boxed|fbox)(?=\s\d)"), " "),
)
# \boxed{18}, \text{ apples}: the group is what the braces hold
_WRAPPED = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|textrm|mathrm|mathbf|mathit|mbox|operatorname)"
    r"\s?\{([^{}]*)\}"
)
# \frac12, \frac{24}{2}, \dfrac 3{4}
_FRACTION = re.compile(r"\\[dtc]?frac\s?(?:(\d)|\{([^{}]*)\})\s?(?:(\d)|\{([^{}]*)\})")
_MOST_NESTED = 6  # commands within one another that are read
_CURRENCY = re.compile(
    r"(?:\b(?:US|AU|CA|NZ|HK|[ACRS]))?\$"  # $18, US$18, A$18
    r"|[£€¥₹₽₩₪₺฿]|\bRs\.?\s?(?=\d)"  # £18, Rs. 500
    r"|\b(?:USD|EUR|GBP|INR|CHF|JPY|CNY|CAD|AUD)\s?(?=[-\d])"  # USD 18
)
# 18€50, which is not 1850
_CURRENCY_BETWEEN = re.compile(r"(?<=\d)[$£€¥₹₽₩₪₺฿](?=\d)")
# 10^{6}, 10^{-6}, 10^(-6)
_BRACED_POWER = re.compile(r"\^\s?[{(]\s?(-?\d+)\s?[)}]")
# 1.5 x 10^3
_X_BEFORE_POWER = re.compile(r"(?<=\d)\s?[xX]\s?(?=10\^)")
# 50 percent, 50 Prozent, 50 por ciento
_PERCENT = re.compile(
    r"(?i)(?<=[\d ])(?:per ?cent(?:age)?|pct|prozent|pour ?cents?|por ?ciento|por ?cento|per ?cento"
    r"|procent|パーセント|百分点|प्रतिशत|फ़ीसदी|بالمئة|بالمائة|في المئة|في المائة)(?![A-Za-z])"
)
# Python's power, 2**10 and 2**(1 + 1); not the emphasis of "**12** eggs".
_DOUBLE_STAR_POWER = re.compile(r"(?<=\d)\*\*(?=[\d(-])")
# The power of "5 km^2" or "3 m^-1", where a unit has it and not the number.
_UNIT_POWER = re.compile(r"(?<=[A-Za-zµ°])\^-?\d")

# Every part has a fixed first character, so that a failing match ends where it started; digits are
# preceded by neither a letter nor more digits: no number stands in "x1", "COVID-19" has 19.
NUMBER = re.compile(
    r"""(?<![A-Za-z_\d\u00c0-\u052f])(?<!\d[.,'])
    (?: (?P<whole>\d+)\ +(?P<part>\d+)\ ?/\ ?(?P<of>\d+)               # 1 1/2
      | (?P<above>\d+)\ ?/\ ?(?P<below>\d+)                            # 1/2
      | (?P<body> \d{1,3}(?:\ \d{3})+(?!\d)(?:[.,]\d+)?                # 1 234 567,8
                | \d+(?:[.,'_]\d+)*                                    # 18   1,234.5   1'234
                | \.\d+ )                                              # .5
        (?: e(?P<exponent>[-+]?\d+)(?!\w)                              # 1.2e3
          | \ ?\*\ ?10\^(?P<power>[-+]?\d+) )?                         # 1.2 * 10^3
    )
    (?P<percent> \ ?% )?
    (?: (?P<letter>[kmb])n?(?![^\W_])                                 # 5k   2mn   3 bn is none
      | \ ?(?P<cents>¢|cents?(?![^\W_])) )?                           # 50 cents""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def plain_notation(text: str) -> str:
    """The text in ASCII digits, signs and spaces; LaTeX, emphasis, currency and powers of units
    are taken off."""
    text = _NARROW_SPACE.sub("_", text)
    if not text.isascii():
        text = _RAISED.sub(_power, text)
        text = "".join(map(_fraction_or_digit, text)).translate(_CHARACTERS)
        text = unicodedata.normalize("NFKC", text)
    # Again, since the normal form of a wide character may be one of those.
    text = text.translate(_CHARACTERS).replace("{,}", ",")
    if "\\" in text:
        text = _without_latex(text)
    text = _BRACED_POWER.sub(r"^\1", text)
    text = _X_BEFORE_POWER.sub(" * ", _DOUBLE_STAR_POWER.sub("^", text)).replace("**", " ")
    text = _CURRENCY.sub("", _CURRENCY_BETWEEN.sub(" ", text))
    text = _PERCENT.sub("%", _UNIT_POWER.sub("", text))
    return " ".join(text.split())


def _without_latex(text: str) -> str:
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    for _ in range(_MOST_NESTED):
        without = _WRAPPED.sub(_content, _FRACTION.sub(r" \1\2/\3\4 ", text))
        if without == text:
            break
        text = without
    return text


def _content(match: re.Match[str]) -> str:
    """What a command's braces hold; digits do not join with digits around them."""
    content = match.group(1)
    return f" {content} " if any(map(str.isdigit, content)) else content


def _power(match: re.Match[str]) -> str:
    """Raised digits as a power: 10⁻² is 10^-2."""
    sign, digits = match.groups()
    return "^" + {"⁻": "-"}.get(sign, "") + "".join(POWERS[digit][1:] for digit in digits)


def _fraction_or_digit(character: str) -> str:
    """A digit of any script as 0 to 9, and `½` as ` 1/2 ` (its slash still Unicode's own)."""
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    # U+00BD, ½, decomposes into "<fraction> 0031 2044 0032": a tag, then code points.
    tag, *code_points = unicodedata.decomposition(character).split() or [""]
    if tag == "<fraction>":
        return " " + "".join(chr(int(point, 16)) for point in code_points) + " "
    return character
