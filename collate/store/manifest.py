"""The manifest of a run: one line for each thing that is finished, appended and flushed to disk.

    {"stage": "round-01/score", "files": {…}, "made_from": {…}, …}
    {"note": "complete", "value": 2}

Every line ends with a digest of itself. A process that dies while it appends leaves a torn last
line, which is as good as none: what it was about is done again. A broken line before the last is
damage, and an error.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collate.atomic import flush, open_to_append, point
from collate.errors import RunFolderError
from collate.received_files import read_bytes
from collate.store.tables_on_disk import round_folders
from collate.tables import digest

FILE = "manifest.jsonl"
MAX_BYTES = 2**30


@dataclass(frozen=True)
class Manifest:
    """What of a run is finished: the latest record of each stage by its name, and notes.

    `files` has the digest of every file of these stages, by its name below the run's folder.
    """

    path: Path
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a run's folder; empty where there is none yet.

        Raises RunFolderError for a line that was damaged, and where rounds have tables and the
        manifest names nothing.
        """
        manifest = cls(folder / FILE)
        for line_number, (line, is_ended) in enumerate(_lines(manifest.path), start=1):
            record = _record(line)
            if record is not None and is_ended:
                manifest._enter(record)
            elif is_ended:
                raise RunFolderError(
                    f"{manifest.path}, line {line_number}: not what the run wrote; restore the "
                    "file from a copy, or remove this line and those after it to have their "
                    "stages done again"
                )
        if not manifest.stages and _has_tables(folder):
            raise RunFolderError(
                f"{manifest.path}: gone or empty, though rounds have tables; restore the file from "
                "a copy, or remove the folders of the rounds to begin anew"
            )
        return manifest

    def commit(self, stage: str, record: Mapping[str, Any]) -> None:
        """Enter a finished stage; it is on the disk when this returns."""
        point(f"{stage}:before")
        self._append({"stage": stage, **record})
        point(f"{stage}:after")

    def note(self, key: str, value: Any) -> None:
        """Enter a fact about the whole run, unless it is there."""
        if self.notes.get(key) != value:
            self._append({"note": key, "value": value})

    def _append(self, record: Mapping[str, Any]) -> None:
        text = json.dumps(record, ensure_ascii=False)
        line = f"{text}\t{digest(text)}\n".encode()
        is_new = not self.path.exists()
        with open(open_to_append(self.path), "ab") as file:
            # What a killed process left unfinished would make one broken line with the new one.
            _cut_torn_line(self.path, file.fileno())
            # In two halves, so that a test can kill the process between them.
            file.write(line[: len(line) // 2])
            file.flush()
            point(f"{record.get('stage') or record['note']}:torn")
            file.write(line[len(line) // 2 :])
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            # The name of a new file is part of its folder, which has to reach the disk as well.
            flush(self.path.parent)
        self._enter(record)

    def _enter(self, record: Mapping[str, Any]) -> None:
        if "stage" in record:
            # Taken out first, so that the stage committed last stands last.
            earlier_record = self.stages.pop(record["stage"], {"files": {}})
            for name in earlier_record["files"]:
                self.files.pop(name, None)
            self.files.update(record["files"])
            self.stages[record["stage"]] = {
                name: value for name, value in record.items() if name != "stage"
            }
        else:
            self.notes[record["note"]] = record["value"]


def _has_tables(folder: Path) -> bool:
    """Whether some round has a table; `questions`, which is committed first, does not count."""
    if not folder.is_dir():
        return False
    return any(next(path.glob("*.parquet"), None) for _, path in round_folders(folder))


def _lines(path: Path) -> list[tuple[bytes, bool]]:
    """The lines of the file, and whether each is ended by a line break."""
    try:
        *lines, rest = read_bytes(path, MAX_BYTES).split(b"\n")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read: {error}") from error
    return [*((line, True) for line in lines), *([(rest, False)] if rest else [])]


def _record(line: bytes) -> dict[str, Any] | None:
    """The record of a line, or None when the line does not hold what was written."""
    # JSON writes a tab as \t, so the one tab of a line stands before the digest. A torn line may
    # end inside a character.
    text, _, stored_digest = line.decode("utf-8", errors="replace").rpartition("\t")
    if not text or digest(text) != stored_digest:
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if _has_the_form(record) else None


def _has_the_form(record: Any) -> bool:
    """Whether a record is a stage with its files' digests, or a note."""
    if not isinstance(record, dict):
        return False
    if "stage" not in record:
        return isinstance(record.get("note"), str) and "value" in record
    files, made_from = record.get("files"), record.get("made_from", {})
    if not isinstance(record["stage"], str) or not isinstance(files, dict):
        return False
    return isinstance(made_from, dict) and all(isinstance(each, str) for each in files.values())


def _cut_torn_line(path: Path, descriptor: int) -> None:
    """Remove what stands after the last line break."""
    content = path.read_bytes()
    whole_length = content.rfind(b"\n") + 1
    if whole_length < len(content):
        os.ftruncate(descriptor, whole_length)
