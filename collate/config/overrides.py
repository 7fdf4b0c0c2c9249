"""Command-line overrides, checked before Hydra sees them: `key=value` and `group=preset`.

So every unknown key and preset is named with its nearest neighbour in one message, and Hydra's own
settings, by which it can run code, stay out of reach.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from collate.config.fields import Setting, settings_of, subsections
from collate.config.presets import OBJECT_KEYS, presets_by_group
from collate.config.schema import RunConfig
from collate.config.unknown_settings import unknown_setting
from collate.errors import InputError, nearest_name


def read_overrides(
    overrides: Sequence[str], folders: Sequence[Path], *, multirun: bool = False
) -> tuple[list[str], list[str]]:
    """The sound overrides as Hydra takes them, and a sentence about each other one.

    `folders` hold the presets. A comma separates the values of a multirun; outside of one it
    belongs to a text, such as the columns of `task.options=a,b`.
    """
    checker = _OverrideChecker(folders, multirun)
    passed: list[str] = []
    problems: list[str] = []
    for text in overrides:
        try:
            passed.append(checker.check(text))
        except InputError as error:
            problems += error.problems
    return passed, problems


def parse_override(text: str) -> Override:
    """An override as Hydra reads it. Raises InputError where it cannot be read."""
    if "=" not in text and not text.startswith("~"):
        raise InputError(f"{text}: expected key=value")
    try:
        return OverridesParser.create().parse_override(text)
    except (HydraException, ValueError, RecursionError):
        raise InputError(f"{text[:200]}: cannot be read; a setting is given as key=value") from None


class _OverrideChecker:
    """Checks single overrides against the settings and presets that there are."""

    def __init__(self, folders: Sequence[Path], multirun: bool) -> None:
        self._settings: Mapping[str, Setting] = settings_of(RunConfig)
        self._presets = presets_by_group(folders)
        self._multirun = multirun

    def check(self, text: str) -> str:
        """The override as Hydra takes it. Raises InputError where it cannot be followed."""
        override = parse_override(text)
        key, swept = override.key_or_group, override.is_sweep_override()
        # "hydra.mode", "hydra/launcher", "hydra@x"
        if re.split(r"[./@]", key)[0] == "hydra":
            raise InputError(f"{text}: Hydra's own settings are refused; leave it out")
        if any(part in OBJECT_KEYS for part in key.split(".")):
            raise InputError(f"{text}: refused, since collate makes no objects from settings")
        # "tuning.beta=interval(0,1)" has no values to go through.
        if swept and self._multirun and not override.is_discrete_sweep():
            raise InputError(f"{text}: give the values one by one, separated by commas")
        if key in self._presets and not isinstance(override.value(), dict):
            return self._preset_choice(text, override)
        if key in self._settings:
            return self._setting_value(text, override)
        parent = self._settings.get(key.rpartition(".")[0])
        if parent is not None and parent.kind.startswith("mapping"):
            return _with_plus(text)
        if key in subsections(RunConfig):
            # "agents={count: 3}"
            raise InputError(f"{text}: give each setting by itself, as {key}.NAME=value")
        raise InputError(unknown_setting(key))

    def _preset_choice(self, text: str, override: Override) -> str:
        group = override.key_or_group
        known = self._presets[group]
        unknown = [name for name in _preset_names(override) if name not in known and name != "None"]
        if unknown and group == "model":
            # A model goes by its own name: model=Qwen/Qwen2.5-0.5B-Instruct
            return f"model.name={text.partition('=')[2]}"
        if unknown:
            raise InputError.of([_unknown_preset(group, name, known) for name in unknown])
        if override.is_sweep_override() and not self._multirun:
            raise InputError(_needs_multirun(text))
        return text

    def _setting_value(self, text: str, override: Override) -> str:
        setting = self._settings[override.key_or_group]
        if setting.kind.startswith("mapping"):
            return _with_plus(text)
        if not override.is_sweep_override() or self._multirun:
            return text
        if "text" not in setting.kind:
            raise InputError(_needs_multirun(text))
        return f"{setting.key}='{text.partition('=')[2]}'"


def _with_plus(text: str) -> str:
    """An override of a mapping: Hydra adds keys that it does not have only with a plus in front."""
    return text if text.startswith(("+", "~")) else f"++{text}"


def _preset_names(override: Override) -> list[str]:
    """The presets that an override names: those of a multirun, or those put on each other."""
    if override.is_sweep_override():
        return list(override.sweep_string_iterator())
    value = override.value()
    # experiment=[quickstart,rft] puts the second on the first.
    return [str(name) for name in (value if isinstance(value, list) else [value])]


def _needs_multirun(text: str) -> str:
    return f"{text}: several values need a multirun: collate run -m {text}"


def _unknown_preset(group: str, name: str, known: Sequence[str]) -> str:
    nearest = nearest_name(name, known)
    hint = f"did you mean {group}={nearest}? There are" if nearest else "there are"
    return f"{group}={name}: no such preset; {hint} {', '.join(known)}"
