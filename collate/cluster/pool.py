"""Actors of one kind that work off a queue, and are replaced when they die.

An actor dies when its process does (killed, out of memory, its node gone), or when what it hosts
does while the process lives (`WorkerDiedError`). Its piece of work goes back to the head of the
queue, whole, for the actor that takes its place.
"""

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import ray

from collate.cluster.progress import Posted, read_progress
from collate.cluster.session import gather, resources_text, result_of
from collate.errors import DeadlineError, EngineError, WorkerDiedError

LOOK_AHEAD = 16
"""Pieces of work for each actor that are looked over for one like its last."""
ATTEMPTS = 3
"""How often a piece of work is tried when the actor that has it dies each time."""

Progress = Callable[[int, int], None]
"""Is told (units done, tokens) while the queue is worked off."""
Numbers = Callable[["Work", Mapping[str, float]], None]
"""Is told what else a worker posts of a piece of work, such as a loss, as it comes."""


@dataclass(frozen=True, eq=False)
class Work:
    """One piece of the queue: a method of the actor, its arguments, and its size in units.

    `weights_digest` names the weights that an actor has in place afterwards, so that its next piece
    may need the same. `block` and `name` are the sender's own.
    """

    key: str
    method: str
    arguments: tuple[Any, ...]
    size: int
    weights_digest: str = ""
    block: int = 0
    name: str = ""


@dataclass
class _Running:
    """A piece of work that an actor has, and when it was last heard of."""

    work: Work
    actor_index: int
    last_post: tuple[int, int] = (0, 0)
    last_progress: float = field(default_factory=time.monotonic)


