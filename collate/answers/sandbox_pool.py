"""A few child processes that share the work of reading untrusted text.

    pool = SandboxPool("module", "function")
    pool.run(requests)     # a result, or a `GaveUp`, for every request

Requests go out in blocks. When a child ends within a block, the results that it gave stand, the
request that it was at is tried once more, alone and in a fresh child, and the rest follows as a
block of its own. Only what fails alone as well is given up, so that neither a neighbour nor a child
that was killed from outside costs a request its result.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import LifoQueue
from typing import Any

from collate.answers.sandbox import (
    CPU_SECONDS,
    MEMORY,
    WALL_SECONDS,
    Library,
    SandboxProcess,
)

PROCESSES = 2
BLOCK_REQUESTS, BLOCK_CHARACTERS = 128, 1_000_000


@dataclass(frozen=True)
class GaveUp:
    """No result: the limit that a child met on this request alone."""

    limit: str


class SandboxPool:
    """Child processes that run one function; each starts when there is a block for it.

    May be used from several threads at once. The processes end with `close`, with the parent, or
    when the pool is forgotten; `pids` are theirs while there are any.
    """

    def __init__(
        self,
        module: str,
        function: str,
        *,
        processes: int = PROCESSES,
        cpu_seconds: float = CPU_SECONDS,
        wall_seconds: float = WALL_SECONDS,
        memory: int = MEMORY,
        library: Library | None = None,
    ) -> None:
        self._processes = [
            SandboxProcess(
                module,
                function,
                cpu_seconds=cpu_seconds,
                wall_seconds=wall_seconds,
                memory=memory,
                library=library,
            )
            for _ in range(processes)
        ]
        # Last in, first out: a few requests after each other are all run by the same process, and
        # the others are not started for them.
        self._idle: LifoQueue[SandboxProcess] = LifoQueue()
        for process in self._processes:
            self._idle.put(process)

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes if process.pid is not None]

    def run(self, requests: Sequence[Any]) -> list[Any]:
        """The function's result for each request, in their order, or a `GaveUp`."""
        blocks = list(_blocks(requests))
        results: list[Any] = []
        if len(blocks) == 1:
            return self._run_block(blocks[0])
        with ThreadPoolExecutor(len(self._processes)) as threads:
            for block_results in threads.map(self._run_block, blocks):
                results += block_results
        return results

    def close(self) -> None:
        """Ends the processes; a later request starts them again."""
        for process in self._processes:
            process.close()

    def _run_block(self, block: Sequence[Any]) -> list[Any]:
        process = self._idle.get()
        try:
            results: list[Any] = []
            while len(results) < len(block):
                block_results, limit = process.run(block[len(results) :])
                results += block_results
                if limit:
                    failed = block[len(results)]
                    retried, limit = process.run([failed])
                    results += retried or [GaveUp(limit)]
            return results
        finally:
            self._idle.put(process)


def _blocks(requests: Sequence[Any]) -> Iterator[list[Any]]:
    """The requests in their order, in blocks of limited number and size."""
    block: list[Any] = []
    block_characters = 0
    for request in requests:
        characters = len(json.dumps(request))
        is_full = len(block) == BLOCK_REQUESTS or block_characters + characters > BLOCK_CHARACTERS
        if block and is_full:
            yield block
            block, block_characters = [], 0
        block.append(request)
        block_characters += characters
    if block:
        yield block
