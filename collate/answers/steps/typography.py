"""One typography for a line of a rationale: `−` is `-`, `\\times` is `*`, `３` is `3`.

Every form has as many characters as what it replaces, so that a place in the line stays a place in
the rationale.
"""

import re
import unicodedata

TEX_OPEN = "\x03"
"""Stands where TeX mathematics begins."""
SKIPPED, BREAK, LIST_COMMA = "\x00", "\x01", "\x04"
"""A character that says nothing, one that ends a statement, and a comma that is of no number."""

_CHARACTERS = {
    **dict.fromkeys("−‐‑﹣➖", "-"),
    **dict.fromkeys("‒–—―", "–"),
    **dict.fromkeys("✕✖⨯⋅∙∗", "×"),
    **dict.fromkeys("÷∕⁄➗", "/"),
    **dict.fromkeys("≦⩽", "≤"),
    **dict.fromkeys("≧⩾", "≥"),
    **dict.fromkeys("≃≅≒≐", "≈"),
    **dict.fromkeys("∼∽", "~"),
    **dict.fromkeys("→⇒⟶⟹↦⇔⟺➡。：", BREAK),
    **dict.fromkeys("，、،", LIST_COMMA),
    **dict.fromkeys("“”„‟«»「」『』", '"'),
    **dict.fromkeys("\u2009\u202f\u2007", "\u00a0"),
    # Of no width, or a choice of font and direction.
    **dict.fromkeys("\u200b\u2060\ufeff\ufe0f\u200e\u200f\u200d", SKIPPED),
    "➕": "+", "٫": ".", "٬": ",", "٪": "%", "’": "'", "～": "~",
    "\t": " ", SKIPPED: " ", BREAK: " ", TEX_OPEN: " ", LIST_COMMA: " ",
}  # fmt: skip
_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}

_COMMANDS = {
    "times": "×", "cdot": "×", "ast": "*", "div": "/", "le": "≤", "leq": "≤", "leqslant": "≤",
    "ge": "≥", "geq": "≥", "geqslant": "≥", "lt": "<", "gt": ">", "ne": "≠", "neq": "≠",
    "approx": "≈", "simeq": "≈", "sim": "~", "left": " ", "right": " ", "big": " ", "Big": " ",
    "bigl": " ", "bigr": " ", "quad": " ", "qquad": " ", "displaystyle": " ", "boxed": " ",
    "fbox": " ", "Rightarrow": BREAK, "rightarrow": BREAK, "to": BREAK, "implies": BREAK,
    "therefore": BREAK, "circ": "°", "degree": "°",
}  # fmt: skip
_ENTITIES = {
    "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&times;": "×", "&divide;": "/", "&minus;": "-",
    "&le;": "≤", "&ge;": "≥", "&ne;": "≠", "&amp;": " ", "&frac12;": "½",
}  # fmt: skip
_TAGS = {"b", "i", "em", "strong", "span", "u", "code", "mark"}

# \text{ kg}, \mathrm{kg}, \boxed{8}; the group is what is in the braces.
_TEXT_COMMAND = re.compile(
    r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname|boxed|fbox) ?\{([^{}\\]*)\}"
)
# The degrees of 90^\circ and 90^{\circ}.
_TEX_DEGREES = re.compile(r"\^ ?\{? ?\\circ ?\}?")
# The comma of 10{,}000 and 10,\!000, and the space of 10\,000.
_TEX_GROUPING = re.compile(r"(?<=\d)(?:\{,\}|,\\!|\\,)(?=\d{3})")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_ENTITY = re.compile(r"&[A-Za-z]{2,6}\d{0,2};")
# <b>, </think>; the group is the name.
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]{0,15})(?: [^<>]{0,60})? ?/?>")
# The dollar signs of TeX close behind a character, as in $5 + 3 = 8$, and those of money do not.
_DOLLAR = re.compile(r"(?<!\\)\$+")


def in_one_form(line: str) -> str:
    """The line in one typography, with as many characters as it had."""
    table = {ord(each): _plain(each) for each in set(line) if _plain(each) != each}
    line = line.translate(table)
    if "$" in line:
        line = _with_tex_dollars(line)
    if "\\" in line or "{,}" in line:
        line = _without_commands(line)
    if "&" in line:
        line = _ENTITY.sub(lambda found: _padded(_ENTITIES.get(found[0], BREAK), found), line)
        line = line.replace("&", " ")
    if "<" in line:
        line = _TAG.sub(_tag, line)
    return line


def _plain(character: str) -> str:
    if character in _CHARACTERS:
        return _CHARACTERS[character]
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return _FULL_WIDTH.get(character, character)


def _without_commands(line: str) -> str:
    line = _TEX_GROUPING.sub(lambda found: "," + SKIPPED * (len(found[0]) - 1), line)
    line = _TEX_DEGREES.sub(lambda found: _padded("°", found), line)
    line = _TEXT_COMMAND.sub(_braces_blanked, line)
    for escape in ("\\\\", "\\[", "\\]", "\\(", "\\)"):
        line = line.replace(escape, BREAK + " ")
    for space in ("\\,", "\\;", "\\:", "\\!", "\\ "):
        line = line.replace(space, "  ")
    line = line.replace("\\$", " $").replace("\\%", " %").replace("\\&", BREAK + " ")
    return _COMMAND.sub(
        lambda found: _padded(_COMMANDS[found[1]], found) if found[1] in _COMMANDS else found[0],
        line,
    )


def _braces_blanked(found: re.Match[str]) -> str:
    before = found.start(1) - found.start()
    return " " * before + found[1] + " "


def _padded(text: str, found: re.Match[str]) -> str:
    return text + " " * (len(found[0]) - len(text))


def _tag(found: re.Match[str]) -> str:
    name = found[1].lower()
    if name == "sup":
        return _padded(" " if found[0].startswith("</") else "^", found)
    return _padded(" " if name in _TAGS else BREAK, found)


def _with_tex_dollars(line: str) -> str:
    """The line with a mark where TeX mathematics begins and blanks where it ends."""
    characters = list(line)
    opening: re.Match[str] | None = None
    for found in _DOLLAR.finditer(line):
        before, after = line[found.start() - 1 : found.start()], line[found.end() : found.end() + 1]
        closes = bool(before.strip()) and before not in "=(+-*/~" and not after.isalnum()
        if opening is not None and (closes or len(found[0]) > 1):
            for each in (opening, found):
                characters[each.start() : each.end()] = " " * len(each[0])
            characters[opening.start()] = TEX_OPEN
            opening = None
        elif not closes:
            opening = found
    return "".join(characters)
