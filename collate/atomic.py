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
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from collate.errors import RunFolderError

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
    """A temporary sibling to write, which replaces the file when the block ends without error.

    Where the path is a symbolic link, the link is replaced, and what it leads to is left alone.
    Raises RunFolderError where a folder stands there.
    """
    if path.is_dir() and not path.is_symlink():
        raise RunFolderError(f"{path}: a folder, where a file is to be written; remove it")
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


def open_to_append(path: Path) -> int:
    """A descriptor to read a file with and to append to it; an empty file where there is none.

    Raises RunFolderError for a symbolic link, for a file that has a second name elsewhere, and for
    what is no regular file: writing would change something outside of the folder.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        if path.is_symlink():
            raise RunFolderError(
                f"{path}: a symbolic link, and nothing is written through it; remove it"
            ) from error
        if path.is_dir():
            raise RunFolderError(
                f"{path}: a folder, where a file is to be written; remove it"
            ) from error
        raise
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        return descriptor
    os.close(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise RunFolderError(f"{path}: no regular file, and nothing is written to it; remove it")
    raise RunFolderError(
        f"{path}: has another name elsewhere (a hard link), and what is written here would change "
        "that too; put a copy in its place"
    )


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left in the folder and below its rounds.

    An orphan that still writes there does so in vain, and does no harm. Symbolic links are not
    followed.
    """
    for parent, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(parent, name)
            if not name.startswith(UNFINISHED):
                continue
            if path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)
            else:
                shutil.rmtree(path, ignore_errors=True)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(UNFINISHED)
            and (Path(parent) != folder or name.startswith("round-"))
        ]


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
