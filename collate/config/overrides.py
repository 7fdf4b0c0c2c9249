"""Command-line overrides, checked before Hydra sees them: `key=value` and `group=preset`.

So every unknown key and preset is named with its nearest neighbour in one message, and Hydra's own
settings, by which it can run code, stay out of reach. Texts never reach Hydra: what is typed is the
text (`typed_text.py`). Hydra reads numbers, lists of records and the choice of presets.
"""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from collate.config.fields import Setting, settings_of, subsections
from collate.config.presets import OBJECT_KEYS, presets_by_group
from collate.config.schema import RunConfig
from collate.config.typed_text import is_list, shell_form, split_at_commas, typed_list, typed_text
from collate.config.unknown_settings import unknown_setting
from collate.errors import InputError, nearest_name

# "task.path=x", "++task.path=x", "~task.path"
_OVERRIDE = re.compile(r"(?P<sign>~|\+{0,2})(?P<key>[^=]*)(?:=(?P<value>.*))?", re.DOTALL)
# "choice(a, b)" and its like give the values of a multirun.
_SWEEP = re.compile(r"\s*(choice|range|interval|glob|sort|shuffle|tag)\s*\(.*\)\s*", re.DOTALL)
_TEXT_KINDS = ("text", "choice")
_LIST_KINDS = ("list of texts", "list of choices")


@dataclass(frozen=True)
class TypedValue:
    """The value of a setting that is taken as it was typed; `typed` is `key=value`."""

    key: str
    value: Any
    typed: str


Alternatives = list[str | TypedValue]
"""What an override may stand for, a value each: one, or several in a multirun. Texts are for Hydra.
"""


def read_overrides(
    overrides: Sequence[str], folders: Sequence[Path], *, multirun: bool = False
) -> tuple[list[Alternatives], list[str]]:
    """The alternatives of each sound override, and a sentence about each other one.

    `folders` hold the presets. A comma separates the values of a multirun; outside of one it
    belongs to a text, such as the columns of `task.options=a,b`.
    """
    checker = _OverrideChecker(folders, multirun)
    passed: list[Alternatives] = []
    problems: list[str] = []
    for text in overrides:
        try:
            passed.append(checker.check(text))
        except InputError as error:
            problems += error.problems
    return passed, problems


def split_override(text: str) -> tuple[str, str, str | None]:
    """Sign, key and value of an override as it is typed; the value is None where there is no `=`.

    Raises InputError for what is neither `key=value` nor `~key`.
    """
    match = _OVERRIDE.fullmatch(text)
    assert match is not None  # The pattern takes every text.
    if match["value"] is None and match["sign"] != "~":
        raise InputError(f"{text[:200]}: expected key=value")
    return match["sign"], match["key"], match["value"]


