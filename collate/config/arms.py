"""What `collate compare` is asked for: arms, seeds, and the settings of every run."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from collate.config.build import flattened, read
from collate.config.compose import jobs
from collate.config.names import NAME_RULE, is_name
from collate.config.presets import conf_folder
from collate.config.schema import RunConfig
from collate.config.typed_text import typed_text
from collate.errors import InputError
from collate.received_files import read_yaml

DEFAULTS: Mapping[str, str] = {
    "base": "", "arms": "", "seeds": "3", "name": "compare", "folder": RunConfig().folder,
}  # fmt: skip
"""What a comparison itself is asked for; every other override is a setting of all arms."""


@dataclass(frozen=True)
class Comparison:
    """The arms and seeds of a comparison, the settings of each run, and where it is written.

    `settings` has those of each run by (arm, seed). `replaced` says, a sentence each, which of an
    arm's own settings a setting of all arms took the place of.
    """

    arms: tuple[str, ...]
    seeds: int
    settings: dict[tuple[str, int], RunConfig]
    folder: str
    replaced: tuple[str, ...] = ()


def read_comparison(overrides: Sequence[str], own_folders: Sequence[Path]) -> Comparison:
    """The comparison that the overrides ask for.

    `base` names the preset of task, model and sizes, `arms` the presets that are put on it, each by
    itself; `seeds` counts seeds from 0; everything else is a setting of every arm. Raises
    InputError with every problem there is.
    """
    request = dict(DEFAULTS)
    for_all_arms: list[str] = []
    for text in overrides:
        key, _, value = text.partition("=")
        if key in DEFAULTS:
            request[key] = typed_text(key, value) or ""
        else:
            for_all_arms.append(text)
    # "[collate,rft]", "collate, rft" and "collate rft" name the same two arms.
    arms = tuple(filter(None, re.split(r"[\s,]+", request["arms"].strip("[]"))))
    if problems := _request_problems(request, arms, for_all_arms):
        raise InputError.of(problems)
    seeds = int(request["seeds"])
    settings: dict[tuple[str, int], RunConfig] = {}
    for arm, seed in itertools.product(arms, range(seeds)):
        # The arm's preset is put on the base's.
        preset = f"experiment=[{request['base']},{arm}]"
        composed_jobs, new_problems = jobs([preset, *for_all_arms, f"seed={seed}"], own_folders)
        problems += new_problems
        for job in composed_jobs:
            settings[arm, seed], new_problems = read(job.settings)
            problems += new_problems
    if problems:
        raise InputError.of(problems)
    folder = str(Path(request["folder"]).expanduser() / request["name"])
    replaced = [line for arm in arms for line in _replaced(arm, for_all_arms, own_folders)]
    return Comparison(arms, seeds, settings, folder, tuple(replaced))


def _replaced(arm: str, overrides: Sequence[str], own_folders: Sequence[Path]) -> list[str]:
    """Settings of the arm's own preset that an override of all arms replaces, a sentence each."""
    candidates = [folder / "experiment" / f"{arm}.yaml" for folder in (*own_folders, conf_folder())]
    preset = next(path for path in candidates if path.is_file())
    arm_settings = flattened(read_yaml(preset.resolve()) or {})
    sentences = []
    for text in overrides:
        key = text.partition("=")[0].lstrip("+~")
        if key in arm_settings:
            sentences.append(f"{text} replaces {arm}'s own {key}={arm_settings[key]}")
    return sentences


def _request_problems(
    request: Mapping[str, str], arms: Sequence[str], for_all_arms: Sequence[str]
) -> list[str]:
    problems = []
    if not request["base"]:
        problems.append(
            "base=: name the preset of task, model and sizes, for example base=quickstart"
        )
    if not arms or len(set(arms)) < len(arms):
        problems.append(
            f"arms=[{','.join(arms)}]: name each arm once, for example arms=[collate,rft]"
        )
    if not request["seeds"].isdigit() or int(request["seeds"]) == 0:
        problems.append(f"seeds={request['seeds']}: expected the number of seeds, at least 1")
    if not is_name(request["name"]):
        problems.append(f"name={request['name']!r}: a comparison's name is {NAME_RULE}")
    if any(text.startswith("seed=") for text in for_all_arms):
        problems.append("seed=: a comparison counts its seeds from 0; set their number by seeds=")
    return problems
