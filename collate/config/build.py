"""From a plain mapping to a checked `RunConfig`, with every problem told at once.

Types and choices are read off the dataclasses of `schema.py`; `rules.py` holds what needs more than
a type. Nothing here looks at files, packages or machines.
"""

import difflib
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from collate.config.rules import problems
from collate.config.schema import RunConfig
from collate.errors import InputError

_SHOWN = 200  # characters of a wrong value


def build(settings: Mapping[str, Any]) -> RunConfig:
    """The checked configuration. Raises InputError with a line for every problem there is."""
    config, found = read(settings)
    if found:
        raise InputError.of(found)
    return config


def read(settings: Mapping[str, Any]) -> tuple[RunConfig, list[str]]:
    """The configuration and its problems, a line each.

    Where a value is of the wrong type the default stands in for it, so that the rules for all
    other settings are checked as well.
    """
    found: list[str] = []
    config: RunConfig = _dataclass(RunConfig, settings, "", found)
    told = {line.partition(":")[0] for line in found}
    found += [line for line in problems(config) if line.partition("=")[0] not in told]
    return config, found


def known_keys(cls: type = RunConfig, prefix: str = "") -> dict[str, Any]:
    """Dotted key -> dataclass field, for every leaf setting below `cls`."""
    keys: dict[str, Any] = {}
    hints = typing.get_type_hints(cls)
    for item in fields(cls):
        name = prefix + item.name
        if is_dataclass(hints[item.name]):
            keys.update(known_keys(hints[item.name], name + "."))
        else:
            keys[name] = item
    return keys


def unknown_key(key: str) -> str:
    """One sentence about a key that does not exist, naming the nearest that does."""
    known = [*known_keys(), *(f.name for f in fields(RunConfig))]
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if not nearest:
        last = key.rpartition(".")[2]
        by_last = {k.rpartition(".")[2]: k for k in reversed(known)}
        nearest = [by_last[m] for m in difflib.get_close_matches(last, by_last, n=1, cutoff=0.75)]
    hint = (
        f"; did you mean {nearest[0]}?" if nearest else "; collate run --help lists what there is"
    )
    return f"{key}: no such setting{hint}"


_WRONG: Any = object()
"""Stands for a value that was told to be wrong."""


def _dataclass(cls: type, value: Any, path: str, found: list[str]) -> Any:
    """`cls` made of `value`, with defaults where that is wrong or says nothing."""
    if not isinstance(value, Mapping):
        found.append(f"{path.rstrip('.')}: expected a group of settings, found {value!r}")
        return cls()
    hints = typing.get_type_hints(cls)
    names = {item.name for item in fields(cls)}
    found.extend(unknown_key(f"{path}{key}") for key in value if key not in names)
    values = {}
    for item in fields(cls):
        if item.name in value:
            key = f"{path}{item.name}"
            made = _value(hints[item.name], value[item.name], key, found)
            choices = item.metadata.get("choices")
            if choices and isinstance(made, str) and made not in choices:
                found.append(f"{key}: expected one of {', '.join(choices)}; found {made!r}")
            elif made is not _WRONG:
                values[item.name] = made
    return cls(**values)


def _value(hint: Any, value: Any, key: str, found: list[str]) -> Any:
    """`value` as the hinted type, or a problem. Whole numbers pass as reals, never the reverse."""
    if is_dataclass(hint):
        return _dataclass(typing.cast(type, hint), value, f"{key}.", found)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        options = [a for a in arguments if a is not type(None)]
        if int in options and float in options and isinstance(value, (int, float)):
            options = [int if isinstance(value, int) else float]
        return _value(options[0], value, key, found)
    if origin is list:
        if isinstance(value, (list, tuple)):
            made = [_value(arguments[0], v, f"{key}[{i}]", found) for i, v in enumerate(value)]
            return _WRONG if any(each is _WRONG for each in made) else made
    elif origin is dict:
        if isinstance(value, Mapping):
            return dict(value)
    elif hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if abs(value) <= sys.float_info.max:
            return float(value)
    elif isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
        return value
    elif hint is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    expected = kinds.get(hint, "a list" if origin is list else "a mapping")
    shown = "null" if value is None else repr(value)[:_SHOWN]
    found.append(f"{key}: expected {expected}, found {shown}")
    return _WRONG
