"""The border to Hydra: from command-line overrides to plain settings and back.

Hydra composes, and nothing else: collate calls its compose API, which loads presets and applies
overrides, but starts no launcher, sweeper, callback or logging class. Overrides and presets of the
user's own are checked before Hydra sees them, so that every unknown key is named with its nearest
neighbour in one message. Composed values are taken as they are written: interpolations are not
resolved and `_target_` means nothing here.
"""

import difflib
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from collate.config.build import known_keys, unknown_key
from collate.config.schema import RunConfig
from collate.errors import InputError

OBJECT_KEYS = ("_target_", "_args_", "_recursive_", "_partial_", "_convert_")
"""Keys by which Hydra makes objects of settings. collate makes none."""
_PACKAGE = re.compile(r"#\s*@package\s+hydra\b")


@dataclass(frozen=True)
class Job:
    """One run of a command: its settings, and the overrides that tell it from its siblings."""

    settings: dict[str, Any]
    varied: tuple[str, ...] = ()


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


def jobs(
    overrides: Sequence[str], own_folders: Sequence[Path], *, multirun: bool = False
) -> tuple[list[Job], list[str]]:
    """The jobs that the overrides ask for, one outside of a multirun, and every problem found.

    With problems, the jobs are those that the sound overrides make: their values can be checked
    too, so that all of it is told at once. `own_folders` hold presets of the user's own.
    """
    found = [problem for folder in own_folders for problem in preset_problems(folder)]
    if found:
        return [], found
    folders = [conf_folder(), *own_folders]
    passed, found = read_overrides(overrides, folders, multirun=multirun)
    made = []
    register_schema()
    for texts, varied in _combinations(passed) if multirun else [(passed, ())]:
        try:
            made.append(Job(settings_of(_composed(texts, own_folders)), varied))
        except (HydraException, OmegaConfBaseException) as error:
            reason = " ".join(str(error).split())
            found.append(reason if found else f"the settings do not go together: {reason}")
            break
        except InputError as error:
            found += error.problems
            break
    return made, found


def _composed(overrides: Sequence[str], own_folders: Sequence[Path]) -> DictConfig:
    paths = [
        str(folder.resolve()).replace("\\", r"\\").replace("'", r"\'") for folder in own_folders
    ]
    search = ",".join(f"'file://{path}'" for path in paths)
    with initialize_config_dir(str(conf_folder().resolve()), version_base="1.3"):
        return compose("run", [*overrides, *([f"hydra.searchpath=[{search}]"] if paths else [])])


def _combinations(overrides: Sequence[str]) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """Each combination of swept values as overrides, and those of them that were swept."""
    choices, swept = [], []
    for text in overrides:
        override = OverridesParser.create().parse_override(text)
        is_swept = override.is_sweep_override()
        swept.append(is_swept)
        choices.append(_single(override) if is_swept else [text])
    for texts in itertools.product(*choices):
        varied = tuple(t.lstrip("+") for t, s in zip(texts, swept, strict=True) if s)
        yield list(texts), varied


def _single(override: Override) -> list[str]:
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def preset_problems(folder: Path) -> list[str]:
    """What is wrong with the user's own presets: unreadable files, and keys of Hydra's own."""
    if not folder.is_dir():
        return [f"--config-dir {folder}: no such folder"]
    return [
        f"{path}: {problem}"
        for path in sorted(folder.rglob("*.yaml"))
        for problem in _file_problems(path)
    ]


