"""The processes that do the work: engine actors behind one queue, scoring and tuning tasks.

On GPUs each engine actor, scoring task and tuning task holds one device, and engines end before
torch work begins (a process that has ended has given its memory back). On CPUs the engine stays,
since starting it costs more than keeping it, and engines and torch tasks take turns on the same
cores: each books half of them and uses all.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import ray

from collate.agents.noise import write_noisy_weights
from collate.cluster.board import Board, poster
from collate.cluster.session import gather, resources_text, take
from collate.commit import complete_folder
from collate.config.schema import EngineConfig, ModelConfig, RunConfig
from collate.engines.protocol import AgentWeights, Completion, Request
from collate.errors import DeadlineError, RunFolderError
from collate.tables import Question, Rationale, Score

Report = Callable[[int, int], None]
"""Told (units done, tokens) while a stage goes on."""

CHUNK_BATCHES = 4
"""Requests leave the queue in chunks of this many engine batches: each chunk ends in a tail of
half-empty batches, and a chunk is what one engine can be ahead of another."""


@ray.remote
class EngineActor:
    """One engine in a process of its own."""

    def __init__(
        self, folder: str, engine: EngineConfig, model: ModelConfig, board: Any, name: str
    ):
        from collate.engines import build_engine

        self._engine = build_engine(folder, engine, model)
        self._board, self._name = board, name
        self._done = self._tokens = 0

    def ready(self) -> str:
        return self._engine.name

    def generate(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights]
    ) -> list[Completion]:
        def progress(done: int, tokens: int) -> None:
            self._board.post.remote(self._name, self._done + done, self._tokens + tokens)

        completions = self._engine.generate(requests, agents, progress)
        self._done += len(completions)
        self._tokens += sum(len(c.token_ids) for c in completions)
        return completions

    def restart_count(self) -> None:
        self._done = self._tokens = 0


@ray.remote
def _score(
    folder: str, threads: int, model: ModelConfig, arguments: Mapping[str, Any]
) -> list[Score]:
    from collate.models import load_causal_lm, load_tokenizer
    from collate.scoring import LikelihoodScorer, Verifier, score_rationales

    _use_threads(threads)
    config, task = arguments["config"], arguments["task"]
    scorer = None
    if config.likelihood:
        loaded = load_causal_lm(
            folder, dtype=model.dtype, trust_remote_code=model.trust_remote_code
        )
        tokenizer = load_tokenizer(folder, trust_remote_code=model.trust_remote_code)
        scorer = LikelihoodScorer(loaded, tokenizer, batch_tokens=config.batch_tokens)
    with Verifier(task.answer_kind, task.marker) as verifier:
        return score_rationales(
            arguments["questions"], arguments["rationales"], verifier=verifier, scorer=scorer,
            base_prompts=arguments["prompts"], marker=task.marker, config=config,
        )  # fmt: skip


@dataclass(frozen=True)
class TuningJob:
    """One agent to be tuned: from which weights, on which examples, into which folder."""

    agent: str
    start: AgentWeights
    examples: Sequence[dict[str, Any]]
    folder: Path
    seed: int


@ray.remote
def _tune(base: str, threads: int, config: RunConfig, job: TuningJob, board: Any) -> None:
    from collate.tuning.tune import tune_agent

    _use_threads(threads)
    post = poster(board, job.agent)
    with complete_folder(job.folder) as unfinished:
        tune_agent(
            base, job.start, job.examples, unfinished, agents=config.agents, model=config.model,
            config=config.tuning, seed=job.seed, report=lambda step, steps: post(step, 0),
        )  # fmt: skip


@ray.remote
def _perturb(base: str, threads: int, config: RunConfig, folder: Path, seed: int) -> None:
    _use_threads(threads)
    with complete_folder(folder) as unfinished:
        write_noisy_weights(
            base, unfinished, agents=config.agents, seed=seed,
            trust_remote_code=config.model.trust_remote_code,
        )  # fmt: skip


def _check_seen(folders: Iterable[Path]) -> None:
    """Weights that a worker wrote must lie where this process reads them."""
    if lost := [str(folder) for folder in folders if not folder.is_dir()]:
        raise RunFolderError(
            f"{', '.join(lost)}: written on a node whose disk is not seen from here; "
            "put folder= on a disk that all nodes share"
        )


def _use_threads(threads: int) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)


class Workers:
    """What a run does in other processes. Use as a context manager, inside a session."""

    def __init__(self, config: RunConfig, folder: Path):
        self._config, self._folder = config, str(folder)
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
        self._engines: list[Any] = []
        self._holds: dict[int, str] = {}
        self._board = cast(Any, Board).remote()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self.release_engines()

    # Engines

    def _start_engines(self) -> None:
        """Start the engines if they are not there, and wait until they can be asked."""
        config = self._config
        if not self._engines:
            count = config.engine.count or max(self._gpus, 1)
            engine = config.engine
            if config.agents.weights == "full" and engine.host == "auto":
                engine = replace(engine, host="swap")
            options = self._place(env={"OMP_NUM_THREADS": str(self._threads)})
            self._engines = [
                cast(Any, EngineActor)
                .options(**options)
                .remote(self._folder, engine, config.model, self._board, f"engine-{i}")
                for i in range(count)
            ]
        gather(
            [engine.ready.remote() for engine in self._engines],
            deadline=config.ray.start_deadline,
            waiting_for=f"{len(self._engines)} {config.engine.kind} engine(s) to start, "
            f"each on {self._share()}",
        )

    def release_engines(self) -> None:
        """End the engine processes; their memory is free afterwards."""
        for engine in self._engines:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.kill(engine)
        self._engines, self._holds = [], {}

    def generate(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights], report: Report
    ) -> list[Completion]:
        """Completions in the order of the requests, from one queue over all engines.

        The queue holds the requests agent by agent, longest prompt first; an engine that is free
        takes the next chunk of the agent whose weights it holds, or else the next of all.
        """
        self._start_engines()
        queue = deque(self._chunks(requests, agents))
        ray.get(self._board.clear.remote(), timeout=60)
        ray.get([engine.restart_count.remote() for engine in self._engines], timeout=60)
        results: dict[str, Completion] = {}
        running: dict[Any, int] = {}
        idle = list(range(len(self._engines)))
        deadline = self._config.ray.generate_deadline
        while queue or running:
            while queue and idle:
                place = idle.pop()
                chunk = self._next_chunk(queue, agents, self._holds.get(place))
                self._holds[place] = agents[chunk[-1].agent].digest
                running[self._engines[place].generate.remote(chunk, agents)] = place
            done = self._first_done(list(running), deadline, report)
            for completion in take(done, "an engine's rationales"):
                results[completion.key] = completion
            idle.append(running.pop(done))
        self._report_progress(report)
        return [results[request.key] for request in requests]

    def _first_done(self, refs: list[Any], deadline: float, report: Report) -> Any:
        waited = 0.0
        while waited < deadline:
            ready, _ = ray.wait(refs, num_returns=1, timeout=0.5)
            self._report_progress(report)
            if ready:
                return ready[0]
            waited += 0.5
        raise DeadlineError(
            f"waited {deadline:.0f} s for a chunk of rationales from {len(refs)} engine(s); lower "
            f"engine.batch or agents.max_tokens, or raise ray.generate_deadline. The cluster has "
            f"{resources_text()}."
        )

    def _chunks(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights]
    ) -> list[list[Request]]:
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

    def _next_chunk(
        self, queue: deque[list[Request]], agents: Mapping[str, AgentWeights], held: str | None
    ) -> list[Request]:
        for chunk in queue if self._swaps else ():
            if agents[chunk[0].agent].digest == held:
                queue.remove(chunk)
                return chunk
        return queue.popleft()

    # Torch work

    def score(
        self,
        questions: Sequence[Question],
        rationales: Sequence[Rationale],
        prompts: Mapping[str, Sequence[int]],
    ) -> list[Score]:
        """Scores in the order of the rationales, under the frozen base model."""
        self._make_room()
        arguments = {
            "questions": questions, "rationales": rationales, "prompts": prompts,
            "config": self._config.scoring, "task": self._config.task,
        }  # fmt: skip
        task = _score.options(**self._place()).remote(
            self._folder, self._threads, self._config.model, arguments
        )
        deadline = self._config.ray.score_deadline
        return list(
            gather([task], deadline=deadline, waiting_for=f"the scorer, on {self._share()}")[0]
        )

    def tune(self, jobs: Sequence[TuningJob], report: Report) -> None:
        """Fill each job's folder with the tuned weights; in parallel as far as there is room."""
        self._make_room()
        ray.get(self._board.clear.remote(), timeout=60)
        options = self._place()
        tasks = [
            _tune.options(**options).remote(
                self._folder, self._threads, self._config, job, self._board
            )
            for job in jobs
        ]
        gather(
            tasks,
            deadline=self._config.ray.tune_deadline,
            waiting_for=f"the tuning of {len(jobs)} agent(s), each on {self._share()}",
            poll=lambda: self._report_progress(report),
        )
        _check_seen([job.folder for job in jobs])

    def perturb(self, folders: Mapping[Path, int]) -> None:
        """Write noisy weights into each folder, by its seed."""
        tasks = [
            _perturb.options(**self._place()).remote(
                self._folder, self._threads, self._config, folder, seed
            )
            for folder, seed in folders.items()
        ]
        gather(
            tasks, deadline=self._config.ray.start_deadline, waiting_for="the agents' first weights"
        )
        _check_seen(folders)

    def _make_room(self) -> None:
        """End the engines unless torch work has room beside them."""
        if self._gpus or len(self._engines) > 1:
            self.release_engines()

    def _place(self, env: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Ray options of one worker: one GPU, or half of the cores (see the head of this file)."""
        options: dict[str, Any] = {"num_cpus": self._threads // 2 or 0.5}
        if self._gpus:
            options = {"num_gpus": 1, "num_cpus": 1}
        elif env:
            options["runtime_env"] = {"env_vars": dict(env)}
        return options

    def _share(self) -> str:
        return (
            "1 GPU" if self._gpus else f"{self._threads // 2 or 0.5} of {self._threads} CPU cores"
        )

    def _report_progress(self, report: Report) -> None:
        try:
            latest = ray.get(self._board.read.remote(), timeout=10).values()
        except ray.exceptions.GetTimeoutError:
            return  # a busy machine; the next look will do
        report(sum(done for done, _ in latest), sum(tokens for _, tokens in latest))
