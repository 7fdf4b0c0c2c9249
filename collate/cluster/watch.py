"""Notice that Ray's head is gone.

Ray ends a process that has lost its head, a minute later and without a word on the screen; nothing
can go on without it. This ends the process earlier, and says so.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import ray
from ray.util import client

EVERY = 2.0  # seconds between two looks


@contextlib.contextmanager
def watch_head(deadline: float, tell: Callable[[str], None]) -> Iterator[None]:
    """End this process, with exit status 1, when Ray's head is silent for `deadline` seconds.

    A Ray client's connection (`ray://`) is Ray's own to watch: the head may be out of its reach.
    """
    if client.ray.is_connected():
        yield
        return
    address = str(ray.get_runtime_context().gcs_address)
    host, _, port = address.rpartition(":")
    place, over = (host.strip("[]"), int(port)), threading.Event()

    def watch() -> None:
        heard = time.monotonic()
        while not over.wait(EVERY):
            with contextlib.suppress(OSError):
                socket.create_connection(place, timeout=EVERY).close()
                heard = time.monotonic()
            if time.monotonic() - heard > deadline:
                try:
                    tell(
                        f"collate: Ray's head at {address} has not answered for {deadline:g} s "
                        "(ray.head_deadline); what is finished is on the disk, the same command "
                        "continues"
                    )
                finally:
                    os._exit(1)

    thread = threading.Thread(target=watch, name="watch-head", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(2 * EVERY)
