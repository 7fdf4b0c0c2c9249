"""Ray, joined or started: on one machine by default, on a cluster where an address is given.

A local Ray has no dashboard and takes no jobs. Every wait in this room goes through `gather`, which
has a deadline and says what it waited for and what the cluster has.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ray

from collate.config.schema import RayConfig
from collate.errors import DeadlineError, EngineDiedError, EngineError

OBJECT_STORE_BYTES = 512 * 2**20
QUIET: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": True}


@contextlib.contextmanager
def session(config: RayConfig) -> Iterator[None]:
    """A connection to Ray while the block lasts; a Ray that stands already is left alone."""
    if ray.is_initialized():
        yield
        return
    address = config.address or os.environ.get("RAY_ADDRESS")
    if address:
        ray.init(address=address, **QUIET)
    else:
        _start_local(config.start_deadline)
    try:
        yield
    finally:
        ray.shutdown()


def _start_local(deadline: float) -> None:
    """A Ray of this machine. On a busy one Ray gives up its own start after 30 s: we try again."""
    until = time.monotonic() + deadline
    while True:
        try:
            ray.init(
                address="local",
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                **QUIET,
            )
            return
        except Exception as error:
            ray.shutdown()
            if "timed out during startup" not in str(error) or time.monotonic() > until:
                raise EngineError(f"Ray could not start on this machine: {error}") from error


def gather(
    refs: Sequence[Any],
    *,
    deadline: float,
    waiting_for: str,
    poll: Callable[[], None] = lambda: None,
    every: float = 0.5,
) -> list[Any]:
    """The results of all references, in order. Calls `poll` now and then while it waits.

    Raises DeadlineError after `deadline` seconds, EngineError when a process behind a reference
    died, and what a task raised on purpose as it is.
    """
    until = time.monotonic() + deadline
    pending = list(refs)
    while pending:
        left = until - time.monotonic()
        if left <= 0:
            raise DeadlineError(
                f"waited {deadline:.0f} s for {waiting_for}; {len(pending)} of {len(refs)} "
                f"did not come. The cluster has {resources_text()}. Free some of it, ask for less "
                "(engine.count, engine.threads), or raise the deadline (ray.*_deadline)."
            )
        ready, pending = ray.wait(pending, num_returns=len(pending), timeout=min(every, left))
        for ref in ready:
            take(ref, waiting_for)
        poll()
    return [take(ref, waiting_for) for ref in refs]


def take(ref: Any, waiting_for: str) -> Any:
    """The result of a finished reference, or its error in collate's own words."""
    try:
        return ray.get(ref, timeout=60)
    except ray.exceptions.RayTaskError as error:
        raise error.cause if isinstance(error.cause, Exception) else error from error
    except ray.exceptions.RayError as error:
        raise EngineDiedError(f"the process behind {waiting_for} died: {error}") from error


def resources_text() -> str:
    """What the cluster has and what of it is free, for messages."""
    total, free = ray.cluster_resources(), ray.available_resources()
    kinds = [k for k in ("CPU", "GPU") if k in total]
    return ", ".join(f"{free.get(k, 0):g} of {total[k]:g} {k}s free" for k in kinds) or "no node"
