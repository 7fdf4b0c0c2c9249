"""The text of `collate run --help`, from the field descriptions of `schema.py`."""

import textwrap
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from collate.config.schema import RunConfig

_NAME, _WIDTH = 30, 100


def settings_help(presets: Mapping[str, Sequence[str]]) -> str:
    """Presets by group, then every setting with its default and meaning."""
    lines = ["Presets (group=preset):"]
    lines += [_row(group, ", ".join(options)) for group, options in presets.items()]
    lines += ["", "Settings (key=value), with the defaults that presets start from:"]
    hints = typing.get_type_hints(RunConfig)
    own = [item for item in fields(RunConfig) if not is_dataclass(hints[item.name])]
    lines += ["", *(_setting(item.name, item) for item in own)]
    for item in fields(RunConfig):
        section = hints[item.name]
        if is_dataclass(section):
            lines += ["", f"{item.name}: {(section.__doc__ or '').strip()}"]
            lines += [
                _setting(f"{item.name}.{f.name}", f) for f in fields(typing.cast(type, section))
            ]
    return "\n".join(lines)


def _setting(name: str, item: Any) -> str:
    default = item.default if item.default is not MISSING else item.default_factory()
    shown = {"None": "null", "True": "true", "False": "false"}.get(str(default), default)
    choices = item.metadata["choices"]
    meaning = item.metadata["help"] + (f" ({' | '.join(choices)})" if choices else "")
    return _row(f"{name}={shown}", meaning)


def _row(name: str, meaning: str) -> str:
    wrapped = textwrap.wrap(meaning, _WIDTH - _NAME - 4) or [""]
    head = f"  {name:<{_NAME}}  "
    if len(name) > _NAME:
        head = f"  {name}\n" + " " * (_NAME + 4)
    return head + ("\n" + " " * (_NAME + 4)).join(wrapped)
