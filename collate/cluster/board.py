"""How far the workers are with what they do: they post, the driver reads. Posting never waits."""

from collections.abc import Callable, Collection
from typing import Any

import ray


@ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)
class Board:
    """Latest (done, tokens) by piece of work."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[int, int]] = {}

    def post(self, work: str, done: int, tokens: int) -> None:
        self._latest[work] = (done, tokens)

    def read(self) -> dict[str, tuple[int, int]]:
        return dict(self._latest)


def poster(board: Any, work: str) -> Callable[[int, int], None]:
    """A function by which a worker posts (done, tokens) of one piece of work."""

    def post(done: int, tokens: int) -> None:
        board.post.remote(work, done, tokens)

    return post


def progress_of(board: Any, work: Collection[str]) -> dict[str, tuple[int, int]]:
    """What was posted last of each of these pieces of work; nothing when the machine is busy."""
    try:
        latest = ray.get(board.read.remote(), timeout=10)
    except (ray.exceptions.GetTimeoutError, ray.exceptions.RayActorError):
        return {}
    return {name: latest[name] for name in work if name in latest}
