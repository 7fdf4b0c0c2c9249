"""Actors of one kind that work off a queue, and are replaced when they die.

An actor dies when its process does (killed, out of memory, its node gone), or when what it hosts
does while the process lives (`EngineDiedError`). Its piece of work goes back to the head of the
queue, whole, for the actor that takes its place.
"""

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import ray

from collate.cluster.board import progress_of
from collate.cluster.session import gather, resources_text, take
from collate.errors import DeadlineError, EngineDiedError, EngineError

AHEAD = 16
"""Pieces of work for each actor that are looked over for one like its last."""
ATTEMPTS = 3
"""How often a piece of work is tried when the actor that has it dies each time."""


@dataclass(frozen=True, eq=False)
class Work:
    """One piece of the queue. `holds` is what an actor keeps of it, so that its like may follow.

    `block` is the sender's own.
    """

    key: str
    method: str
    arguments: tuple[Any, ...]
    size: int
    holds: str = ""
    block: int = 0


@dataclass
class _Running:
    work: Work
    place: int
    since: float = field(default_factory=time.monotonic)


class Pool:
    """`count` actors made by `make(place)`. `what` names them, and `place_of` their place.

    They start in the background; the first `run` waits for them, or `wait_until_ready` does.
    """

    def __init__(
        self,
        make: Callable[[int], Any],
        count: int,
        *,
        what: str,
        place_of: str,
        start_deadline: float,
        board: Any,
        tell: Callable[[str], None],
    ):
        self._make, self._what, self._place_of = make, what, place_of
        self._start_deadline, self._board, self._tell = start_deadline, board, tell
        self._actors: list[Any] = [make(place) for place in range(count)]
        self._holds: list[str | None] = [None] * count
        self._ready = False

    def wait_until_ready(self) -> None:
        """Wait for the start of all actors. Raises DeadlineError where that takes too long."""
        if not self._ready:
            self._wait_for(self._actors)
        self._ready = True

    def close(self) -> None:
        """End the actors; their memory is free afterwards."""
        for actor in self._actors:
            _end(actor)
        self._actors = []

    def run(
        self,
        queue: Iterable[Work],
        done: Callable[[Work, Any], int],
        *,
        deadline: float,
        report: Callable[[int, int], None],
    ) -> None:
        """Work off the queue; `done` gets each piece with its result, in the order they end.

        The queue is read no further ahead than `AHEAD` says. `done` returns how many tokens that
        were. An idle actor takes the next piece like the one it had last, or else the next of all.
        `report` gets the units done and the tokens so far: those of finished pieces, by their
        sizes, and what was posted of the others. Raises DeadlineError when one piece takes longer
        than `deadline` seconds, EngineError when one fails, or outlives none of `ATTEMPTS` actors.
        """
        self.wait_until_ready()
        coming, waiting, running = iter(queue), deque[Work](), dict[Any, _Running]()
        idle, deaths = list(range(len(self._actors))), Counter[str]()
        finished = [0, 0]
        while True:
            waiting.extend(islice(coming, max(0, AHEAD * len(self._actors) - len(waiting))))
            if not (waiting or running):
                return
            while waiting and idle:
                place = idle.pop()
                work = _next(waiting, self._holds[place])
                self._holds[place] = work.holds
                call = getattr(self._actors[place], work.method)
                running[call.remote(work.key, *work.arguments)] = _Running(work, place)
            ready, _ = ray.wait(list(running), num_returns=1, timeout=0.5)
            for ref in ready:
                one = running.pop(ref)
                try:
                    result = take(ref, self._what)
                except EngineDiedError as error:
                    deaths[one.work.key] += 1
                    if deaths[one.work.key] == ATTEMPTS:
                        raise _given_up(error) from error
                    self._replace(one.place, error)
                    waiting.appendleft(one.work)
                else:
                    finished[0] += one.work.size
                    finished[1] += done(one.work, result)
                idle.append(one.place)
            self._check_overdue(running, deadline)
            under_way = progress_of(self._board, [one.work.key for one in running.values()])
            report(*(sum(column) for column in zip(finished, *under_way.values(), strict=True)))

    def _check_overdue(self, running: dict[Any, _Running], deadline: float) -> None:
        # What has come meanwhile is not late, only not taken yet.
        _, pending = (
            ray.wait(list(running), num_returns=len(running), timeout=0) if running else ([], [])
        )
        if any(time.monotonic() - running[ref].since > deadline for ref in pending):
            raise DeadlineError(
                f"waited {deadline:.0f} s for one piece of work of {self._what}; ask for smaller "
                "ones (engine.batch, agents.max_tokens, scoring.batch_tokens) or raise the "
                f"deadline (ray.*_deadline). The cluster has {resources_text()}."
            )

    def _replace(self, place: int, error: Exception) -> None:
        reason = str(error).splitlines()[0]
        self._tell(f"  {self._what} died and is replaced; what it had is done again ({reason})")
        for attempt in range(1, ATTEMPTS + 1):
            _end(self._actors[place])
            self._actors[place], self._holds[place] = self._make(place), None
            try:
                return self._wait_for([self._actors[place]])
            except EngineDiedError as again:
                if attempt == ATTEMPTS:
                    raise _given_up(again) from again

    def _wait_for(self, actors: Sequence[Any]) -> None:
        gather(
            [actor.ready.remote() for actor in actors],
            deadline=self._start_deadline,
            waiting_for=f"{len(actors)} of {self._what} to start, each on {self._place_of}",
        )


def _given_up(error: EngineDiedError) -> EngineError:
    return EngineError(f"{error} ({ATTEMPTS} times, at the same work)")


def _next(waiting: deque[Work], held: str | None) -> Work:
    like = next((work for work in waiting if work.holds == held), waiting[0])
    waiting.remove(like)
    return like


def _end(actor: Any) -> None:
    with contextlib.suppress(ray.exceptions.RayError):
        ray.kill(actor)
