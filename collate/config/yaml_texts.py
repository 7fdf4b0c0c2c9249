"""Texts in a preset that YAML takes for something else: `name: 0123` is 83 there, `name: no` false.

What was typed is lost when the file has been read, so a preset is looked at before that. A whole
number that is spelled as its digits (`name: 2024`) is the same as a text.
"""

import re
import typing
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml

from collate.config.schema import RunConfig

# What YAML 1.1 takes a plain word for, in words.
_OTHER_TYPES = {"bool": "a truth value", "int": "a number", "float": "a number"}
# 1e3 and 7e12345 are numbers to YAML 1.2, by which presets are read in the end.
_EXPONENT = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+")
# "# @package _global_" at the top of a preset says where its content goes.
_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)", re.MULTILINE)


def altered_texts(path: Path, text: str) -> list[str]:
    """A sentence about each text of the preset `path` that YAML reads as another value.

    `text` is the content of the file; it must be sound YAML without aliases.
    """
    package = _PACKAGE.search(text)
    group = path.parent.name if package is None else package[1]
    hint: Any = RunConfig
    for part in (
        [] if group == "_global_" else group.replace("_group_", path.parent.name).split(".")
    ):
        hint = _below(hint, part)
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return [] if node is None else list(_altered(node, hint, ""))


def _altered(node: yaml.Node, hint: Any, key: str) -> Iterator[str]:
    if typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _altered(value, _below(hint, str(name.value)), str(name.value))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _altered(item, _below(hint, ""), key)
    elif isinstance(node, yaml.ScalarNode) and _is_text(hint):
        meaning = _OTHER_TYPES.get(node.tag.rpartition(":")[2])
        if meaning is None and node.style is None and _EXPONENT.fullmatch(node.value):
            meaning = _OTHER_TYPES["float"]
        if meaning is not None and not re.fullmatch(r"0|-?[1-9][0-9]*", node.value):
            yield (
                f"line {node.start_mark.line + 1}: {key} is a text, and YAML reads {node.value} as "
                f'{meaning}; put it in quotes: "{node.value}"'
            )


def _below(hint: Any, name: str) -> Any:
    """The annotation of what is called `name` below a section, or of an item of a list."""
    if typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    members = [hint] if is_dataclass(hint) else [hint, *typing.get_args(hint)]
    for member in members:
        if is_dataclass(member):
            return typing.get_type_hints(member, include_extras=True).get(name)
        if typing.get_origin(member) is list:
            return typing.get_args(member)[0]
        if typing.get_origin(member) is dict:
            return typing.get_args(member)[1]
    return None


def _is_text(hint: Any) -> bool:
    """Whether an annotation is that of a text, be it one of several choices, or null as well."""
    return any(
        member is str or typing.get_origin(member) is Literal
        for member in (hint, *typing.get_args(hint))
    )
