"""The processes that do the work: engines behind one queue, and torch work behind another.

On GPUs each process holds one device, and engines end before torch work begins, and the other way
round (a process that has ended has given its memory back). On CPUs both stay, since starting them
costs more than keeping them, and take turns on the same cores: each books half of them and uses
all. There they also start at the same time, for a start is one thread's work, most of it imports.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import ray

from collate.cluster.actors import (
    EngineActor,
    EnginePlan,
    LogprobTask,
    ScoreTask,
    TorchActor,
    TuningJob,
)
from collate.cluster.pool import Pool, Progress, Work
from collate.cluster.progress import ProgressBoard
from collate.cluster.session import HEAD_SILENCE, session, watch_head
from collate.config.schema import RunConfig
from collate.engines.protocol import Completion, Request
from collate.errors import RunFolderError
from collate.models.weights import FINISHED, AgentWeights, ResolvedModel
from collate.tables import Score

CHUNK_BATCHES = 4
"""Requests leave the queue in chunks of this many engine batches: each chunk ends in a tail of
half-empty batches, and a chunk is what one engine can be ahead of another and a crash can lose."""

SCORED_AT_ONCE = 256
"""Rationales that are scored at once, by whole questions."""

StepNumbers = Callable[[str, Mapping[str, float]], None]
"""Is told of each optimizer step of an agent, while tuning goes on: its name, numbers by name."""


class Workers:
    """What a run does in other processes. Use as a context manager.

    Ray is joined or started when there is work for the first time. `notify` is called with what a
    user should know: an engine that died and was replaced. Without `needs_torch` engines alone are
    started ahead of time.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: Path,
        notify: Callable[[str], None] = lambda sentence: None,
        *,
        needs_torch: bool = True,
    ):
        self._config, self._folder, self._notify = config, str(folder), notify
        self._needs_torch = needs_torch
        self._scorer: ResolvedModel | None = None
        self._engines: Pool | None = None
        self._torch: Pool | None = None
        self._board: Any = None
        self._session = contextlib.ExitStack()
        self._numbers = itertools.count()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self._end_engines()
        self._end_torch()
        self._session.close()

    def set_run(
        self,
        config: RunConfig,
        notify: Callable[[str], None],
        scorer: ResolvedModel | None = None,
    ) -> None:
        """Work for this run from now on; `scorer` scores in place of the base model."""
        self._config, self._notify, self._scorer = config, notify, scorer

    def can_serve(self, config: RunConfig) -> bool:
        """Whether a run can be done by the processes of the present one."""
        return _process_settings(config) == _process_settings(self._config)

    def start(self) -> None:
        """Start what a round begins with, and what has room beside it; returns when all is ready.

        Work starts what it needs by itself; this is for those who want to time the two apart.
        """
        self._start_engines().wait_until_ready()
        if self._torch is not None:
            self._torch.wait_until_ready()

    def generate(
        self,
        blocks: Iterable[Sequence[Request]],
        agents: Mapping[str, AgentWeights],
        progress: Progress,
        *,
        on_completions: Callable[[int, Sequence[Completion]], None],
    ) -> None:
        """Have all requests answered, from one queue over all engines.

        The queue holds the blocks in turn, each agent by agent, longest prompt first.
        `on_completions` gets the number of a block and completions of it, in chunks, as they come.
        """

        def queue() -> Iterator[Work]:
            for block, requests in enumerate(blocks):
                for chunk in self._chunks(requests, agents):
                    yield Work(
                        key=f"rationales-{next(self._numbers)}",
                        method="generate",
                        arguments=(chunk, agents),
                        size=len(chunk),
                        # A chunk is for one set of weights.
                        weights_digest=self._weights_in_turn(chunk[0], agents),
                        block=block,
                    )

        def on_result(work: Work, completions: Sequence[Completion]) -> int:
            on_completions(work.block, completions)
            return sum(len(completion.token_ids) for completion in completions)

        if work := _unless_empty(queue()):
            deadline = self._config.ray.work_deadline
            self._start_engines().run(work, on_result, deadline=deadline, progress=progress)

    def score(
        self,
        blocks: Iterable[Sequence[ScoreTask]],
        progress: Progress,
        *,
        on_scores: Callable[[int, Sequence[Score]], None],
    ) -> None:
        """Have all rationales scored under the frozen scorer.

        `on_scores` gets the number of a block and scores of it, by whole questions, as they come.
        """

        def queue() -> Iterator[Work]:
            for block, tasks in enumerate(blocks):
                for part_tasks in _parts_of_block(tasks, SCORED_AT_ONCE):
                    yield Work(
                        key=f"scores-{next(self._numbers)}",
                        method="score",
                        arguments=(part_tasks, self._config, self._scorer),
                        size=sum(len(task.rationales) for task in part_tasks),
                        block=block,
                    )

        def on_result(work: Work, scores: Sequence[Score]) -> int:
            on_scores(work.block, scores)
            return 0

        if work := _unless_empty(queue()):
            deadline = self._config.ray.work_deadline
            self._start_torch().run(work, on_result, deadline=deadline, progress=progress)

    def logprobs(self, tasks: Sequence[LogprobTask], progress: Progress) -> list[list[float]]:
        """The log-probabilities of each task's completions, in nats, in their order."""
        logprobs_by_task: dict[int, list[float]] = {}
        queue = (
            Work(
                key=f"logprobs-{next(self._numbers)}",
                method="logprobs",
                arguments=(task, self._config),
                size=1,
                block=task_number,
            )
            for task_number, task in enumerate(tasks)
        )

        def on_result(work: Work, logprobs: list[float]) -> int:
            logprobs_by_task[work.block] = logprobs
            return 0

        if tasks:
            deadline = self._config.ray.work_deadline
            self._start_torch().run(queue, on_result, deadline=deadline, progress=progress)
        return [logprobs_by_task[number] for number in range(len(tasks))]

    def tune(
        self,
        jobs: Sequence[TuningJob],
        progress: Progress,
        on_step: StepNumbers = lambda agent, numbers: None,
    ) -> None:
        """Tune each job's agent; in parallel as far as there is room.

        The weights lie in the jobs' scratch folders afterwards, as `FINISHED`. An agent whose
        process dies is tuned again from its last checkpoint.
        """
        queue = [
            Work(
                key=f"weights-{next(self._numbers)}",
                method="tune",
                arguments=(job, self._config),
                size=job.steps,
                name=job.agent,
            )
            for job in jobs
        ]
        self._make_weights(queue, [job.scratch for job in jobs], progress, on_step)

    def perturb(self, seeds: Mapping[Path, int], progress: Progress) -> None:
        """Write noisy weights into each scratch folder, by its seed; they lie in `FINISHED`."""
        queue = [
            Work(f"weights-{next(self._numbers)}", "perturb", (scratch, seed, self._config), 1)
            for scratch, seed in seeds.items()
        ]
        self._make_weights(queue, list(seeds), progress, lambda agent, numbers: None)

    def _make_weights(
        self,
        queue: Sequence[Work],
        scratch_folders: Sequence[Path],
        progress: Progress,
        on_step: StepNumbers,
    ) -> None:
        self._start_torch().run(
            queue,
            lambda *_: 0,
            deadline=self._config.ray.work_deadline,
            progress=progress,
            on_numbers=lambda work, numbers: on_step(work.name, numbers),
        )
        unseen_folders = [
            str(folder) for folder in scratch_folders if not (folder / FINISHED).is_dir()
        ]
        if unseen_folders:
            raise RunFolderError(
                f"{', '.join(unseen_folders)}: written on a node whose disk is not seen from here; "
                "put folder= on a disk that all nodes share"
            )

    def _connect(self) -> None:
        """Join Ray, or start it, and see what it has."""
        if self._board is not None:
            return
        config = self._config
        self._session.enter_context(session(config.ray))
        self._session.enter_context(watch_head(HEAD_SILENCE, self._notify_now))
        self._gpus = int(ray.cluster_resources().get("GPU", 0))
        resources_by_node = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        # A worker runs on one node, so the largest node's cores count, not those of the cluster.
        largest_node_cores = int(max(node.get("CPU", 1) for node in resources_by_node))
        self._threads = min(config.engine.threads or largest_node_cores, largest_node_cores)
        # Engines that write weights in turn are given one agent's requests at a time; with adapters
        # all agents are batched together.
        adapters_fit = self._gpus and config.engine.kind == "vllm"
        self._swaps_weights = not adapters_fit or config.agents.weights == "full"
        # Engines and torch work have room beside each other only as one process each on CPUs.
        self._take_turns = bool(self._gpus) or config.engine.count > 1
        self._board = cast(Any, ProgressBoard).remote()

    def _notify_now(self, sentence: str) -> None:
        """Notify the user of the run that the workers serve at this moment."""
        self._notify(sentence)

    def _start_engines(self) -> Pool:
        """The engines, started if they are not there."""
        self._connect()
        if self._take_turns:
            self._end_torch()
        if self._engines is None:
            config = self._config
            engine_plan = EnginePlan(
                self._folder, self._threads, config.engine, config.model,
                config.agents.weights, config.agents.rank,
            )  # fmt: skip
            actor = cast(Any, EngineActor).options(**self._resources_of_one())
            self._engines = self._pool(
                lambda _: actor.remote(engine_plan, self._board),
                config.engine.count or max(self._gpus, 1),
                description=f"a {config.engine.kind} engine",
            )
            if self._needs_torch and not self._take_turns:
                self._start_torch()
        return self._engines

    def _start_torch(self) -> Pool:
        """The processes for torch work, started if they are not there: one an accelerator."""
        self._connect()
        if self._take_turns:
            self._end_engines()
        if self._torch is None:
            model = self._config.model
            actor = cast(Any, TorchActor).options(**self._resources_of_one())
            self._torch = self._pool(
                lambda _: actor.remote(self._folder, self._threads, model, self._board),
                max(self._gpus, 1),
                description="a process for torch",
            )
        return self._torch

    def _pool(self, make: Callable[[int], Any], count: int, *, description: str) -> Pool:
        return Pool(
            make,
            count,
            description=description,
            share_text=self._share_text(),
            start_deadline=self._config.ray.start_deadline,
            board=self._board,
            notify=self._notify_now,
        )

    def _chunks(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights]
    ) -> list[list[Request]]:
        # Without Ray: nothing has to be started for a block whose rows are all stored.
        if not requests:
            return []
        self._connect()
        chunk_size = self._config.engine.batch * CHUNK_BATCHES
        requests_by_weights: dict[str, list[Request]] = {}
        for request in requests:
            weights_digest = self._weights_in_turn(request, agents)
            requests_by_weights.setdefault(weights_digest, []).append(request)
        chunks = []
        for same_weights in requests_by_weights.values():
            # The longest first, so that the last batch of a chunk is a short one.
            same_weights.sort(key=lambda request: -len(request.prompt_ids))
            chunks += [
                same_weights[start : start + chunk_size]
                for start in range(0, len(same_weights), chunk_size)
            ]
        return chunks

    def _weights_in_turn(self, request: Request, agents: Mapping[str, AgentWeights]) -> str:
        """The weights that an engine must have in place; "" where it holds all agents at once."""
        return agents[request.agent].digest if self._swaps_weights else ""

    def _end_engines(self) -> None:
        if self._engines is not None:
            self._engines.close()
        self._engines = None

    def _end_torch(self) -> None:
        if self._torch is not None:
            self._torch.close()
        self._torch = None

    def _resources_of_one(self) -> dict[str, Any]:
        """Ray options of one worker: one GPU, or half of the cores (see the head of this file)."""
        if self._gpus:
            return {"num_gpus": 1, "num_cpus": 1}
        # On one core each process books half of it.
        return {"num_cpus": self._threads // 2 or 0.5}

    def _share_text(self) -> str:
        if self._gpus:
            return "1 GPU"
        return f"{self._threads // 2 or 0.5} of {self._threads} CPU cores"


def _unless_empty(queue: Iterator[Work]) -> Iterator[Work] | None:
    """The queue, or None where it holds nothing: no process is started for that."""
    first_work = next(queue, None)
    return None if first_work is None else itertools.chain([first_work], queue)


def _process_settings(config: RunConfig) -> tuple[Any, ...]:
    """What the processes of a run are made from."""
    agents = config.agents
    return config.model, config.engine, config.ray, agents.weights, agents.rank


def _parts_of_block(tasks: Sequence[ScoreTask], size: int) -> Iterator[list[ScoreTask]]:
    """The questions in parts of about `size` rationales."""
    part_tasks: list[ScoreTask] = []
    rationale_count = 0
    for task in tasks:
        if part_tasks and rationale_count + len(task.rationales) > size:
            yield part_tasks
            part_tasks, rationale_count = [], 0
        part_tasks.append(task)
        rationale_count += len(task.rationales)
    if part_tasks:
        yield part_tasks
