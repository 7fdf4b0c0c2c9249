"""Which settings a run is bound to, and where they put it.

A run goes on under the settings it began with. What only fits it to a machine, where its files lie,
and how many rounds it has may change: more rounds continue a finished run.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from collate.config.build import flattened
from collate.config.schema import RunConfig
from collate.errors import InputError
from collate.masking import masked
from collate.store.run_description import CONFIG, read_run_config
from collate.tables import digest

# Settings of the whole run that bind nothing: where it lies, how long to wait, how far to go.
FREE = ("name", "folder", "lock_deadline", "ray", "rounds", "patience")

# Settings that fit a run to a machine, and trust, which is given anew with every command: what the
# model's code is, the model's digest says.
RESOURCES = (
    ("model", "trust_remote_code"),
    ("engine", "count"), ("engine", "batch"), ("engine", "gpu_memory"), ("engine", "cache_gib"),
    ("engine", "compile"), ("engine", "threads"), ("scoring", "batch_tokens"),
    ("tuning", "gradient_checkpointing"), ("tuning", "checkpoint_steps"),
)  # fmt: skip

# Where files lie, which may differ from machine to machine; a run is bound to what is in them.
PLACES = (
    ("task", "path"), ("task", "test_path"), ("warmup", "path"), ("agents", "start"),
)  # fmt: skip

# Settings that may name a local folder; a run is bound to what is in it, not to where it lies.
FOLDERS = (("model", "name"), ("scoring", "model"))


def run_path(config: RunConfig) -> Path:
    """Where the run lies; without a name, the task and a digest of the settings make one."""
    if config.name:
        return Path(config.folder) / config.name
    naming_settings = _changed_from_defaults(
        _naming_settings(config), _naming_settings(RunConfig())
    )
    # Only changes count, so that a setting which a later version adds leaves names as they are.
    settings_digest = digest(json.dumps(naming_settings, sort_keys=True), length=8)
    return Path(config.folder) / f"{config.task.name}-{settings_digest}"


def binding_settings(config: RunConfig) -> dict[str, Any]:
    """The settings that a run is bound to, by section."""
    settings = _naming_settings(config)
    for section, key in PLACES:
        settings[section].pop(key)
    for section, key in FOLDERS:
        name = settings[section][key]
        if name is not None and Path(name).is_dir():
            settings[section][key] = "a local folder"
    if _spends_by_rounds(config):
        # A round's share of a budget depends on how many rounds there are.
        settings["rounds"] = config.rounds
    return settings


def section_digests(config: RunConfig) -> dict[str, str]:
    """A digest of each section of the binding settings.

    Only values that differ from their defaults count, so that a setting which a later version adds
    leaves the digests of earlier runs as they are.
    """
    settings, defaults = binding_settings(config), binding_settings(RunConfig())
    return {
        section: digest(
            json.dumps(_changed_from_defaults(value, defaults.get(section)), sort_keys=True)
        )
        for section, value in settings.items()
    }


def check_same_settings(config: RunConfig) -> None:
    """Refuse to continue a run under other settings than it began with, showing the difference.

    Raises InputError for a difference, RunFolderError where the run's settings cannot be read.
    """
    config_path = run_path(config) / CONFIG
    if not config_path.is_file():
        return
    # Settings that are new since then have their defaults; those that are gone are passed over.
    first_settings = read_run_config(run_path(config))
    # The file holds masked values, so that both sides are compared masked.
    values_before = flattened(masked(binding_settings(first_settings)))
    values_now = flattened(masked(binding_settings(config)))
    changes = [
        f"{key}: {values_before.get(key)!r} when the run began, {values_now.get(key)!r} now"
        for key in sorted(values_before.keys() | values_now.keys())
        if values_before.get(key) != values_now.get(key)
    ]
    if changes:
        raise InputError.of(
            [
                f"{config_path.parent} began with other settings; "
                "give another name=, or the settings it had",
                *changes,
            ]
        )


def _naming_settings(config: RunConfig) -> dict[str, Any]:
    """The settings that tell unnamed runs apart."""
    settings = asdict(config)
    for key in FREE:
        settings.pop(key)
    for section, key in RESOURCES:
        settings[section].pop(key)
    return settings


def _spends_by_rounds(config: RunConfig) -> bool:
    budget = config.budget
    return budget.generated_tokens is not None or budget.tuned_tokens is not None


def _changed_from_defaults(value: Any, default: Any) -> Any:
    """Of nested settings the leaves that differ from their defaults, by dotted key."""
    if not isinstance(value, Mapping):
        return value if value != default else None
    values, defaults = flattened(value), flattened(default or {})
    return {key: leaf for key, leaf in values.items() if leaf != defaults.get(key)}
