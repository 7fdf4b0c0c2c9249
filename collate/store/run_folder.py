"""The run folder: settings, manifest, tables and weights, and which of them are finished.

    runs/<name>/config.yaml  run.json  manifest.jsonl  questions.parquet  log.txt  events.jsonl
    runs/<name>/round-01/{rationales,scores,diagnostics,preferences,dropped,tuning,answers,metrics}.parquet
    runs/<name>/round-01/agents/<agent>/  reader/

A stage is finished when the manifest names its files with their digests, under the key of what they
are made from: settings, model with tokenizer and chat template, questions, the files of the stages
before it. Files that the manifest does not name are left-overs, and are written anew.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from collate.atomic import complete_folder, file_digest, remove_unfinished
from collate.config.schema import RunConfig
from collate.errors import InputError, RunFolderError
from collate.masking import masked
from collate.received_files import link_problem, links_below
from collate.store.finished_files import FinishedFiles
from collate.store.identity import check_same_settings, run_path, section_digests
from collate.store.manifest import Manifest
from collate.store.paths import inside
from collate.store.run_description import (
    CONFIG,
    FACTS,
    note_digests,
    read_facts,
    write_config,
    write_facts,
)
from collate.store.tables_on_disk import Block, StoredRows, write_blocks
from collate.tables import SCHEMA_VERSION, Row, digest

SHARDS = ".shards"
NO_INPUTS: Mapping[str, str] = MappingProxyType({})

# Sections of the settings that each kind of stage depends on, beside its inputs.
SETTINGS_OF_STAGE = {
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

Notify = Callable[[str], None]
"""Is given a sentence that a user should know, such as why a stage is made again."""


class RunFolder:
    """One run on disk."""

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        facts: dict[str, Any],
        section_digests: Mapping[str, str],
        notify: Notify,
    ):
        self.path, self.manifest, self.facts = path, manifest, facts
        self.continued = bool(self.manifest.stages)
        """Whether an earlier process had finished some stage of it."""
        self.changed = False
        """Whether anything was committed since this process opened the folder."""
        self._files = FinishedFiles(path, manifest)
        self._section_digests = section_digests
        self._notify = notify
        self._seen_stages: set[str] = set()

    @classmethod
    def existing(cls, path: Path) -> "RunFolder":
        """The folder of a run that is there already, for reading.

        Raises RunFolderError where it cannot be read, or was written under another schema.
        """
        manifest = Manifest.read(path)
        # No digests of settings: they are for keys of stages, which a reader does not make.
        return cls(path, manifest, read_facts(path, manifest), {}, notify=lambda sentence: None)

    @classmethod
    def open(cls, config: RunConfig, identity: Mapping[str, str], notify: Notify) -> "RunFolder":
        """The run's folder, made or continued, by the process that holds its lock.

        `identity` has the digests of what must not change under a run. Raises InputError when the
        settings, the model or the questions are not those the run began with, RunFolderError where
        the folder has a link in it, or lacks what the run wrote into it.
        """
        path = run_path(config)
        if problems := [link_problem(link) for link in links_below(path)]:
            raise RunFolderError("\n".join(problems))
        remove_unfinished(path)
        manifest = Manifest.read(path)
        # A folder is a run's once it has facts, and then it has its settings as well.
        if (path / FACTS).exists() or manifest.stages:
            for name in (CONFIG, FACTS):
                if not (path / name).is_file():
                    raise RunFolderError(
                        f"{path}: {name} is gone; restore it, or give another name="
                    )
            facts = read_facts(path, manifest)
            # Before the settings are written: the checks read those that are there.
            check_same_settings(config)
            _check_identity(path, facts, identity)
            note_digests(path, manifest)
            write_config(path, config, manifest)
        else:
            path.mkdir(parents=True, exist_ok=True)
            write_config(path, config, manifest)
            facts = write_facts(path, identity, manifest)
        return cls(path, manifest, facts, section_digests(config), notify)

    @property
    def complete(self) -> bool:
        """Whether every round that was asked for is done."""
        return bool(self.manifest.notes.get("complete"))

    def last_stage(self) -> str | None:
        """The stage that was finished last, shards of another left aside."""
        # In the order of their commits; see `Manifest._enter`.
        names = reversed(self.manifest.stages)
        return next((name for name in names if SHARDS not in name), None)

    def round(self, number: int) -> Path:
        """The folder of a round."""
        return self.path / f"round-{number:02d}"

    def rows(self, table: str, row_type: type[Row]) -> list[Row]:
        """The rows of a table, such as `round-01/scores`; none where no finished stage has it.

        Raises RunFolderError where the table is gone, or not what the run wrote.
        """
        path = self.finished_file(self.table_path(table))
        return [] if path is None else list(StoredRows(path, row_type))

    def stored(self, table: str, row_type: type[Row]) -> StoredRows[Row]:
        """The rows of a table that is there, read from disk whenever they are gone through.

        Raises RunFolderError where it is not there, or not what the run wrote.
        """
        path = self.finished_file(self.table_path(table))
        if path is None:
            raise RunFolderError(f"{self.table_path(table)}: no finished stage of the run wrote it")
        return StoredRows(path, row_type)

    def finished_file(self, path: Path) -> Path | None:
        """The file, if a finished stage wrote it: see `FinishedFiles.path`."""
        return self._files.path(path.relative_to(self.path).as_posix())

    def table_path(self, table: str) -> Path:
        return self.path / f"{table}.parquet"

    def evaluated_rounds(self) -> list[int]:
        """The numbers of the rounds that are measured, 0 being the state before any tuning.

        Where this process went through the stages, only those that it found or made count: a run
        that is continued with fewer rounds shows no more than it was asked for.
        """
        seen_stages = self._seen_stages or self.manifest.stages
        return _rounds_with(seen_stages, "evaluate")

    def tuned_rounds(self) -> list[int]:
        """The numbers of the rounds that gave some agent new weights, 0 being the beginning."""
        return _rounds_with(self.manifest.stages, "agents")

    def rounds_with(self, table: str) -> list[int]:
        """The numbers of the rounds of which a finished stage wrote this table."""
        return _rounds_with(self.manifest.files, f"{table}.parquet")

    def stage(
        self, name: str, tables: Mapping[str, type], inputs: Mapping[str, str] = NO_INPUTS
    ) -> "Stage":
        """A stage of the run, finished or not.

        `tables` has the row type of each of its tables, which lie beside each other in the stage's
        folder; `inputs` are digests of what the stage is made from, beside its settings.
        """
        return Stage(self, name, tables, self.key(name, inputs))

    def key(self, stage: str, inputs: Mapping[str, str] = NO_INPUTS) -> dict[str, str]:
        """What a stage is made from, as digests by name; a stage that has another key is stale."""
        # "round-01/agents/agent-1" is of kind agents, "questions" of kind questions.
        stage_kind = stage.split("/")[1] if "/" in stage else stage
        settings = {
            section: self._section_digests[section] for section in SETTINGS_OF_STAGE[stage_kind]
        }
        return {"schema": SCHEMA_VERSION, **self.facts["identity"], **settings, **inputs}

    def digest_of(self, stage: str) -> str:
        """Digest of a finished stage's files."""
        return digest_of_value(self.manifest.stages[stage]["files"])

    def digests(self, *stages: str) -> dict[str, str]:
        """Digests of the files of finished stages, by the stages' names."""
        return {stage: self.digest_of(stage) for stage in stages}

    def is_finished(self, stage: str, key: Mapping[str, str]) -> bool:
        """Whether the stage is committed under this key, with its files as they were written.

        A stage made from something else, or whose files were removed, is to be made again, and the
        user is told. Raises RunFolderError for a file that is not what the run wrote.
        """
        record = self.manifest.stages.get(stage)
        if record is None:
            return False
        made_from = record.get("made_from", {})
        changed_inputs = [name for name in key if made_from.get(name) != key[name]]
        if changed_inputs:
            changes = ", ".join(changed_inputs)
            self._notify(f"{stage} is made again: it was made from another {changes}")
            return False
        # `inside`, since a changed manifest could name any file of the machine.
        missing_files = [name for name in record["files"] if not inside(self.path, name).is_file()]
        if missing_files:
            self._notify(f"{stage} is made again: {', '.join(missing_files)} is gone")
            return False
        for name in record["files"]:
            self._files.path(name)
        self._seen_stages.add(stage)
        return True

    def scratch_folder(self, stage: str, key: Mapping[str, str]) -> Path:
        """Where a worker makes the folder of a stage; another key has another place.

        Absolute, since workers do not run in this process's folder.
        """
        stage_folder = (self.path / stage).absolute()
        return stage_folder.with_name(f".{stage_folder.name}-{digest_of_value(key)[:8]}")

    def install_folder(
        self, stage: str, finished: Path, key: Mapping[str, str], seconds: float
    ) -> None:
        """Copy the folder that a worker finished to its place, and commit it as the stage.

        It also stays where it was made, so that no crash loses it: see `remove_scratch_folders`.
        """
        stage_folder = self.path / stage
        # Made from something else, or left by a process that died before the commit.
        if stage_folder.exists():
            shutil.rmtree(stage_folder)
        with complete_folder(stage_folder) as unfinished:
            shutil.copytree(finished, unfinished, dirs_exist_ok=True)
        self.commit(stage, files_below(stage_folder), key, seconds)

    def remove_scratch_folders(self, parent: str) -> None:
        """Remove the scratch folders of the stages below `parent`, which are all committed."""
        # round-01/agents/.agent-1-3f2a90b1, as `scratch_folder` names them
        for scratch in (self.path / parent).glob(".agent-*"):
            shutil.rmtree(scratch, ignore_errors=True)

    def commit(
        self, stage: str, files: Sequence[Path], key: Mapping[str, str], seconds: float
    ) -> None:
        """Enter a finished stage into the manifest, with the digests of its files."""
        record = {
            "files": {str(path.relative_to(self.path)): file_digest(path) for path in files},
            "made_from": dict(key),
            "seconds": round(seconds, 3),
            "finished": _now(),
        }
        # First, so that a process that dies here leaves no run that seems complete.
        if self.complete:
            self.note("complete", False)
        self.manifest.commit(stage, record)
        for name, file_digest_now in self.manifest.stages[stage]["files"].items():
            self._files.keep(name, file_digest_now)
        self.changed = True
        self._seen_stages.add(stage)

    def note(self, key: str, value: Any) -> None:
        """Keep a fact about the whole run in the manifest."""
        self.manifest.note(key, masked(value))


