"""Rivals side by side: each an *arm*, a process of its own that is started, asked, and measured.

An arm is made from a class with public methods. What is timed is a method's call inside the arm's
process; starting the process, importing its libraries and loading its model is timed apart. Memory
is the resident set of the arm and everything it started, sampled while it works; pages that
processes share are counted in each.
"""

import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil

SAMPLED_EVERY = 0.1
PRELOADED = ("collate.tuning.trainer", "collate.scoring.likelihood", "vllm")
"""What takes long to import, for arms that are shared."""
LOG = "bench.log"
"""Where the words of all arms go."""


@dataclass(frozen=True)
class Timed:
    """One call of an arm: seconds, what it gave back, and the most memory it held, in GiB."""

    seconds: float
    result: Any
    peak_gib: float


class Arm:
    """A process that holds one object and calls its methods. Use as a context manager.

    `start_seconds` passed from the start of the process until the object was made.
    """

    def __init__(self, make: Callable[..., Any], **settings: Any):
        # Where arms are shared nobody counts their starts: they fork off a process in which the
        # libraries are imported already.
        context = multiprocessing.get_context("spawn" if _shared is None else "forkserver")
        self._pipe, theirs = context.Pipe()
        self.name = make.__name__
        began = time.monotonic()
        self._process = context.Process(target=_serve, args=(theirs, make, settings))
        self._process.start()
        self._answer()
        self.start_seconds = time.monotonic() - began

    def __enter__(self) -> "Arm":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # of an arm that failed, and has ended
            self._pipe.send(None)
        self._process.join(60)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def __call__(self, method: str, *arguments: Any) -> Timed:
        with _Memory(self._process.pid) as memory:
            self._pipe.send((method, arguments))
            seconds, result = self._answer()
        return Timed(seconds, result, memory.peak_gib)

    def _answer(self) -> tuple[float, Any]:
        try:
            error, seconds, result = self._pipe.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(f"{self.name} ended with {self._process.exitcode}") from None
        if error:
            raise RuntimeError(f"{self.name} failed:\n{error}")
        return seconds, result


_shared: dict[str, Arm] | None = None
"""Arms that stay, by what they were made from; None where each ends with its block."""


@contextmanager
def start_arm(make: Callable[..., Any], **settings: Any) -> Iterator[Arm]:
    """An arm that ends with the block; where arms are shared, perhaps one that was there."""
    if _shared is None:
        with Arm(make, **settings) as arm:
            yield arm
        return
    made_from = f"{make.__name__} {sorted(settings.items())}"
    if made_from not in _shared:
        _shared[made_from] = Arm(make, **settings)
    yield _shared[made_from]


@contextmanager
def shared_arms() -> Iterator[None]:
    """Meanwhile arms of the same settings are one process, which is started once.

    For trying all benchmarks: what one of them leaves behind in a process, the next one finds.
    """
    global _shared  # noqa: PLW0603 - one per process, as the processes it holds
    _shared = {}
    multiprocessing.set_forkserver_preload(list(PRELOADED))
    try:
        yield
    finally:
        for arm in _shared.values():
            arm.__exit__()
        _shared = None


def _serve(pipe: Any, make: Callable[..., Any], settings: dict[str, Any]) -> None:
    held = None
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)  # what libraries print has no place beside the table
    os.dup2(log, 2)
    try:
        held = make(**settings)
        pipe.send(("", 0.0, None))
        while (asked := pipe.recv()) is not None:
            method, arguments = asked
            began = time.monotonic()
            result = getattr(held, method)(*arguments)
            pipe.send(("", time.monotonic() - began, result))
    except BaseException:
        pipe.send((traceback.format_exc(), 0.0, None))
    finally:
        with suppress(AttributeError):
            held.close()  # type: ignore[union-attr]
        sys.stdout.flush()
        os._exit(0)  # engines leave threads behind that would be waited for


class _Memory:
    """Samples the resident memory of a process and all below it."""

    def __init__(self, pid: int | None):
        self._root = psutil.Process(pid)
        self._ended = threading.Event()
        self._peak = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def peak_gib(self) -> float:
        return self._peak / 2**30

    def __enter__(self) -> "_Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            total = 0
            with suppress(psutil.Error):
                for process in [self._root, *self._root.children(recursive=True)]:
                    with suppress(psutil.Error):
                        total += process.memory_info().rss
            self._peak = max(self._peak, total)
            if self._ended.wait(SAMPLED_EVERY):
                return


def interleaved(
    first: Callable[[], Timed], second: Callable[[], Timed], repeats: int
) -> tuple[list[Timed], list[Timed]]:
    """Both so many times, in the order A B B A A B, so that a drift of the machine hits both."""
    runs: tuple[list[Timed], list[Timed]] = ([], [])
    sides = (first, second)
    for repeat in range(repeats):
        for side in (0, 1) if repeat % 2 == 0 else (1, 0):
            runs[side].append(sides[side]())
    return runs


def share_equal(ours: Sequence[Any], theirs: Sequence[Any]) -> float:
    """The share of places at which two sequences hold the same."""
    if len(ours) != len(theirs):
        return 0.0
    return sum(a == b for a, b in zip(ours, theirs, strict=True)) / max(1, len(ours))
