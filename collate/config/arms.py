"""What `collate compare` is asked for: arms, seeds, and the settings of every run."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from collate.config.build import read
from collate.config.compose import conf_folder, jobs
from collate.config.names import NAME_RULE, is_name
from collate.config.schema import RunConfig
from collate.errors import InputError

NAME, FOLDER, SEEDS = "compare", "runs", 3


@dataclass(frozen=True)
class Comparison:
    """The names of the arms, the number of seeds, the settings by (arm, seed), and the folder.

    `replaced` says which of an arm's own settings a setting of all arms took the place of.
    """

    arms: tuple[str, ...]
    seeds: int
    settings: dict[tuple[str, int], RunConfig]
    place: str
    replaced: tuple[str, ...] = ()


def read_comparison(overrides: Sequence[str], own_folders: Sequence[Path]) -> Comparison:
    """The comparison that the overrides ask for.

    `base` names the preset of task, model and sizes, `arms` the presets that are put on it, each by
    itself; `seeds` counts seeds from 0; everything else is a setting of every arm. Raises
    InputError with every problem there is.
    """
    own = {"base": "", "arms": "", "seeds": str(SEEDS), "name": NAME, "folder": FOLDER}
    rest = [text for text in overrides if text.partition("=")[0] not in own]
    own |= dict(text.split("=", 1) for text in overrides if text.partition("=")[0] in own)
    arms = tuple(filter(None, re.split(r"[\s,]+", own["arms"].strip("[]"))))
    if found := _problems(own, arms, rest):
        raise InputError.of(found)
    seeds, settings = int(own["seeds"]), {}
    for arm, seed in itertools.product(arms, range(seeds)):
        wanted = [f"experiment=[{own['base']},{arm}]", *rest, f"seed={seed}"]
        made, wrong = jobs(wanted, own_folders)
        for job in made:
            settings[arm, seed], more = read(job.settings)
            wrong = [*wrong, *more]
        found += [problem for problem in wrong if problem not in found]
    if found:
        raise InputError.of(found)
    replaced = [text for arm in arms for text in _replaced(arm, rest, own_folders)]
    return Comparison(
        arms, seeds, settings, str(Path(own["folder"]) / own["name"]), tuple(replaced)
    )


def _replaced(arm: str, rest: Sequence[str], own_folders: Sequence[Path]) -> list[str]:
    """Settings of the arm's own preset that an override of all arms replaces, a sentence each."""
    folders = [*own_folders, conf_folder()]
    preset = next(path for f in folders if (path := f / "experiment" / f"{arm}.yaml").is_file())
    own = _flat(yaml.safe_load(preset.read_text(encoding="utf-8")))
    keys = ((text, text.partition("=")[0].lstrip("+~")) for text in rest)
    return [f"{text} replaces {arm}'s own {key}={own[key]}" for text, key in keys if key in own]


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Values by dotted key."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        found |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value}
    return found


def _problems(own: Mapping[str, str], arms: Sequence[str], rest: Sequence[str]) -> list[str]:
    found = []
    if not own["base"]:
        found.append("base=: name the preset of task, model and sizes, for example base=quickstart")
    if not arms or len(set(arms)) < len(arms):
        found.append(f"arms=[{','.join(arms)}]: name each arm once, for example arms=[collate,rft]")
    if not own["seeds"].isdigit() or not int(own["seeds"]):
        found.append(f"seeds={own['seeds']}: how many seeds, at least 1")
    if not is_name(own["name"]):
        found.append(f"name={own['name']!r}: a comparison's name is {NAME_RULE}")
    if any(text.startswith("seed=") for text in rest):
        found.append("seed=: a comparison counts its seeds from 0; say how many by seeds=")
    return found
