"""A child process that answers questions about untrusted text, with limits, and can be killed.

`Child("module", "function").ask(request)` gives what `function(request)` returns in the child.
Requests and answers travel as JSON over a socket, never as pickles. The child has no files open but
that socket, ends itself by an alarm when one answer takes longer than `DEADLINE`, and is replaced
after a failure. It starts with the first request and ends with `close`, with the parent process, or
when the `Child` is forgotten.
"""

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import weakref
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

DEADLINE = 20.0  # seconds for one answer
START_DEADLINE = 120.0  # seconds until the child answers at all
MEMORY = 4 * 2**30  # bytes of address space; the interpreter and its libraries map about one GiB

_PROGRAM = f"import sys; from {__name__} import serve; serve(*sys.argv[1:])"


class ChildError(Exception):
    """The child did not answer in time, or died."""


class Child:
    """One child process that runs one function, started when it is first asked.

    `deadline` is in seconds for one answer; `pid` is the process's id while there is one.
    """

    def __init__(self, module: str, function: str, deadline: float = DEADLINE) -> None:
        self._target, self._deadline = (module, function), deadline
        self.pid: int | None = None
        self._connection: Connection | None = None
        self._stop: weakref.finalize | None = None

    def ask(self, request: Any) -> Any:
        """The function's answer to a request; both are what JSON can hold.

        Raises ChildError where the child runs out of its time or memory.
        """
        connection = self._connection or self._start()
        try:
            connection.send_bytes(json.dumps(request).encode())
            # The child's own alarm comes first; this wait is for a child that cannot run at all.
            if connection.poll(self._deadline + 10):
                return json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            pass
        self.close()
        raise ChildError(f"no answer within {self._deadline:g} seconds and the memory allowed")

    def close(self) -> None:
        """Ends the process, if there is one; the next request starts another."""
        if self._stop is not None:
            self._stop()
        self.pid = self._connection = self._stop = None

    def _start(self) -> Connection:
        ours, theirs = Pipe()
        package = str(Path(__file__).resolve().parents[2])
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(theirs.fileno()), *self._target,
             str(self._deadline)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the parent, which then ends the child
        )  # fmt: skip
        theirs.close()
        self.pid, self._connection = process.pid, ours
        self._stop = weakref.finalize(self, _end, process, ours)
        try:
            if ours.poll(START_DEADLINE) and ours.recv_bytes() == b"ready":
                return ours
        except (EOFError, OSError):
            pass
        self.close()
        raise RuntimeError(
            f"the child process for {'.'.join(self._target)} did not start within "
            f"{START_DEADLINE:g} seconds; its message, if it had one, stands above"
        )


def _end(process: subprocess.Popen, connection: Connection) -> None:
    connection.close()
    process.kill()
    process.wait()


def serve(descriptor: str, module: str, function: str, deadline: str) -> None:
    """The life of a child: answers one request after another until the socket is closed."""
    connection = Connection(int(descriptor))
    answer = getattr(importlib.import_module(module), function)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection.send_bytes(b"ready")
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except EOFError:
            return
        # The default action of the alarm ends the process even inside one long C call.
        signal.setitimer(signal.ITIMER_REAL, float(deadline))
        reply = json.dumps(answer(request)).encode()
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send_bytes(reply)
