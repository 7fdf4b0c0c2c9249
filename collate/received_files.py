"""Files that may come from others: a run's, a model's, an adapter's, presets.

They are read as plain values, from regular files of a bounded size: no symbolic link is followed
unless the caller has looked where it leads, no alias is expanded (a few of them can stand for
endless values), and nothing is nested deeper than any settings are.
"""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

YAML_BYTES = 2**18
"""PyYAML takes a second for a tenth of this."""
JSON_BYTES = 64 * 2**20
"""The index of a model of hundreds of files takes some of this."""
MAX_DEPTH = 64


class AliasError(ValueError):
    """A YAML file has an alias."""


def read_bytes(path: Path, limit: int = JSON_BYTES) -> bytes:
    """The content of a regular file of at most `limit` bytes, which is not a symbolic link.

    Raises OSError where it cannot be opened, ValueError for anything else than such a file.
    """
    if path.is_symlink():
        raise ValueError(f"a symbolic link, to {os.readlink(path)}, which is not followed")
    # Non-blocking, since a pipe would keep us waiting for somebody who writes into it.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("no regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"larger than {limit:,} bytes")
    return content


def read_yaml(path: Path) -> Any:
    """What a YAML file holds, as plain values; None where it is empty.

    Raises OSError, or ValueError, whose message says what is wrong with the content.
    """
    return parse_yaml(read_bytes(path, YAML_BYTES).decode("utf-8"))


def parse_yaml(text: str) -> Any:
    """What a YAML text holds, as plain values. Raises ValueError, AliasError for an alias."""
    try:
        loader = _PlainLoader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    # PyYAML itself stumbles over values that do not fit their tag, such as `!!timestamp x`.
    except (AttributeError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"a value does not fit its tag ({error})") from error


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises OSError, or ValueError, which says what is wrong with it."""
    try:
        return json.loads(read_bytes(path).decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def links_below(folder: Path) -> Iterator[Path]:
    """Every symbolic link below a folder, and whatever else is neither a file nor a folder."""
    for parent, folders, names in os.walk(folder):
        for name in sorted([*folders, *names]):
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                yield path


def link_problem(path: Path) -> str:
    """A sentence about what `links_below` found."""
    if not path.is_symlink():
        return f"{shown(path)}: neither a file nor a folder; remove it"
    return (
        f"{shown(path)}: a symbolic link, to {shown(os.readlink(path))}; nothing is read, written "
        "or removed through links. Put what it leads to in its place, or remove it"
    )


def shown(name: str | Path) -> str:
    """A file's name as a message may show it: what a terminal would act on is replaced."""
    return "".join(character if character.isprintable() else "\ufffd" for character in str(name))


class _PlainLoader(yaml.SafeLoader):
    """PyYAML's safe loader without aliases and without depth, refused as soon as they are met."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise AliasError(
                "aliases (*name) are refused, since a few of them can stand for endless values"
            )
        if self._depth == MAX_DEPTH:
            raise ValueError("nested too deeply")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node
