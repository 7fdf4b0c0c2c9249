"""The files of a run's finished stages, each compared with the digest that the manifest has of it.

Whoever reads a run asks here for a file and gets only what the run wrote. A file is read once for
its digest, and again only after it was changed.
"""

import os
from pathlib import Path

from collate.atomic import file_digest
from collate.errors import RunFolderError
from collate.store.manifest import Manifest
from collate.store.paths import inside

FileState = tuple[int, int, int] | None


class FinishedFiles:
    """The files that a run's manifest names."""

    def __init__(self, folder: Path, manifest: Manifest):
        self._folder, self.manifest = folder, manifest
        self._checked: dict[str, tuple[str, FileState]] = {}
        self._manifest_state = _state(manifest.path)

    def refresh(self) -> None:
        """Read the manifest again, if another process has added to it."""
        if self._manifest_state != _state(self.manifest.path):
            self._manifest_state = _state(self.manifest.path)
            self.manifest = Manifest.read(self._folder)

    def path(self, name: str) -> Path | None:
        """The file of this name below the run's folder; None where no finished stage wrote one.

        Raises RunFolderError where the file is gone, is not what the run wrote, or lies outside of
        the folder.
        """
        expected_digest = self.manifest.files.get(name)
        if expected_digest is None:
            return None
        path = self._folder / name
        # `inside`, since a changed manifest could name any file of the machine.
        if not inside(self._folder, name).is_file():
            raise RunFolderError(
                f"{path}: gone, though the manifest has it; restore it from a copy, or give the "
                "run's own command again to have it made again"
            )
        if self._checked.get(name) != (expected_digest, _state(path)):
            if file_digest(path) != expected_digest:
                raise RunFolderError(
                    f"{path}: not what the run wrote (its digest is another); restore it from a "
                    "copy, or delete it and give the run's own command again to have it, and what "
                    "follows from it, made again"
                )
            self.keep(name, expected_digest)
        return path

    def keep(self, name: str, digest: str) -> None:
        """Take the file as it is for what has this digest."""
        self._checked[name] = digest, _state(self._folder / name)


def _state(path: Path) -> FileState:
    """What changes with a file's content; None where there is no file."""
    if not path.is_file():
        return None
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns
