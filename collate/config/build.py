"""From a plain mapping to a checked `RunConfig`, with every problem told at once.

Pydantic checks each value against the annotations of the schema, and what it finds is said here in
plain words. `rules.py` checks what concerns several settings at once. Nothing here looks at files,
packages or machines.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from types import NoneType
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from collate.config.fields import Setting, range_words, settings_of
from collate.config.rules import problems
from collate.config.schema import RunConfig
from collate.config.unknown_settings import unknown_setting
from collate.errors import InputError

SHOWN_CHARACTERS = 200
"""How much of a wrong value an error shows."""

_RANGE_ERRORS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")

# What was expected, by pydantic's type of error.
_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "dataclass_type": "a group of settings",
}

Location = tuple[int | str, ...]
"""Where in nested settings an error is, as pydantic has it: ("agents", "personas", 0, "top_p")."""


def build(settings: Mapping[str, Any]) -> RunConfig:
    """The checked configuration. Raises InputError with a line for every problem there is."""
    config, sentences = read(settings)
    if sentences:
        raise InputError.of(sentences)
    return config


def read(settings: Mapping[str, Any]) -> tuple[RunConfig, list[str]]:
    """The configuration, and a sentence about each problem in it.

    Where a value is wrong the default stands in for it, so that the rules between all other
    settings are checked as well.
    """
    sound_settings = _plain_copy(settings)
    _expand_home(sound_settings)
    sentence_by_key: dict[str, str] = {}
    try:
        config = _adapter().validate_python(sound_settings)
    except ValidationError as error:
        details = error.errors(include_url=False)
        # Texts first: what stands in a list is found by its place in it, and taking out moves it.
        for detail in details:
            if _is_whole_number_for_text(detail):
                _replace(sound_settings, detail["loc"], str(detail["input"]))
        for detail in details:
            if _is_whole_number_for_text(detail):
                continue
            # A union of types has an error for each of them; the first says it.
            sentence_by_key.setdefault(_dotted_key(detail["loc"]), _sentence(detail))
            _take_out(sound_settings, detail["loc"])
        config = _adapter().validate_python(sound_settings)
    sentences = list(sentence_by_key.values())
    for problem in problems(config):
        # A default that stands in for a wrong value is nothing that the user has set.
        if problem.partition("=")[0] not in sentence_by_key:
            sentences.append(problem)
    return config, sentences


def flattened(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The leaves of nested settings by their dotted keys; a list is a leaf."""
    leaves: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            leaves |= flattened(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves


@cache
def _adapter() -> TypeAdapter[RunConfig]:
    return TypeAdapter(RunConfig)


@cache
def _known_settings() -> dict[str, Setting]:
    return settings_of(RunConfig)


def _plain_copy(value: Any) -> Any:
    """The value with mappings as dicts, whose keys are texts, and sequences as lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain_copy(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_copy(each) for each in value]
    return value


def _expand_home(settings: dict[str, Any]) -> None:
    """Write the user's home folder for a `~` at the beginning of whatever names a file or folder.

    It is done here once, so that no place that uses such a setting can forget it, and so that a run
    keeps the whole path.
    """
    for setting in _known_settings().values():
        if not setting.names:
            continue
        *parents, name = setting.key.split(".")
        section: Any = settings
        for parent in parents:
            section = section.get(parent) if isinstance(section, dict) else None
        value = section.get(name) if isinstance(section, dict) else None
        if isinstance(value, str) and re.match(r"~[^/]*(/|$)", value):
            section[name] = os.path.expanduser(value)


def _is_whole_number_for_text(detail: ErrorDetails) -> bool:
    """Whether a text is wanted and a whole number was given: `name: 2024` in a preset.

    Its digits are the text that was typed. Other numbers have more than one spelling.
    """
    return detail["type"] == "string_type" and type(detail["input"]) is int


def _replace(settings: Any, location: Location, value: str) -> None:
    """Put another value where an error is."""
    for part in location[:-1]:
        settings = settings[part]
    settings[location[-1]] = value


def _sentence(detail: ErrorDetails) -> str:
    """What pydantic found, in words: the setting, what was expected, what was found."""
    location, wrong_value = detail["loc"], detail["input"]
    key, setting = _dotted_key(location), _setting_at(location)
    if detail["type"] == "unexpected_keyword_argument":
        # Below a setting stand the names of a record, such as a persona's.
        return (
            unknown_setting(key)
            if setting is None
            else (f"{key}: no such name; {setting.key} is a {setting.kind}")
        )
    if detail["type"] in _RANGE_ERRORS:
        if setting is not None and setting.key == key:
            return f"{key}={wrong_value}: {setting.limits}"
        # An item of a list, or of a persona, has a range of its own, of which pydantic says an end.
        return f"{key}={wrong_value}: {range_words(detail['ctx'])}"
    if detail["type"] == "literal_error" and setting is not None:
        return f"{key}: expected one of {', '.join(setting.choices)}; found {wrong_value!r}"
    expected = _EXPECTED.get(detail["type"], "another kind of value")
    shown_value = "null" if wrong_value is None else repr(wrong_value)[:SHOWN_CHARACTERS]
    hint = ""
    if detail["type"] == "string_type" and isinstance(wrong_value, (bool, float, NoneType)):
        hint = "; put the text that is meant into quotes"
    return f"{key}: expected {expected}, found {shown_value}{hint}"


def _dotted_key(location: Location) -> str:
    """A location as the user writes it: agents.personas[0].top_p."""
    setting = _setting_at(location)
    if setting is not None and setting.kind == "number":
        # What follows names a member of a union: ("task", "train", "float").
        return setting.key
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part}]"
        elif part != "[key]":  # pydantic's mark of an error in a mapping's key
            key += f".{part}" if key else part
    return key


def _setting_at(location: Location) -> Setting | None:
    """The setting at or above a location; None for a whole section and for an unknown key."""
    for end in range(1, len(location) + 1):
        key = ".".join(str(part) for part in location[:end])
        if key in _known_settings():
            return _known_settings()[key]
    return None


def _take_out(settings: dict[str, Any], location: Location) -> None:
    """Take the setting, section or unknown key at a location out of nested settings."""
    setting = _setting_at(location)
    path = location if setting is None else setting.key.split(".")
    target: Any = settings
    for part in path[:-1]:
        target = target.get(part, {})
    target.pop(path[-1], None)
