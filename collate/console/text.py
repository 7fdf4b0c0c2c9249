"""Model text made safe to look at: nothing in it reaches a terminal or a page as a command.

Control characters could move a terminal's cursor, and directional overrides make a text read as
another. Both are shown by visible stand-ins; line breaks stay.
"""

# U+2400 to U+241F picture the C0 controls (ESC is shown as ␛). C1 controls, directional formatting
# and characters of no width have no picture: the override U+202E is shown as <U+202E>.
_PICTURES: dict[int, str] = {code: chr(0x2400 + code) for code in range(0x20)}
_PICTURES |= {0x7F: "\N{SYMBOL FOR DELETE}", ord("\t"): "    "}
_INVISIBLE = [
    *range(0x80, 0xA0),
    0xAD,
    0x61C,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xE0000, 0xE0080),
]
_PICTURES |= {code: f"<U+{code:04X}>" for code in _INVISIBLE}
del _PICTURES[ord("\n")]


def visible(text: str, limit: int = 4000) -> str:
    """The text with controls made visible, cut after `limit` characters with a note of the rest."""
    shown = text[:limit].translate(_PICTURES)
    hidden_count = len(text) - limit
    return shown if hidden_count <= 0 else f"{shown} … ({hidden_count:,} more characters)"


def one_line(text: str, limit: int = 80) -> str:
    """The text on one line, at most `limit` characters of it, for headings and cells."""
    # Only the beginning is worked on, since a model may write megabytes; four times the limit
    # still fills the line where much of it is spacing, which is collapsed.
    beginning = visible(text[: 4 * limit], 4 * limit)
    line = " ".join(beginning.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
