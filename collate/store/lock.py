"""One process in a run folder at a time.

The lock is the kernel's (`flock`): it ends with the process that holds it, however that ends.
"""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from collate.atomic import open_to_append
from collate.errors import DeadlineError

FILE = ".lock"
HOLDER_CHARACTERS = 300
"""What is read of a lock's file; who holds it takes less."""


@contextlib.contextmanager
def run_lock(folder: Path, deadline: float) -> Iterator[None]:
    """Hold the folder's lock while the block lasts.

    Raises DeadlineError when another process still holds it after `deadline` seconds,
    RunFolderError where the lock's file is a link to another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    give_up_at = time.monotonic() + deadline
    # Not "w": opening would erase what the process that holds the lock wrote.
    with open(open_to_append(folder / FILE), "a+", encoding="utf-8") as lock_file:
        while not _try_lock(lock_file.fileno()):
            if time.monotonic() > give_up_at:
                lock_file.seek(0)
                holder = _holder_text(lock_file.read(HOLDER_CHARACTERS))
                raise DeadlineError(
                    f"{folder} is in use by {holder}; waited "
                    f"{deadline:g} s (lock_deadline) for it to end. Let it finish, or end it and "
                    "give the same command again"
                )
            time.sleep(0.2)
        lock_file.truncate(0)
        lock_file.write(json.dumps(_this_process()))
        lock_file.flush()
        # The lock ends when the file is closed, at the end of the block.
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _this_process() -> dict[str, str]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"process": str(os.getpid()), "machine": socket.gethostname(), "since": now}


def _holder_text(written: str) -> str:
    try:
        holder = json.loads(written)
        return f"process {holder['process']} on {holder['machine']}, since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
