"""How a setting is declared, and what its declaration says in words.

A setting is a field of a frozen dataclass whose annotation holds all there is to know of it:

    count: Annotated[Whole, Ge(1), "Number of agents."] = 2

`build.py` has pydantic check a user's values against these annotations; help, docs and error
messages take type, range, choices and sentence from here. The dataclasses themselves check nothing,
so that the package's own code may set what a user may not (a warm-up keeps no test questions, for
example).
"""

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import NoneType
from typing import Annotated, Any, Literal

# Types in words. A union of real and whole numbers goes by the first of the two.
_KINDS = {bool: "true or false", float: "number", int: "whole number", str: "text"}
# The bounds of annotated_types, by the names that pydantic's errors have for them too.
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


class Exactly:
    """Has pydantic take values of this very type only: `rounds=true` is no whole number.

    A whole number passes as a real one. It does what `pydantic.Strict` does, without an import that
    takes longer than all settings together.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        return {**handler(source), "strict": True}


Whole = Annotated[int, Exactly()]
Number = Annotated[float, Exactly()]
Switch = Annotated[bool, Exactly()]


class Section:
    """Base of every group of settings: how pydantic reads one."""

    __pydantic_config__: typing.ClassVar[Mapping[str, bool | str]] = {
        "extra": "forbid",
        "allow_inf_nan": False,
    }


@dataclass(frozen=True)
class Names:
    """What a text names, a part of the setting's annotation: ~ in it is the user's home folder.

    A "path" is a file or a folder; a "model" may be a folder, with a run's agent behind it, or an
    id of the hub.
    """

    what: Literal["path", "model"]


class Meanings(dict[str, str]):
    """What each choice of a setting means, by choice; a part of the setting's annotation."""


@dataclass(frozen=True)
class Setting:
    """One setting by its dotted key, and what its declaration says of it.

    `kind` is the type in words ("whole number", "choice", "list of texts"), `limits` what limits
    its values ("at least 1, or null"; "" where nothing does). `names` is "path" or "model" where
    the text names one.
    """

    key: str
    default: Any
    description: str
    kind: str
    limits: str = ""
    choices: tuple[str, ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)
    names: str = ""


def settings_of(section: Any, prefix: str = "") -> dict[str, Setting]:
    """Every setting in and below a section, by its dotted key."""
    settings: dict[str, Setting] = {}
    plain_hints = typing.get_type_hints(section)
    full_hints = typing.get_type_hints(section, include_extras=True)
    for item in fields(section):
        key = prefix + item.name
        if is_dataclass(plain_hints[item.name]):
            settings |= settings_of(plain_hints[item.name], f"{key}.")
        else:
            default = getattr(section(), item.name)
            settings[key] = _setting(key, default, plain_hints[item.name], full_hints[item.name])
    return settings


def subsections(section: Any) -> dict[str, Any]:
    """The groups of settings right below a section, by name."""
    hints = typing.get_type_hints(section)
    return {name: hint for name, hint in hints.items() if is_dataclass(hint)}


def range_words(bounds: Mapping[str, float]) -> str:
    """A range in words: {"gt": 0, "le": 1} is "above 0 and at most 1"."""
    return " and ".join(f"{_BOUNDS[name]} {bound:g}" for name, bound in bounds.items())


def _setting(key: str, default: Any, plain_hint: Any, full_hint: Any) -> Setting:
    """A setting from its annotation, once as a plain type and once with all that it says."""
    metadata = full_hint.__metadata__
    description = next(each for each in metadata if isinstance(each, str))
    meanings = next((each for each in metadata if isinstance(each, Meanings)), Meanings())
    names = next((each.what for each in metadata if isinstance(each, Names)), "")
    limits = [_range(full_hint)]
    # A list has a range in the annotation of its items: list[Annotated[Number, Ge(0)]].
    if typing.get_origin(plain_hint) is list:
        item_range = _range(typing.get_args(full_hint.__origin__)[0])
        limits = [f"each {item_range}" if item_range else ""]
    if NoneType in typing.get_args(plain_hint):
        limits.append("or null")
    return Setting(
        key,
        default,
        description,
        _kind(plain_hint),
        ", ".join(filter(None, limits)),
        _choices(plain_hint),
        meanings,
        names,
    )


def _range(hint: Any) -> str:
    """The range that an annotation sets, in words; "" where it sets none."""
    bounds: dict[str, float] = {}
    for metadata in getattr(hint, "__metadata__", ()):
        for name in _BOUNDS:
            if hasattr(metadata, name):
                bounds[name] = getattr(metadata, name)
    return range_words(bounds)


def _kind(hint: Any) -> str:
    """A type in words."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return "choice"
    if origin is list:
        item = arguments[0]
        if is_dataclass(item):
            return f"list of {{{', '.join(each.name for each in fields(item))}}}"
        return f"list of {_kind(item)}s"
    if origin is dict:
        return "mapping of choices" if _choices(arguments[0]) else "mapping"
    # What is left is one type, or a union of one type and null, or of whole and real numbers.
    return next(words for kind, words in _KINDS.items() if hint is kind or kind in arguments)


def _choices(hint: Any) -> tuple[str, ...]:
    """The texts that a setting, or each item or key of it, is chosen from."""
    if typing.get_origin(hint) is Literal:
        return typing.get_args(hint)
    for argument in typing.get_args(hint):
        if choices := _choices(argument):
            return choices
    return ()
