"""One value of a source as text: a text or number, what is in a list of one, a chat's turn.

    18    18.0    " 18 "    true    ["18"]
    [{"role": "user", "content": "What is 9 + 9?"}, {"role": "assistant", "content": "#### 18"}]

What is no text comes back as a `NotText`, which says what it is, so that the column which is asked
for can be refused with its lines, and other columns may hold what they like.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from collate.tasks.number_texts import float_text
from collate.tasks.written_lists import looks_written, read_written

USER, ASSISTANT = ("user", "human"), ("assistant", "gpt", "model")
"""What the two sides of a conversation are called in the files that people have."""
_SYSTEM = ("system", "developer")
# The keys of a turn: the common ones, and those of ShareGPT.
_TURN_KEYS = (("role", "content"), ("from", "value"))
_DEEPEST_PATH = 8


@dataclass(frozen=True)
class NotText:
    """A value that is no text. `found` says what it is; `remedy`, if any, what to do about it.

    `path` leads to a text inside of it, as `0.content` does in a list of messages.
    """

    found: str
    remedy: str = ""
    path: str = ""


def text_of(value: Any, roles: Collection[str] = ()) -> str | NotText:
    """A value as stripped text: "" for a missing one, and the only text of a list.

    Of a conversation it is the one turn of a side; `roles` has the names of that side.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        turns = _turns(_unwritten(value)) if roles else None
        return _valid(value.strip()) if turns is None else _text_of_turns(turns, roles)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return _text_of_list(value, roles)
    if isinstance(value, dict):
        return NotText("a record", path=_inner_path(value))
    return value if isinstance(value, NotText) else NotText(f"a value of type {type(value)}")


def is_conversation(value: Any) -> bool:
    """Whether a value is a list of messages, each with a role and a content."""
    return _turns(value) is not None


def has_system_turn(value: Any) -> bool:
    """Whether a value is a conversation that a system message stands in."""
    turns = _turns(_unwritten(value))
    return turns is not None and any(role in _SYSTEM for role, _, _ in turns)


def inside(value: Any, key: str) -> Any:
    """What a record holds under a key, or a list under a number (from 0; -1 is the last).

    None where there is no such thing. A text that writes a list or record counts as one.
    """
    value = _unwritten(value)
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.removeprefix("-").isdecimal() and len(key) <= 6:
        index = int(key)
        return value[index] if -len(value) <= index < len(value) else None
    return None


def _unwritten(value: Any) -> Any:
    """The list or record that a text writes; any other value as it is."""
    if not isinstance(value, str) or not looks_written(value):
        return value
    try:
        return read_written(value)
    except ValueError:
        return value


def _valid(text: str) -> str | NotText:
    """The text, unless it holds half of a character, which no file and no tokenizer can take."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return NotText(
            f"half of a character (\\u{ord(text[error.start]):04x}, a surrogate without its other "
            f"half, behind {error.start} characters)",
            "write the whole character, or remove it",
        )
    return text


def _text_of_list(value: list[Any], roles: Collection[str]) -> str | NotText:
    turns = _turns(value)
    if turns is not None and roles:
        return _text_of_turns(turns, roles)
    texts = {text_of(item) for item in value}
    if len(texts) == 1 and turns is None:  # ["18"], or the same answer of three people
        return texts.pop()
    if not value:
        return ""
    return NotText(f"a list of {len(value)}", path=_inner_path(value))


def _turns(value: Any) -> list[tuple[str, Any, str]] | None:
    """Role, content and the content's key of each turn of a conversation; None for all else."""
    if not isinstance(value, list) or not value:
        return None
    for role_key, content_key in _TURN_KEYS:
        if all(isinstance(turn, dict) and {role_key, content_key} <= turn.keys() for turn in value):
            return [(str(turn[role_key]), turn[content_key], content_key) for turn in value]
    return None


def _text_of_turns(turns: Sequence[tuple[str, Any, str]], roles: Collection[str]) -> str | NotText:
    """The text of the only turn that a side has in a conversation."""
    numbers = [number for number, (role, _, _) in enumerate(turns) if role in roles]
    side = next(iter(roles))
    if not numbers:
        found = ", ".join(dict.fromkeys(role for role, _, _ in turns))
        return NotText(f"a conversation without a turn of the {side} (its roles: {found[:60]})")
    *others, number = numbers
    content, content_key = turns[number][1:]
    if others:
        path = f"{number}.{content_key}"
        return NotText(f"a conversation with {len(numbers)} turns of the {side}", path=path)
    if not isinstance(content, list):
        return text_of(content)
    parts = [part.get("text") if isinstance(part, dict) else part for part in content]
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) < len(parts):
        return NotText("a message with parts that are no text, such as images")
    return text_of("\n".join(texts))


def _inner_path(value: Any) -> str:
    """The path to the first text or number inside of a list or record; "" where there is none."""
    keys: list[str] = []
    while isinstance(value, (list, dict)) and value and len(keys) < _DEEPEST_PATH:
        key = 0 if isinstance(value, list) else next(iter(value))
        keys.append(str(key))
        value = value[key]
    return ".".join(keys) if isinstance(value, (str, int, float)) else ""