class _OverrideChecker:
    """Checks single overrides against the settings and presets that there are."""

    def __init__(self, folders: Sequence[Path], multirun: bool) -> None:
        self._settings: Mapping[str, Setting] = settings_of(RunConfig)
        self._presets = presets_by_group(folders)
        self._multirun = multirun

    def check(self, text: str) -> Alternatives:
        """What the override stands for. Raises InputError where it cannot be followed."""
        sign, key, value = split_override(text)
        group, _, package = key.partition("@")
        # "hydra.mode", "hydra/launcher", "hydra@x", "task@hydra.callbacks"
        if "hydra" in re.split(r"[./@:]", key):
            raise InputError(f"{text}: Hydra's own settings are refused; leave it out")
        if any(part in OBJECT_KEYS for part in key.split(".")):
            raise InputError(f"{text}: refused, since collate makes no objects from settings")
        if package:
            raise InputError(
                f"{text}: a preset sets what its own group has; give {group}= without @{package}"
            )
        if sign == "~" or value is None:
            return [self._removal(text, key)]
        if key in self._presets and not value.lstrip().startswith("{"):
            return self._preset_choice(text, key, value)
        if key in self._settings:
            return self._setting_value(text, self._settings[key], value)
        parent = self._settings.get(key.rpartition(".")[0])
        if parent is not None and parent.kind == "mapping of choices":
            return self._typed(key, value, typed_text)
        if parent is not None and parent.kind == "mapping":
            return self._read_by_hydra(text, parent)
        if key in subsections(RunConfig):
            # "agents={count: 3}"
            raise InputError(f"{text}: give each setting by itself, as {key}.NAME=value")
        raise InputError(unknown_setting(key))

    def _removal(self, text: str, key: str) -> str:
        """An override that takes a setting or a preset out: `~warmup`."""
        known = self._settings.keys() | self._presets.keys() | subsections(RunConfig).keys()
        if key not in known and key.rpartition(".")[0] not in self._settings:
            raise InputError(unknown_setting(key))
        _parsed(text)
        return text

    def _preset_choice(self, text: str, group: str, value: str) -> Alternatives:
        known = self._presets[group]
        try:
            override = _parsed(text)
            names = _preset_names(override)
        except InputError:
            override, names = None, [value]
        unknown = [name for name in names if name not in known and name != "None"]
        if group == "model" and 0 < len(unknown) < len(names):
            raise InputError(f"{text}: give models by their names alone, or presets alone")
        if unknown and group == "model":
            # A model goes by its own name: model=Qwen/Qwen2.5-0.5B-Instruct
            return self._setting_value(text, self._settings["model.name"], value)
        if unknown or override is None:
            raise InputError.of([_unknown_preset(group, name, known) for name in unknown])
        if override.is_sweep_override() and not self._multirun:
            raise InputError(_needs_multirun(text))
        return _alternatives(override, text)

    def _setting_value(self, text: str, setting: Setting, value: str) -> Alternatives:
        swept_by_function = self._multirun and _SWEEP.fullmatch(value)
        if setting.kind in _TEXT_KINDS and not swept_by_function:
            return self._typed(setting.key, value, typed_text)
        if setting.kind in _LIST_KINDS and not swept_by_function:
            return self._typed(setting.key, value, _list_or_text)
        return self._read_by_hydra(text, setting)

    def _typed(self, key: str, value: str, read: Callable[[str, str], Any]) -> Alternatives:
        """A value taken as typed, or each of those that commas separate in a multirun."""
        values = [each.strip() for each in split_at_commas(value)] if self._multirun else [value]
        return [TypedValue(key, read(key, each), f"{key}={each}") for each in values]

    def _read_by_hydra(self, text: str, setting: Setting) -> Alternatives:
        if setting.kind.startswith("mapping"):
            # Hydra adds keys that a mapping does not have only with a plus in front.
            text = f"++{text.lstrip('+')}"
        try:
            override = _parsed(text)
        except InputError as error:
            raise InputError(f"{str(error).lstrip('+')}; {_how_to_write(text, setting)}") from None
        if override.is_sweep_override():
            if not self._multirun:
                raise InputError(_needs_multirun(text))
            # "tuning.beta=interval(0,1)" has no values to go through.
            if not override.is_discrete_sweep():
                raise InputError(f"{text}: give the values one by one, separated by commas")
        return _alternatives(override, text)


def _parsed(text: str) -> Override:
    """An override as Hydra reads it. Raises InputError where it cannot be read."""
    try:
        return OverridesParser.create().parse_override(text)
    except (HydraException, ValueError, RecursionError):
        raise InputError(f"{text[:200]}: cannot be read") from None


def _alternatives(override: Override, text: str) -> Alternatives:
    if not override.is_sweep_override():
        return [text]
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _list_or_text(key: str, value: str) -> Any:
    """A list of texts; a text where it is not written as a list, which `build` then refuses."""
    return typed_list(key, value) if is_list(value) else typed_text(key, value)


def _preset_names(override: Override) -> list[str]:
    """The presets that an override names: those of a multirun, or those put on each other."""
    if override.is_sweep_override():
        return list(override.sweep_string_iterator())
    value = override.value()
    # experiment=[quickstart,rft] puts the second on the first.
    return [str(name) for name in (value if isinstance(value, list) else [value])]


def _how_to_write(text: str, setting: Setting) -> str:
    """How a value that Hydra could not read is written."""
    sentence = f"{setting.key} is a {setting.kind}"
    if setting.kind == "mapping":
        _, key, value = split_override(text)
        return f"{sentence}; a text in it goes in quotes: {shell_form(key, value or '')}"
    if "{" in setting.kind:
        # "list of {question, response}"
        name = re.split(r"[{,]", setting.kind)[1]
        example = shlex.quote(f'{setting.key}=[{{{name}: "It is so (or not)."}}]')
        return f"{sentence}, with texts in quotes: {example}"
    return sentence


def _needs_multirun(text: str) -> str:
    return f"{text}: several values need a multirun: collate run -m {text}"


def _unknown_preset(group: str, name: str, known: Sequence[str]) -> str:
    nearest = nearest_name(name, known)
    hint = f"did you mean {group}={nearest}? There are" if nearest else "there are"
    return f"{group}={name}: no such preset; {hint} {', '.join(known)}"
