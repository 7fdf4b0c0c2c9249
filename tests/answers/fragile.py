"""Stand-ins for the function that the sandbox's processes run: hostile only by request."""

import importlib.util
import os
import time

from collate.answers.review import review_request as review_soundly

FOREVER = 10**9  # seconds


def review_request(request: list) -> list:
    """As the real one, but for texts that name what is to go wrong."""
    text = request[2]
    if "compute here" in text:
        compute(FOREVER)
    if "fill memory here" in text:
        return [str(len(bytearray(2**36)))]
    if "die here" in text:
        os.abort()
    return review_soundly(request)


def compute(seconds: float) -> str:
    """Uses so much processor time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "done"


def sleep(seconds: float) -> str:
    """Lets so much time pass without using the processor."""
    time.sleep(seconds)
    return "done"


def environment(path: str | None) -> dict[str, str] | str:
    """The variables of the child, or what comes of reading them from a file."""
    if path is None:
        return dict(os.environ)
    try:
        with open(path, encoding="utf-8") as variables:
            return variables.read()
    except OSError:
        return "OSError"


def attempt(action: str) -> str:
    """Tries something that a child may not do, and says what came of it."""
    try:
        if action == "read a file":
            with open(os.devnull, encoding="utf-8"):
                return "done"
        if action == "open a socket":
            import socket

            socket.socket().close()
        if action == "start a process":
            os.posix_spawn("/bin/true", ["true"], {})
    except (OSError, ImportError) as error:
        return type(error).__name__
    return "done"


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
