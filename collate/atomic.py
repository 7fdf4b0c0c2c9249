"""Files and folders that appear complete or not at all.

Each is written to a temporary sibling, flushed to disk and renamed; then the parent folder is
flushed, so that the rename survives a power cut. Temporary siblings begin with a dot; those that a
killed process left are removed by `remove_unfinished`.

`point` marks the places where a process may die with most to lose. Tests name one in the variable
COLLATE_FAULT, and the process dies there (see `point`).
"""

import contextlib
import errno
import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

FAULT = "COLLATE_FAULT"
UNFINISHED = ".unfinished-"


@contextlib.contextmanager
def complete_folder(folder: Path) -> Iterator[Path]:
    """A temporary sibling to fill; it takes the folder's place when the block ends without error.

    A folder that stands there already (another process was faster) is kept, and ours thrown away.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder.parent))
    try:
        yield unfinished
        unfinished.chmod(0o755)
        for path in (*unfinished.rglob("*"), unfinished):
            flush(path)
        point(f"{_place(folder)}:written")
        try:
            unfinished.rename(folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        flush(folder.parent)
        point(f"{_place(folder)}:renamed")
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextlib.contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """A temporary sibling to write, which replaces the file when the block ends without error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(0o644)
        flush(unfinished)
        point(f"{_place(path)}:written")
        unfinished.replace(path)
        flush(path.parent)
        point(f"{_place(path)}:renamed")
    finally:
        unfinished.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left in the folder and below its rounds.

    An orphan that still writes there does so in vain, and does no harm.
    """
    for pattern in (f"{UNFINISHED}*", f"round-*/**/{UNFINISHED}*"):
        for path in list(folder.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Flush a file or a folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _place(path: Path) -> str:
    return "/".join(path.parts[-3:])


def point(name: str) -> None:
    """A commit point. For tests, COLLATE_FAULT says what happens at which.

    `NAME` kills the process there; `NAME=full` finds the disk full. `walk:FILE` kills it at the
    first point that FILE does not list, and lists it: a command that is repeated until it succeeds
    dies once at every point.
    """
    fault = os.environ.get(FAULT)
    if not fault:
        return
    if fault == f"{name}=full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
    if fault.startswith("walk:"):
        seen = Path(fault.removeprefix("walk:"))
        if seen.exists() and name in seen.read_text().splitlines():
            return
        with seen.open("a") as file:
            file.write(f"{name}\n")
    elif fault != name:
        return
    os.kill(os.getpid(), signal.SIGKILL)
