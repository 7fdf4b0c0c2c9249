"""A child process that runs one function on untrusted text, within limits, and can be killed.

`SandboxProcess("module", "function").run(requests)` gives what `function(request)` returns in the
child for each request, as far as it gets. Requests and results travel as lines of JSON over a
socket, never as pickles.

The child is given nothing: an empty environment, no file but that socket, an interpreter that reads
neither the user's settings nor installed packages (`-I -S`), and the path of this package as an
argument. Where a `Library` is named (for answers that are mathematics), what is needed of it is
imported before the limits are set. The child may use `CPU_SECONDS` of processor time for one
request and `MEMORY` bytes in all, and can neither open a file, nor write one, nor start a process.
Processor time does not depend on what else runs on the machine, so neither do results. Behind it
stands the parent's patience of `WALL_SECONDS` by the clock, for a child that does not run at all.
"""

import contextlib
import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

CPU_SECONDS = 1.5  # of processor time for one request; the longest rationales take a quarter second
WALL_SECONDS = 30.0  # by the clock for one request
START_SECONDS = 60.0  # until the child is ready
EXIT_SECONDS = 10.0  # until a child that has closed its socket is gone
MEMORY = 512 * 2**20  # bytes of address space
LONGEST_LINE = 2**20  # bytes of one result

_READY = b"+"
_OUT_OF_MEMORY = 3  # exit status
_PROGRAM = f"import sys; sys.path.append(sys.argv[1]); from {__name__} import serve; serve()"


class Library(NamedTuple):
    """An installed package that a child may use: the folder it lies in, and the module of collate
    whose `prepare()` imports all that will be needed."""

    folder: str
    preparing_module: str


class SandboxProcess:
    """One child process that runs one function, started with the first request.

    `cpu_seconds` and `wall_seconds` are for one request, `memory` is in bytes; `pid` is the
    process's id while there is one. With `library` the child may import from that folder too, and
    prepares it before its limits are set.
    """

    def __init__(
        self,
        module: str,
        function: str,
        *,
        cpu_seconds: float = CPU_SECONDS,
        wall_seconds: float = WALL_SECONDS,
        memory: int = MEMORY,
        library: Library | None = None,
    ) -> None:
        self._module, self._function = module, function
        self._memory, self._library = memory, library
        self._cpu_seconds, self._wall_seconds = cpu_seconds, wall_seconds
        self.pid: int | None = None
        self._process: subprocess.Popen | None = None
        self._socket: socket.socket | None = None
        self._end: weakref.finalize | None = None

    def run(self, requests: Sequence[Any]) -> tuple[list[Any], str]:
        """The function's results, in order, and "" if there is one for every request.

        Where the child ends before that, the results that it gave and the limit that it met; the
        request after the last result is the one it was at. Both requests and results are what JSON
        can hold. Raises RuntimeError where no child can be started.
        """
        results: list[Any] = []
        connection = self._socket or self._start()
        try:
            connection.settimeout(self._wall_seconds)
            connection.sendall(json.dumps(requests).encode() + b"\n")
            with connection.makefile("rb") as lines:
                while len(results) < len(requests):
                    results.append(json.loads(_next_line(lines)))
        except TimeoutError:
            self.close()
            return results, f"no answer within {self._wall_seconds:g} s"
        except (EOFError, OSError):
            return results, self._limit_met()
        return results, ""

    def close(self) -> None:
        """Ends the process, if there is one; the next request starts another."""
        if self._end is not None:
            self._end()
        self.pid = self._process = self._socket = self._end = None

    def _start(self) -> socket.socket:
        """Starts the process and waits until it is ready; returns this side's socket."""
        ours, theirs = socket.socketpair()
        package_parent = Path(__file__).resolve().parents[2]
        with theirs:
            process = subprocess.Popen(
                [
                    sys.executable, "-I", "-S", "-B", "-c", _PROGRAM, str(package_parent),
                    self._module, self._function, str(self._cpu_seconds), str(self._memory),
                    *(self._library or ()),
                ],
                env={},
                cwd=os.sep,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the parent, which then ends the child
            )  # fmt: skip
        self.pid, self._process, self._socket = process.pid, process, ours
        # Also when this object is forgotten, and when the interpreter ends.
        self._end = weakref.finalize(self, _end_process, process, ours)
        ours.settimeout(START_SECONDS)
        try:
            if ours.recv(1) == _READY:
                return ours
        except OSError:
            pass
        self.close()
        raise RuntimeError(
            f"the child process for {self._module}.{self._function} did not start within "
            f"{START_SECONDS:g} seconds; its error message, if it wrote one, is above"
        )

    def _limit_met(self) -> str:
        """Which limit a child met that has closed its socket, from its exit status."""
        status: int | None = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):  # it is killed below
                status = self._process.wait(timeout=EXIT_SECONDS)
        self.close()
        if status == _OUT_OF_MEMORY:
            return f"more than {self._memory >> 20} MiB of memory"
        if status == -signal.SIGPROF:
            return f"more than {self._cpu_seconds:g} s of processor time"
        return f"its process ended with status {status}"


def _next_line(lines: BinaryIO) -> bytes:
    line = lines.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise EOFError
    return line


def _end_process(process: subprocess.Popen, connection: socket.socket) -> None:
    connection.close()
    process.kill()
    process.wait()


def serve() -> None:
    """The life of a child: answers one list of requests after another until the socket closes."""
    module, function, cpu_seconds, memory, *library = sys.argv[2:]
    os.environ.clear()  # an interpreter without a locale sets LC_CTYPE for itself
    run_request = getattr(importlib.import_module(module), function)
    if library:
        folder, preparing_module = library
        sys.path.append(folder)
        importlib.import_module(preparing_module).prepare()
    connection = socket.socket(fileno=os.dup(0))
    blocks = connection.makefile("rb")
    _limit_resources(int(memory))
    connection.sendall(_READY)
    try:
        for block in blocks:
            for request in json.loads(block):
                _limit_processor_time(float(cpu_seconds))
                result = json.dumps(run_request(request)).encode()
                connection.sendall(result + b"\n")
            _limit_processor_time(0)  # none while it waits for the next block
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)


def _limit_resources(memory: int) -> None:
    if sys.platform == "linux":  # elsewhere the limit is refused or not kept
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for forbidden in (
        resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC,
    ):  # fmt: skip
        resource.setrlimit(forbidden, (0, 0))
    # A parent that ignores or blocks this signal hands that down.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _limit_processor_time(seconds: float) -> None:
    """Lets the process use so much processor time from now on; 0 takes the limit away.

    The default action of the signal ends the process even inside one long call into C, such as the
    search for a pattern.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
