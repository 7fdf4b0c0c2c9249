"""The border to Hydra: from command-line overrides to plain settings and back.

Overrides are checked against the schema before Hydra sees them, so that every unknown key is named
with its nearest neighbour in one message. Composed values are taken as they are written:
interpolations are not resolved and `_target_` means nothing here.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException
from omegaconf import DictConfig, OmegaConf

from collate.config.build import known_keys, unknown_key
from collate.config.schema import RunConfig
from collate.errors import InputError


def conf_folder() -> Path:
    """The folder of presets: inside the installed package, or `conf/` of a checkout."""
    package = Path(str(files("collate")))
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def groups(folders: Sequence[Path]) -> dict[str, list[str]]:
    """Group name -> its presets, over all folders (the shipped one and those of the user)."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for path in sorted(folder.glob("*/*.yaml")):
            found.setdefault(path.parent.name, set()).add(path.stem)
    return {group: sorted(options) for group, options in sorted(found.items())}


def register_schema() -> None:
    """Make the defaults of `schema.py` available to Hydra under the name `schema`."""
    ConfigStore.instance().store(name="schema", node=asdict(RunConfig()))


def checked_overrides(
    overrides: Sequence[str], folders: Sequence[Path], *, multirun: bool = False
) -> list[str]:
    """The overrides as Hydra takes them. Raises InputError naming each key or preset unknown.

    A comma separates the values of a multirun; outside of one it belongs to a text, such as the
    columns of `task.options=a,b`.
    """
    known, presets = known_keys(), groups(folders)
    sections = {key.partition(".")[0] for key in known if "." in key}
    found, passed = [], []
    for text in overrides:
        try:
            override = OverridesParser.create().parse_override(text)
        except OverrideParseException:
            found.append(f"{text}: cannot be read; a setting is given as key=value")
            continue
        key = override.key_or_group
        if key.partition(".")[0] == "hydra":
            passed.append(text)
        elif key in presets and not (key in sections and isinstance(override.value(), dict)):
            values = (
                override.sweep_string_iterator()
                if override.is_sweep_override()
                else [override.value()]
            )
            strangers = [v for v in map(str, values) if v not in presets[key] and v != "None"]
            if key == "model" and strangers:
                # A model goes by its own name: model=Qwen/Qwen2.5-0.5B-Instruct
                passed.append(f"model.name={text.partition('=')[2]}")
                continue
            found.extend(_unknown_preset(key, value, presets[key]) for value in strangers)
            passed.append(text)
        elif key in known and override.is_sweep_override() and not multirun:
            if "str" in str(known[key].type):
                passed.append(f"{key}='{text.partition('=')[2]}'")
            else:
                found.append(f"{text}: several values need a multirun: collate run -m {text}")
        elif key in known:
            passed.append(text)
        elif _inside_mapping(key, known):
            passed.append(text if text.startswith(("+", "~")) else f"++{text}")
        else:
            found.append(unknown_key(key))
    if found:
        raise InputError.of(found)
    return passed


def _inside_mapping(key: str, known: Mapping[str, Any]) -> bool:
    parent = key.rpartition(".")[0]
    return parent in known and str(known[parent].type).startswith("dict")


def _unknown_preset(group: str, value: str, options: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(value, options, n=1)
    hint = f"did you mean {group}={nearest[0]}? " if nearest else ""
    return f"{group}={value}: no such preset; {hint}there are {', '.join(options)}"


def settings_of(composed: DictConfig) -> dict[str, Any]:
    """What Hydra composed, as plain Python values, without Hydra's own part."""
    settings = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(settings, dict)
    known = {item.name for item in fields(RunConfig)}
    return {
        str(k): v for k, v in settings.items() if k in known or k not in ("hydra", "experiment")
    }