class Stage:
    """One stage of a run: its tables, and whether they are finished."""

    def __init__(
        self,
        folder: RunFolder,
        name: str,
        tables: Mapping[str, type],
        key: Mapping[str, str],
    ):
        self.name, self.key = name, key
        self._folder = folder
        parent, _, _ = name.rpartition("/")
        prefix = f"{parent}/" if parent else ""
        self._tables = {f"{prefix}{table}": row_type for table, row_type in tables.items()}
        self._prefix = prefix
        self._began = time.monotonic()

    def finished(self) -> bool:
        """Whether the stage is committed; what its shards held is removed then."""
        if not self._folder.is_finished(self.name, self.key):
            return False
        # A process may have died between the commit and this.
        self._remove_shards()
        return True

    def write(self, blocks: Iterable[Block]) -> None:
        """Write all tables from rows that come block by block, and commit the stage."""
        full_names = (
            {self._prefix + name: rows for name, rows in block.items()} for block in blocks
        )
        write_blocks(self._tables, self._folder.table_path, full_names)
        table_paths = [self._folder.table_path(table) for table in self._tables]
        self._folder.commit(self.name, table_paths, self.key, time.monotonic() - self._began)
        self._remove_shards()

    def rows(self, table: str) -> StoredRows[Any]:
        """The rows of one of the stage's tables."""
        table_name = self._prefix + table
        return self._folder.stored(table_name, self._tables[table_name])

    def _remove_shards(self) -> None:
        for shards in self._folder.path.glob(f"{self.name}*{SHARDS}"):
            shutil.rmtree(shards)


def files_below(folder: Path) -> list[Path]:
    """All files of a folder, in one order on every machine."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def digest_of_value(value: Any) -> str:
    """Digest of anything that JSON can hold."""
    return digest(json.dumps(value, sort_keys=True))


def _check_identity(path: Path, facts: Mapping[str, Any], identity: Mapping[str, str]) -> None:
    identity_before = facts["identity"]
    differences = [
        f"{name}: {identity_before.get(name)} when the run began, {value} now"
        for name, value in identity.items()
        if identity_before.get(name) != value
    ]
    if differences:
        raise InputError.of(
            [
                f"{path}: what the run is made from has changed since; give another name=",
                *differences,
            ]
        )


def _rounds_with(names: Iterable[str], name: str) -> list[int]:
    """The rounds that have a stage or file of this name, as `round-02/evaluate` is of round 2."""
    pattern = re.compile(rf"round-(\d{{1,6}})/{re.escape(name)}")
    matches = (pattern.fullmatch(each) for each in names)
    return sorted(int(match[1]) for match in matches if match is not None)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