class Pool:
    """`count` actors made by `make(index)`. `description` names them, `share_text` what each takes.

    They start in the background; the first `run` waits for them, or `wait_until_ready` does.
    """

    def __init__(
        self,
        make: Callable[[int], Any],
        count: int,
        *,
        description: str,
        share_text: str,
        start_deadline: float,
        board: Any,
        notify: Callable[[str], None],
    ):
        self._make, self._description, self._share_text = make, description, share_text
        self._start_deadline, self._board, self._notify = start_deadline, board, notify
        self._actors: list[Any] = [make(index) for index in range(count)]
        self._weights_in_place: list[str | None] = [None] * count
        self._ready = False

    def wait_until_ready(self) -> None:
        """Wait for the start of all actors. Raises DeadlineError where that takes too long."""
        if not self._ready:
            self._wait_for(self._actors)
        self._ready = True

    def close(self) -> None:
        """End the actors; their memory is free afterwards."""
        for actor in self._actors:
            _kill(actor)
        self._actors = []

    def run(
        self,
        queue: Iterable[Work],
        on_result: Callable[[Work, Any], int],
        *,
        deadline: float,
        progress: Progress,
        on_numbers: Numbers = lambda work, numbers: None,
    ) -> None:
        """Work off the queue; `on_result` gets each piece with its result, in the order they end.

        The queue is read no further ahead than `LOOK_AHEAD` says. `on_result` returns how many
        tokens that were. An idle actor takes the next piece that needs the weights it has in place,
        or else the next of all. `progress` gets the units done and the tokens so far: those of
        finished pieces, by their sizes, and what was posted of the others. Raises DeadlineError
        when nothing is heard of a piece for `deadline` seconds, EngineError when one fails, or
        when `ATTEMPTS` actors died at it.
        """
        self.wait_until_ready()
        upcoming = iter(queue)
        waiting: deque[Work] = deque()
        running: dict[Any, _Running] = {}
        idle_actors = list(range(len(self._actors)))
        deaths_by_key: Counter[str] = Counter()
        finished_units = finished_tokens = 0
        started_by_key: dict[str, Work] = {}
        while True:
            free_places = max(0, LOOK_AHEAD * len(self._actors) - len(waiting))
            waiting.extend(islice(upcoming, free_places))
            if not (waiting or running):
                # The last post of a worker may arrive after its result.
                self._hand_over(read_progress(self._board, ()), started_by_key, on_numbers)
                return
            while waiting and idle_actors:
                started = self._start_next(waiting, idle_actors.pop(), running)
                # Finished pieces stay in it: their numbers may be read after their result.
                started_by_key[started.key] = started
            # A short wait, so that progress is shown while no piece ends.
            ready_references, _ = ray.wait(list(running), num_returns=1, timeout=0.5)
            for reference in ready_references:
                task = running.pop(reference)
                try:
                    result = result_of(reference, self._description)
                except WorkerDiedError as error:
                    deaths_by_key[task.work.key] += 1
                    if deaths_by_key[task.work.key] == ATTEMPTS:
                        raise _given_up(error) from error
                    # Waits for the new actor; the others go on with the pieces they have.
                    self._replace(task.actor_index, error)
                    waiting.appendleft(task.work)
                else:
                    finished_units += task.work.size
                    finished_tokens += on_result(task.work, result)
                idle_actors.append(task.actor_index)
            # Only of running pieces: the sizes of finished ones are in the sums already.
            posted = read_progress(self._board, [task.work.key for task in running.values()])
            self._hand_over(posted, started_by_key, on_numbers)
            self._check_overdue(running, posted.latest, deadline)
            progress(
                finished_units + sum(units for units, _ in posted.latest.values()),
                finished_tokens + sum(tokens for _, tokens in posted.latest.values()),
            )

    @staticmethod
    def _hand_over(posted: Posted, work_by_key: Mapping[str, Work], on_numbers: Numbers) -> None:
        for key, numbers in posted.numbers:
            if key in work_by_key:
                on_numbers(work_by_key[key], numbers)

    def _start_next(
        self, waiting: deque[Work], actor_index: int, running: dict[Any, _Running]
    ) -> Work:
        in_place = self._weights_in_place[actor_index]
        # Swapping weights costs an engine time, so a piece for those in place may overtake others.
        work_of_same_weights = (work for work in waiting if work.weights_digest == in_place)
        work = next(work_of_same_weights, waiting[0])
        waiting.remove(work)
        self._weights_in_place[actor_index] = work.weights_digest
        remote_method = getattr(self._actors[actor_index], work.method)
        running[remote_method.remote(work.key, *work.arguments)] = _Running(work, actor_index)
        return work

    def _check_overdue(
        self,
        running: Mapping[Any, _Running],
        latest: Mapping[str, tuple[int, int]],
        deadline: float,
    ) -> None:
        now = time.monotonic()
        for task in running.values():
            latest_post = latest.get(task.work.key, task.last_post)
            if latest_post != task.last_post:
                task.last_post, task.last_progress = latest_post, now
        if not running:
            return
        # What has come meanwhile is not late, only not taken yet.
        _, pending_refs = ray.wait(list(running), num_returns=len(running), timeout=0)
        if any(now - running[reference].last_progress > deadline for reference in pending_refs):
            raise DeadlineError(
                f"{self._description} made no progress for {deadline:.0f} s; ask for smaller "
                "pieces of work (engine.batch, agents.max_tokens, scoring.batch_tokens) or raise "
                f"ray.work_deadline. The cluster has {resources_text()}."
            )

    def _replace(self, actor_index: int, error: Exception) -> None:
        reason = str(error).splitlines()[0]
        self._notify(
            f"{self._description} died and is replaced; its work goes to the new one ({reason})"
        )
        for attempt in range(1, ATTEMPTS + 1):
            _kill(self._actors[actor_index])
            self._actors[actor_index] = self._make(actor_index)
            self._weights_in_place[actor_index] = None
            try:
                return self._wait_for([self._actors[actor_index]])
            except WorkerDiedError as again:
                if attempt == ATTEMPTS:
                    raise _given_up(again) from again

    def _wait_for(self, actors: Sequence[Any]) -> None:
        waiting_for = f"{len(actors)} of {self._description} to start, each on {self._share_text}"
        gather(
            [actor.ready.remote() for actor in actors],
            deadline=self._start_deadline,
            waiting_for=waiting_for,
        )


def _given_up(error: WorkerDiedError) -> EngineError:
    return EngineError(f"{error} ({ATTEMPTS} times, at the same work)")


def _kill(actor: Any) -> None:
    # The actor may be dead already, which is a reason to replace it.
    with contextlib.suppress(ray.exceptions.RayError):
        ray.kill(actor)
