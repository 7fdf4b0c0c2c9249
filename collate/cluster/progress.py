"""How far the workers are: they post, the driver reads. Posting never waits."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import ray

Post = Callable[..., None]
"""`post(units, tokens)`: how far a piece of work is, with `numbers=` if there is more to tell."""


@dataclass(frozen=True)
class Posted:
    """What was posted since the last reading.

    `latest` has (units done, tokens) by piece of work, `numbers` everything else in the order in
    which it came: the piece of work, and numbers by name.
    """

    latest: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    numbers: tuple[tuple[str, Mapping[str, float]], ...] = ()


# It needs no core of its own. No result depends on it, so it may begin anew, empty, after its
# process died.
@ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)
class ProgressBoard:
    """Where workers leave what the driver comes for."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[int, int]] = {}
        self._numbers: list[tuple[str, Mapping[str, float]]] = []

    def post(
        self, work: str, units: int, tokens: int, numbers: Mapping[str, float] | None = None
    ) -> None:
        self._latest[work] = (units, tokens)
        if numbers is not None:
            self._numbers.append((work, numbers))

    def read(self) -> Posted:
        """All latest posts; numbers are handed over once."""
        posted = Posted(dict(self._latest), tuple(self._numbers))
        self._numbers = []
        return posted


def poster(board: Any, work: str) -> Post:
    """A function by which a worker posts how far it is with one piece of work."""

    def post(units: int, tokens: int, numbers: Mapping[str, float] | None = None) -> None:
        # The reference is dropped: nobody waits for a post.
        board.post.remote(work, units, tokens, numbers)

    return post


def read_progress(board: Any, work: Collection[str]) -> Posted:
    """What was posted last of these pieces of work; nothing when the machine is busy."""
    try:
        posted: Posted = ray.get(board.read.remote(), timeout=10)
    except (ray.exceptions.GetTimeoutError, ray.exceptions.RayActorError):
        return Posted()
    latest = {key: posted.latest[key] for key in work if key in posted.latest}
    return Posted(latest, posted.numbers)
