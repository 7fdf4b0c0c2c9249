"""The border to Hydra: from presets and command-line overrides to plain settings.

Hydra composes, and nothing else: collate calls its compose API, which loads presets and applies
overrides, but starts no launcher, sweeper, callback or logging class. Composed values are taken as
they are written: interpolations are not resolved and `_target_` means nothing here.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from collate.config.overrides import Alternatives, TypedValue, read_overrides, split_override
from collate.config.presets import TRUST, conf_folder, preset_problems
from collate.config.schema import RunConfig
from collate.errors import InputError


@dataclass(frozen=True)
class Job:
    """One run of a command: its settings, and the overrides that tell it from its siblings."""

    settings: dict[str, Any]
    varied: tuple[str, ...] = ()


def jobs(
    overrides: Sequence[str], own_folders: Sequence[Path], *, multirun: bool = False
) -> tuple[list[Job], list[str]]:
    """The jobs that overrides ask for, one outside of a multirun, and every problem there is.

    With problems, the jobs are those that the sound overrides make: their values can be checked
    too, so that the user hears of everything at once. `own_folders` hold the user's presets.
    """
    problems = [problem for folder in own_folders for problem in preset_problems(folder)]
    if problems:
        return [], problems
    folders = [conf_folder(), *own_folders]
    passed, problems = read_overrides(overrides, folders, multirun=multirun)
    composed_jobs: list[Job] = []
    register_schema()
    for combination, varied in _combinations(passed):
        try:
            settings = _settings(combination, own_folders)
            _check_trust(settings, combination)
            composed_jobs.append(Job(settings, varied))
        except (HydraException, OmegaConfBaseException) as error:
            reason = " ".join(str(error).split())
            problems.append(reason if problems else f"these settings do not combine: {reason}")
            break
        except InputError as error:
            problems += error.problems
            break
    return composed_jobs, problems


def register_schema() -> None:
    """Make the defaults of `schema.py` available to Hydra under the name `schema`."""
    ConfigStore.instance().store(name="schema", node=asdict(RunConfig()))


def settings_of(composed: DictConfig) -> dict[str, Any]:
    """What Hydra composed, as plain Python values, without Hydra's own part.

    Raises InputError where a preset of `experiment` sets something in a place that nothing reads.
    """
    settings = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(settings, dict)
    if misplaced := settings.pop("experiment", None):
        raise InputError(
            f"experiment: a preset that sets {', '.join(misplaced)} does not begin with the line "
            "# @package _global_, and nothing of it would count; put that line first"
        )
    return {str(key): value for key, value in settings.items() if key != "hydra"}


def _check_trust(settings: Mapping[str, Any], overrides: Sequence[str | TypedValue]) -> None:
    """Raise InputError where anything but the command line asks to run a model's code."""
    keys = [
        override.key if isinstance(override, TypedValue) else split_override(override)[1]
        for override in overrides
    ]
    is_given = TRUST in keys
    if not is_given and settings["model"]["trust_remote_code"] is not False:
        raise InputError(f"{TRUST}: set by a preset; it is given on the command line alone")


def _settings(overrides: Sequence[str | TypedValue], own_folders: Sequence[Path]) -> dict[str, Any]:
    """What presets and overrides set together; values that were typed stand above all presets."""
    for_hydra = [each for each in overrides if isinstance(each, str)]
    settings = settings_of(_compose(for_hydra, own_folders))
    for override in overrides:
        if isinstance(override, TypedValue):
            *parents, name = override.key.split(".")
            section: Any = settings
            for parent in parents:
                section = section.setdefault(parent, {})
            # A preset that has put something else in the section's place is told of by `build`.
            if isinstance(section, dict):
                section[name] = override.value
    return settings


def _compose(overrides: Sequence[str], own_folders: Sequence[Path]) -> DictConfig:
    quoted = []
    for folder in own_folders:
        path = str(folder.resolve()).replace("\\", r"\\").replace("'", r"\'")
        quoted.append(f"'file://{path}'")
    search_path = [f"hydra.searchpath=[{','.join(quoted)}]"] if quoted else []
    with initialize_config_dir(str(conf_folder().resolve()), version_base="1.3"):
        return compose("run", [*overrides, *search_path])


def _combinations(
    passed: Sequence[Alternatives],
) -> Iterator[tuple[tuple[str | TypedValue, ...], tuple[str, ...]]]:
    """Each combination of the overrides' values, and how those of several values are typed."""
    swept = [len(alternatives) > 1 for alternatives in passed]
    for combination in itertools.product(*passed):
        typed = [each if isinstance(each, str) else each.typed for each in combination]
        yield combination, tuple(text.lstrip("+") for text in itertools.compress(typed, swept))
