"""A child process that answers questions about untrusted text, within limits, and can be killed.

`Child("module", "function").ask(requests)` gives what `function(request)` returns in the child for
each request, as far as it gets. Requests and answers travel as lines of JSON over a socket, never
as pickles.

The child is given nothing: an empty environment, no file but that socket, an interpreter that reads
neither the user's settings nor installed packages (`-I -S`), and the path of this package as an
argument. It may use `WALL` seconds by the clock and about `CPU` seconds of processor time for one
answer, `MEMORY` bytes in all, and can neither open a file, nor write one, nor start a process. Its
clock is an alarm in the child, so that it works in whatever thread the parent asks from; the
parent's own wait is for a child that cannot run at all.
"""

import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WALL = 1.5  # seconds by the clock for one answer
GRACE = 0.5  # seconds that the parent waits beyond those
CPU = 1  # seconds of processor time for one answer, and up to one more: the limit has no fractions
START = 60.0  # seconds until the child is ready
MEMORY = 512 * 2**20  # bytes of address space
LONGEST_LINE = 2**20  # bytes of one answer

_OUT_OF_MEMORY = 3  # exit status
_PROGRAM = f"import sys; sys.path.append(sys.argv[1]); from {__name__} import serve; serve()"


class Child:
    """One child process that runs one function, started when it is first asked.

    `wall` is in seconds for one answer; `pid` is the process's id while there is one.
    """

    def __init__(self, module: str, function: str, wall: float = WALL) -> None:
        self._target, self._wall = (module, function), wall
        self.pid: int | None = None
        self._process: subprocess.Popen | None = None
        self._socket: socket.socket | None = None
        self._stop: weakref.finalize | None = None

    def ask(self, requests: Sequence[Any]) -> tuple[list[Any], str]:
        """The function's answers, in order, and "" if there is one for every request.

        Where the child ends before that, the answers that it gave and the limit that it met; the
        request after the last answer is the one it was at. Both requests and answers are what JSON
        can hold. Raises RuntimeError where no child can be started.
        """
        answers: list[Any] = []
        connection = self._socket or self._start()
        try:
            connection.settimeout(self._wall + GRACE)
            connection.sendall(json.dumps(requests).encode() + b"\n")
            with connection.makefile("rb") as lines:
                while len(answers) < len(requests):
                    answers.append(json.loads(_line(lines)))
                return answers, ""
        except (EOFError, OSError):
            return answers, self._end_of_child()

    def close(self) -> None:
        """Ends the process, if there is one; the next request starts another."""
        if self._stop is not None:
            self._stop()
        self.pid = self._process = self._socket = self._stop = None

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", _PROGRAM,
                 str(Path(__file__).resolve().parents[2]), *self._target, str(self._wall)],
                env={},
                cwd=os.sep,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the parent, which then ends the child
            )  # fmt: skip
        self.pid, self._process, self._socket = process.pid, process, ours
        self._stop = weakref.finalize(self, _end, process, ours)
        ours.settimeout(START)
        try:
            if ours.recv(1) == b"+":
                return ours
        except OSError:
            pass
        self.close()
        raise RuntimeError(
            f"the child process for {'.'.join(self._target)} did not start within "
            f"{START:g} seconds; its message, if it had one, stands above"
        )

    def _end_of_child(self) -> str:
        """Ends the process and says which limit it met."""
        process = self._process
        try:
            status = None if process is None else process.wait(timeout=GRACE / 2)
        except subprocess.TimeoutExpired:
            status = None
        self.close()
        if status == _OUT_OF_MEMORY:
            return f"more than {MEMORY >> 20} MiB of memory"
        if status == -signal.SIGXCPU:
            return f"more than {CPU} s of processor time"
        if status in (None, -signal.SIGALRM):
            return f"no answer within {self._wall:g} s"
        return f"its process ended with status {status}"


def _line(lines: Any) -> bytes:
    line = lines.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise EOFError
    return line


def _end(process: subprocess.Popen, connection: socket.socket) -> None:
    connection.close()
    process.kill()
    process.wait()


def serve() -> None:
    """The life of a child: answers one list of requests after another until the socket closes."""
    module, function, wall = sys.argv[2:]
    os.environ.clear()  # an interpreter without a locale sets LC_CTYPE for itself
    answer = getattr(importlib.import_module(module), function)
    connection = socket.socket(fileno=os.dup(0))
    requests = connection.makefile("rb")
    _limit()
    connection.sendall(b"+")
    try:
        for line in requests:
            for request in json.loads(line):
                _allow_time(float(wall))
                reply = json.dumps(answer(request)).encode()
                connection.sendall(reply + b"\n")
            signal.setitimer(signal.ITIMER_REAL, 0)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)


def _limit() -> None:
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for none in (
        resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC,
    ):  # fmt: skip
        resource.setrlimit(none, (0, 0))
    # A parent that ignores or blocks these signals hands that down.
    for ending in (signal.SIGALRM, signal.SIGXCPU):
        signal.signal(ending, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _allow_time(wall: float) -> None:
    """The default action of both signals ends the process even inside one long C call."""
    signal.setitimer(signal.ITIMER_REAL, wall)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(time.process_time()) + CPU + 1
    if most == resource.RLIM_INFINITY or until < most:
        resource.setrlimit(resource.RLIMIT_CPU, (until, most))
