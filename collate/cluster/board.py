"""How far the workers are: they post, the driver reads. Posting never waits."""

from collections.abc import Callable
from typing import Any

import ray


@ray.remote(num_cpus=0)
class Board:
    """Latest (done, tokens) by worker."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[int, int]] = {}

    def post(self, worker: str, done: int, tokens: int) -> None:
        self._latest[worker] = (done, tokens)

    def read(self) -> dict[str, tuple[int, int]]:
        return dict(self._latest)

    def clear(self) -> None:
        self._latest.clear()


def poster(board: Any, worker: str) -> Callable[[int, int], None]:
    """A function by which a worker posts (done, tokens)."""

    def post(done: int, tokens: int) -> None:
        board.post.remote(worker, done, tokens)

    return post
