"""The processes that do the work: engines behind one queue, and torch work behind another.

On GPUs each process holds one device, and engines end before torch work begins, and the other way
round (a process that has ended has given its memory back). On CPUs both stay, since starting them
costs more than keeping them, and take turns on the same cores: each books half of them and uses
all. There they also start at the same time, for a start is one thread's work, most of it imports.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import ray

from collate.cluster.actors import MADE, EngineActor, TorchActor, ToRead, ToScore, TuningJob
from collate.cluster.board import Board
from collate.cluster.pool import Pool, Work
from collate.cluster.session import session
from collate.cluster.watch import watch_head
from collate.config.schema import RunConfig
from collate.engines.protocol import Completion, Request
from collate.errors import RunFolderError
from collate.models.weights import AgentWeights
from collate.scoring.model import ScorerFolders
from collate.tables import Score

Report = Callable[[int, int], None]
"""Told (units done, tokens) while a stage goes on."""

CHUNK_BATCHES = 4
"""Requests leave the queue in chunks of this many engine batches: each chunk ends in a tail of
half-empty batches, and a chunk is what one engine can be ahead of another and a crash can lose."""

SCORED_AT_ONCE = 256
"""Rationales that are scored at once, by whole questions."""


def _check_seen(folders: Iterable[Path]) -> None:
    """Weights that a worker wrote must lie where this process reads them."""
    if lost := [str(folder) for folder in folders if not folder.is_dir()]:
        raise RunFolderError(
            f"{', '.join(lost)}: written on a node whose disk is not seen from here; "
            "put folder= on a disk that all nodes share"
        )


class Workers:
    """What a run does in other processes. Use as a context manager.

    Ray is joined or started when there is work for the first time. `tell` is called with what a
    user should know: an engine that died and was replaced. Without `learns` engines alone are
    needed.
    """

    def __init__(
        self,
        config: RunConfig,
        folder: Path,
        tell: Callable[[str], None] = lambda message: None,
        *,
        learns: bool = True,
    ):
        self._learns = learns
        self._scorer: ScorerFolders | None = None
        self._config, self._folder, self._tell = config, str(folder), tell
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

    def turn_to(
        self, config: RunConfig, tell: Callable[[str], None], scorer: ScorerFolders | None = None
    ) -> None:
        """Do the work of a run that these workers serve; `scorer` scores instead of the base."""
        self._config, self._tell, self._scorer = config, tell, scorer

    def serve(self, config: RunConfig) -> bool:
        """Whether a run can be done by the processes of the present one."""
        return _hosts(config) == _hosts(self._config)

    def start(self) -> None:
        """Start what a round begins with, and what has room beside it; returns when all is there.

        Work starts what it needs by itself; this is for those who want to time the two apart.
        """
        self._start_engines().wait_until_ready()
        if self._torch is not None:
            self._torch.wait_until_ready()

    def _say(self, message: str) -> None:
        """Tell the user of the run that the workers serve now."""
        self._tell(message)

    def _connect(self) -> None:
        """Join Ray, or start it, and see what it has."""
        if self._board is not None:
            return
        config = self._config
        self._session.enter_context(session(config.ray))
        self._session.enter_context(watch_head(config.ray.head_deadline, self._say))
        self._gpus = int(ray.cluster_resources().get("GPU", 0))
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        cores = int(max(node.get("CPU", 1) for node in nodes))
        self._threads = min(config.engine.threads or cores, cores)
        # Engines that write weights in turn are given one agent's requests at a time; with adapters
        # all agents are batched together.
        self._swaps = (
            not self._gpus
            or config.agents.weights == "full"
            or (config.engine.kind != "vllm" or config.engine.host == "swap")
        )
        # Engines and torch work have room beside each other only as one process each on CPUs.
        self._in_turn = bool(self._gpus) or config.engine.count > 1
        self._board = cast(Any, Board).remote()

    def generate(
        self,
        blocks: Iterable[Sequence[Request]],
        agents: Mapping[str, AgentWeights],
        report: Report,
        *,
        keep: Callable[[int, Sequence[Completion]], None],
    ) -> None:
        """Have all requests answered, from one queue over all engines.

        The queue holds the blocks in turn, each agent by agent, longest prompt first. `keep` gets
        the number of a block and completions of it, in chunks, as they come.
        """
        queue = (
            Work(
                key=f"rationales-{next(self._numbers)}", method="generate",
                arguments=(chunk, agents), size=len(chunk), block=number,
                holds=agents[chunk[0].agent].digest if self._swaps else "",
            )
            for number, requests in enumerate(blocks)
            for chunk in self._chunks(requests, agents)
        )  # fmt: skip

        def done(work: Work, completions: Sequence[Completion]) -> int:
            keep(work.block, completions)
            return sum(len(completion.token_ids) for completion in completions)

        self._work_off(queue, self._start_engines, done, self._config.ray.generate_deadline, report)

    def score(
        self,
        blocks: Iterable[Sequence[ToScore]],
        report: Report,
        *,
        keep: Callable[[int, Sequence[Score]], None],
    ) -> None:
        """Have all rationales scored under the frozen scorer.

        `keep` gets the number of a block and scores of it, by whole questions, as they come.
        """
        queue = (
            Work(
                f"scores-{next(self._numbers)}",
                "score",
                (part, self._config, self._scorer),
                sum(len(q.rationales) for q in part),
                block=number,
            )
            for number, block in enumerate(blocks)
            for part in _parts(block, SCORED_AT_ONCE)
        )

        def done(work: Work, scores: Sequence[Score]) -> int:
            keep(work.block, scores)
            return 0

        self._work_off(queue, self._start_torch, done, self._config.ray.score_deadline, report)

    def _work_off(
        self,
        queue: Iterator[Work],
        start: Callable[[], Pool],
        done: Callable[[Work, Any], int],
        deadline: float,
        report: Report,
    ) -> None:
        """Have the queue worked off by a pool, which is started if there is any work."""
        if (first := next(queue, None)) is not None:
            start().run(itertools.chain([first], queue), done, deadline=deadline, report=report)

    def read(self, asked: Sequence[ToRead], report: Report) -> list[list[float]]:
        """The log-probabilities of each task's completions, in nats, in their order."""
        found: dict[int, list[float]] = {}
        queue = (
            Work(f"logprobs-{next(self._numbers)}", "read", (one, self._config), 1, block=number)
            for number, one in enumerate(asked)
        )

        def done(work: Work, logprobs: list[float]) -> int:
            found[work.block] = logprobs
            return 0

        self._work_off(queue, self._start_torch, done, self._config.ray.score_deadline, report)
        return [found[number] for number in range(len(asked))]

    def tune(self, jobs: Sequence[TuningJob], report: Report) -> None:
        """Tune each job's agent; in parallel as far as there is room. The weights lie in `MADE`.

        An agent whose process dies is tuned again from its last checkpoint.
        """
        self._make([(job.folder, "tune", (job, self._config), job.steps) for job in jobs], report)

    def perturb(self, folders: Mapping[Path, int], report: Report) -> None:
        """Write noisy weights into each folder, by its seed; they lie in `MADE` there."""
        self._make(
            [
                (folder, "perturb", (folder, seed, self._config), 1)
                for folder, seed in folders.items()
            ],
            report,
        )

    def _make(self, work: Sequence[tuple[Path, str, tuple[Any, ...], int]], report: Report) -> None:
        """Have torch make weights at workplaces: by a method, its arguments, in so many units."""
        queue = [
            Work(f"weights-{next(self._numbers)}", method, arguments, size)
            for _, method, arguments, size in work
        ]
        deadline = self._config.ray.tune_deadline
        self._start_torch().run(queue, lambda *_: 0, deadline=deadline, report=report)
        _check_seen(folder / MADE for folder, *_ in work)

    def _start_engines(self) -> Pool:
        """The engines, started if they are not there."""
        self._connect()
        if self._in_turn:
            self._end_torch()
        if self._engines is None:
            config, engine = self._config, self._config.engine
            if config.agents.weights == "full" and engine.host == "auto":
                engine = replace(engine, host="swap")
            options = self._place()
            self._engines = self._pool(
                lambda _: (
                    cast(Any, EngineActor)
                    .options(**options)
                    .remote(self._folder, self._threads, engine, config.model, self._board)
                ),
                engine.count or max(self._gpus, 1),
                what=f"a {engine.kind} engine",
            )
            if self._learns and not self._in_turn:
                self._start_torch()
        return self._engines

    def _start_torch(self) -> Pool:
        """The processes for torch work, started if they are not there: one an accelerator."""
        self._connect()
        if self._in_turn:
            self._end_engines()
        if self._torch is None:
            options = self._place()
            self._torch = self._pool(
                lambda _: (
                    cast(Any, TorchActor)
                    .options(**options)
                    .remote(self._folder, self._threads, self._config.model, self._board)
                ),
                max(self._gpus, 1),
                what="a process for torch",
            )
        return self._torch

    def _pool(self, make: Callable[[int], Any], count: int, *, what: str) -> Pool:
        return Pool(
            make, count, what=what, place_of=self._share(), board=self._board,
            tell=self._say,
            start_deadline=self._config.ray.start_deadline,
        )  # fmt: skip

    def _chunks(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights]
    ) -> list[list[Request]]:
        if not requests:
            return []
        self._connect()
        size = self._config.engine.batch * CHUNK_BATCHES
        groups: dict[str, list[Request]] = {}
        for request in requests:
            key = agents[request.agent].digest if self._swaps else ""
            groups.setdefault(key, []).append(request)
        chunks = []
        for group in groups.values():
            group.sort(key=lambda r: -len(r.prompt_ids))
            chunks += [group[i : i + size] for i in range(0, len(group), size)]
        return chunks

    def _end_engines(self) -> None:
        if self._engines is not None:
            self._engines.close()
        self._engines = None

    def _end_torch(self) -> None:
        if self._torch is not None:
            self._torch.close()
        self._torch = None

    def _place(self) -> dict[str, Any]:
        """Ray options of one worker: one GPU, or half of the cores (see the head of this file)."""
        if self._gpus:
            return {"num_gpus": 1, "num_cpus": 1}
        return {"num_cpus": self._threads // 2 or 0.5}

    def _share(self) -> str:
        return (
            "1 GPU" if self._gpus else f"{self._threads // 2 or 0.5} of {self._threads} CPU cores"
        )


def _hosts(config: RunConfig) -> tuple[Any, ...]:
    """What the processes of a run are made from."""
    return config.model, config.engine, config.ray, config.agents.weights


def _parts(block: Sequence[ToScore], size: int) -> Iterator[list[ToScore]]:
    """The questions in parts of about `size` rationales."""
    part: list[ToScore] = []
    for asked in block:
        if part and sum(len(one.rationales) for one in part) + len(asked.rationales) > size:
            yield part
            part = []
        part.append(asked)
    if part:
        yield part