def _file_problems(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            return ["aliases (*name) are refused, since they may stand for endless values"]
        content = yaml.safe_load(text)
    except RecursionError:
        return ["not a YAML file that can be read (nested too deeply)"]
    except (OSError, ValueError, yaml.YAMLError) as error:
        return [f"not a YAML file that can be read ({' '.join(str(error).split())})"]
    if content is None:
        return []
    if not isinstance(content, dict):
        return [f"expected settings by name, found a {type(content).__name__}"]
    found = []
    if "hydra" in content or _PACKAGE.search(text):
        found.append("sets Hydra itself (hydra:), which collate does not allow; take that part out")
    found += [
        f"{key} is refused: collate makes no objects from settings; take it out"
        for key in OBJECT_KEYS
        if key in set(_keys(content))
    ]
    defaults = content.get("defaults") or []
    if not isinstance(defaults, list):
        return [*found, f"defaults: expected a list, found {defaults!r}"]
    for entry in defaults:
        shown = str(entry)
        if "hydra" in shown or "${" in shown:
            found.append(f"defaults: {entry!r} is refused; name presets of collate by plain words")
    return found


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from _keys(each)
    elif isinstance(value, list):
        for each in value:
            yield from _keys(each)


def checked_overrides(
    overrides: Sequence[str], folders: Sequence[Path], *, multirun: bool = False
) -> list[str]:
    """The overrides as Hydra takes them. Raises InputError naming each key or preset unknown."""
    passed, found = read_overrides(overrides, folders, multirun=multirun)
    if found:
        raise InputError.of(found)
    return passed


def read_overrides(
    overrides: Sequence[str], folders: Sequence[Path], *, multirun: bool = False
) -> tuple[list[str], list[str]]:
    """The sound overrides as Hydra takes them, and a sentence about each other one.

    A comma separates the values of a multirun; outside of one it belongs to a text, such as the
    columns of `task.options=a,b`.
    """
    known, presets = known_keys(), groups(folders)
    passed: list[str] = []
    found: list[str] = []
    for text in overrides:
        if "=" not in text and not text.startswith("~"):
            found.append(f"{text}: expected key=value")
            continue
        try:
            override = OverridesParser.create().parse_override(text)
        except (HydraException, ValueError, RecursionError):
            found.append(f"{text[:200]}: cannot be read; a setting is given as key=value")
            continue
        taken = _read_override(text, override, known, presets, multirun)
        (found if taken.problems else passed).extend(taken.problems or [taken.text])
    return passed, found


@dataclass(frozen=True)
class _Taken:
    """An override as Hydra takes it, or what is wrong with it."""

    text: str = ""
    problems: Sequence[str] = ()


def _read_override(
    text: str,
    override: Override,
    known: Mapping[str, Any],
    presets: Mapping[str, Sequence[str]],
    multirun: bool,
) -> _Taken:
    key, swept = override.key_or_group, override.is_sweep_override()
    needs_multirun = f"{text}: several values need a multirun: collate run -m {text}"
    if re.split(r"[./@]", key)[0] == "hydra":
        return _Taken(problems=[f"{text}: Hydra's own settings are refused; leave it out"])
    if any(part in OBJECT_KEYS for part in key.split(".")):
        return _Taken(problems=[f"{text}: refused, since collate makes no objects from settings"])
    if swept and multirun and not override.is_discrete_sweep():
        return _Taken(problems=[f"{text}: give the values one by one, separated by commas"])
    if key in presets and not (
        key in {k.partition(".")[0] for k in known if "." in k}
        and isinstance(override.value(), dict)
    ):
        given = override.value()
        if swept:
            values = list(override.sweep_string_iterator())
        else:  # a list puts several presets on each other, the last on top
            values = [str(each) for each in (given if isinstance(given, list) else [given])]
        strangers = [v for v in values if v not in presets[key] and v != "None"]
        if key == "model" and strangers:
            # A model goes by its own name: model=Qwen/Qwen2.5-0.5B-Instruct
            return _Taken(f"model.name={text.partition('=')[2]}")
        if strangers:
            return _Taken(problems=[_unknown_preset(key, v, presets[key]) for v in strangers])
        return _Taken(problems=[needs_multirun]) if swept and not multirun else _Taken(text)
    if key in known and swept and not multirun:
        if "str" in str(known[key].type):
            return _Taken(f"{key}='{text.partition('=')[2]}'")
        return _Taken(problems=[needs_multirun])
    if key in known:
        return _Taken(text)
    if _inside_mapping(key, known):
        return _Taken(text if text.startswith(("+", "~")) else f"++{text}")
    return _Taken(problems=[unknown_key(key)])


def _inside_mapping(key: str, known: Mapping[str, Any]) -> bool:
    parent = key.rpartition(".")[0]
    return parent in known and str(known[parent].type).startswith("dict")


def _unknown_preset(group: str, value: str, options: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(value, options, n=1)
    hint = f"did you mean {group}={nearest[0]}? " if nearest else ""
    return f"{group}={value}: no such preset; {hint}there are {', '.join(options)}"


def settings_of(composed: DictConfig) -> dict[str, Any]:
    """What Hydra composed, as plain Python values, without Hydra's own part.

    Raises InputError where a preset of `experiment` sets something in a place that nothing reads.
    """
    settings = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(settings, dict)
    if lost := settings.pop("experiment", None):
        raise InputError(
            f"experiment: a preset that sets {', '.join(lost)} does not begin with the line "
            "# @package _global_, and nothing of it would count; put that line first"
        )
    return {str(k): v for k, v in settings.items() if k != "hydra"}
