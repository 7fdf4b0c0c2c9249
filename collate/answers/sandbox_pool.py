"""A few child processes that share the work of reading untrusted text.

    pool = Pool("module", "function")
    pool.ask(requests)     # an answer, or a `GaveUp`, for every request

Requests go out in blocks. When a child ends within a block, what it had answered stands, the
request that it was at is asked once more, alone and of a fresh child, and the rest follows as a
block of its own. Only what fails alone as well is given up, so that neither a neighbour nor a child
that was killed from outside costs a request its answer.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import LifoQueue
from typing import Any

from collate.answers.sandbox import WALL, Child

PROCESSES = 2
BLOCK_REQUESTS, BLOCK_CHARACTERS = 128, 1_000_000


@dataclass(frozen=True)
class GaveUp:
    """No answer: the limit that a child met on this request alone."""

    limit: str


class Pool:
    """Children that run one function; each starts when there is a block for it.

    May be asked from several threads at once. The processes end with `close`, with the parent, or
    when the pool is forgotten; `pids` are theirs while there are any.
    """

    def __init__(
        self, module: str, function: str, processes: int = PROCESSES, wall: float = WALL
    ) -> None:
        self._children = [Child(module, function, wall) for _ in range(processes)]
        self._idle: LifoQueue[Child] = LifoQueue()  # the one that ran last, runs next
        for child in self._children:
            self._idle.put(child)

    @property
    def pids(self) -> list[int]:
        return [child.pid for child in self._children if child.pid is not None]

    def ask(self, requests: Sequence[Any]) -> list[Any]:
        """The function's answer to each request, in their order, or a `GaveUp`."""
        blocks = list(_blocks(requests))
        if len(blocks) < 2:
            return [answer for block in blocks for answer in self._ask_block(block)]
        with ThreadPoolExecutor(len(self._children)) as threads:
            return [answer for part in threads.map(self._ask_block, blocks) for answer in part]

    def close(self) -> None:
        """Ends the processes; a later request starts them again."""
        for child in self._children:
            child.close()

    def _ask_block(self, block: Sequence[Any]) -> list[Any]:
        child = self._idle.get()
        try:
            answers: list[Any] = []
            while len(answers) < len(block):
                some, limit = child.ask(block[len(answers) :])
                answers += some
                if limit:
                    alone, limit = child.ask([block[len(answers)]])
                    answers += alone or [GaveUp(limit)]
            return answers
        finally:
            self._idle.put(child)


def _blocks(requests: Sequence[Any]) -> Iterator[list[Any]]:
    block: list[Any] = []
    characters = 0
    for request in requests:
        size = len(json.dumps(request))
        if block and (len(block) == BLOCK_REQUESTS or characters + size > BLOCK_CHARACTERS):
            yield block
            block, characters = [], 0
        block.append(request)
        characters += size
    if block:
        yield block
