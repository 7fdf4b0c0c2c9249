"""The settings that a run is bound to, and where they put it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from collate.config.schema import RunConfig
from collate.errors import InputError
from collate.masking import masked
from collate.tables import digest

RESOURCES = (
    ("engine", "count"), ("engine", "batch"), ("engine", "gpu_memory"), ("engine", "cache_gib"),
    ("engine", "compile"), ("engine", "threads"), ("scoring", "batch_tokens"),
    ("scoring", "unknown_limit"), ("tuning", "gradient_checkpointing"),
    ("tuning", "checkpoint_steps"),
)  # fmt: skip
"""Settings that fit a run to a machine: they may change when it is continued."""

PLACES = (
    ("task", "path"), ("task", "test_path"), ("warmup", "path"), ("agents", "start"),
)  # fmt: skip
"""Where files lie, which may differ from machine to machine; a run is bound to what is in them."""


FOLDERS = (("model", "name"), ("scoring", "model"), ("scoring", "adapter"))
"""Settings that may name a local folder; a run is bound to what is in it, not to where it lies."""


def run_path(config: RunConfig) -> Path:
    """Where the run lies; without a name, the task and a digest of the settings make one."""
    name = (
        config.name
        or f"{config.task.name}-{digest(json.dumps(_naming(config), sort_keys=True), length=8)}"
    )
    return Path(config.folder) / name


def lasting(config: RunConfig) -> dict[str, Any]:
    """The settings that a run is bound to: all but where things lie and how its work is spread."""
    settings = _naming(config)
    for section, key in PLACES:
        settings[section].pop(key)
    _hide_local_folders(settings)
    return settings


def _naming(config: RunConfig) -> dict[str, Any]:
    """The settings that an unnamed run is named by."""
    settings = asdict(config)
    for key in ("name", "folder", "lock_deadline", "ray"):
        settings.pop(key)
    for section, key in RESOURCES:
        settings[section].pop(key)
    return settings


def check_same_settings(config: RunConfig) -> None:
    """Refuse to continue a run under other settings than it began with, showing the difference."""
    path = run_path(config) / "config.yaml"
    if not path.is_file():
        return
    began = yaml.safe_load(path.read_text())
    for section, key in (*RESOURCES, *PLACES):
        began.get(section, {}).pop(key, None)
    _hide_local_folders(began)
    then, now = _flat({k: began.get(k) for k in lasting(config)}), _flat(masked(lasting(config)))
    changes = [
        f"{key}: {then.get(key)!r} when the run began, {now.get(key)!r} now"
        for key in sorted(then.keys() | now.keys())
        if then.get(key) != now.get(key)
    ]
    if changes:
        raise InputError.of(
            [
                f"{path.parent} began with other settings; "
                "give another name=, or the settings it had",
                *changes,
            ]
        )


def _hide_local_folders(settings: dict[str, Any]) -> None:
    for section, key in FOLDERS:
        name = settings.get(section, {}).get(key)
        if name is not None and Path(name).is_dir():
            settings[section][key] = "a local folder"


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping) and value:
        return {
            k: v
            for key in value
            for k, v in _flat(value[key], f"{prefix}.{key}".lstrip(".")).items()
        }
    return {prefix: value}
