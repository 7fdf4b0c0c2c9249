"""What runs in processes of its own: an engine, and the work that torch does.

Libraries are imported in the methods that need them, so that the driver need not import them.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from collate.atomic import complete_folder
from collate.cluster.board import poster
from collate.config.found import load
from collate.config.schema import EngineConfig, ModelConfig, RunConfig, TaskConfig, TuningConfig
from collate.engines.protocol import Completion, Request
from collate.models.weights import AgentWeights
from collate.scoring.model import ScorerFolders, load_scorer
from collate.tables import Question, Rationale, Score

MADE = "made"
"""Where in a workplace the weights are that were to be made, once they are whole."""


@dataclass(frozen=True)
class TuningJob:
    """One agent to be tuned: how, from which weights, on which file of examples, and where.

    Checkpoints lie at the workplace until the tuned weights are there, as `MADE`.
    """

    agent: str
    start: AgentWeights
    examples: Path
    folder: Path
    seed: int
    steps: int
    tuning: TuningConfig


@dataclass(frozen=True)
class ToScore:
    """A question with the rationales to be scored, and the prompt to score them under.

    `baseline_ids` is the prompt without a rationale, None where that is the same.
    """

    question: Question
    rationales: Sequence[Rationale]
    prompt_ids: Sequence[int]
    baseline_ids: Sequence[int] | None = None


@dataclass(frozen=True)
class ToRead:
    """Completions whose log-probability is to be taken under an agent's weights and prompts."""

    weights: AgentWeights
    prompts: Sequence[Sequence[int]]
    completions: Sequence[Sequence[int]]


@ray.remote
class EngineActor:
    """One engine."""

    def __init__(
        self, folder: str, threads: int, engine: EngineConfig, model: ModelConfig, board: Any
    ):
        _use_threads(threads)
        from collate.engines.build import build_engine

        self._engine = build_engine(folder, engine, model)
        self._board = board

    def ready(self) -> str:
        return self._engine.name

    def generate(
        self, key: str, requests: Sequence[Request], agents: Mapping[str, AgentWeights]
    ) -> list[Completion]:
        return self._engine.generate(requests, agents, poster(self._board, key))


@ray.remote
class TorchActor:
    """The base model in torch: frozen to score with, perturbed, or tuned as an agent.

    One model is in memory at a time.
    """

    def __init__(self, folder: str, threads: int, model: ModelConfig, board: Any):
        _use_threads(threads)
        import collate.tuning.trainer  # noqa: F401 - takes long, and is needed sooner or later
        from collate.models import BaseModel

        self._folder, self._threads, self._board = folder, threads, board
        self._model = model
        self._base = BaseModel(folder, trust_remote_code=model.trust_remote_code)
        self._other: tuple[ScorerFolders, Any] | None = None
        """A scorer that is not the base, and which it is."""
        self._verifier: Any = None

    def ready(self) -> str:
        return "torch"

    def score(
        self,
        key: str,
        asked: Sequence[ToScore],
        config: RunConfig,
        scorer_folders: ScorerFolders | None,
    ) -> list[Score]:
        from collate.scoring.score_rationales import score_rationales

        scorer = self._scorer(config, scorer_folders) if config.scoring.likelihood else None
        return score_rationales(
            [one.question for one in asked], [r for one in asked for r in one.rationales],
            verifier=self._verifier_of(config.task), scorer=scorer,
            base_prompts={one.question.id: one.prompt_ids for one in asked},
            baseline_prompts={
                one.question.id: one.baseline_ids for one in asked if one.baseline_ids is not None
            },
            marker=config.task.marker, config=config.scoring,
        )  # fmt: skip

    def tune(self, key: str, job: TuningJob, config: RunConfig) -> None:
        from collate.tuning.tune import tune_agent

        if (job.folder / MADE).is_dir():  # by a process that died before it could say so
            return
        self._begin_torch()
        post = poster(self._board, key)
        with complete_folder(job.folder / MADE) as unfinished:
            tune_agent(
                self._base, job.start, job.examples, unfinished, agents=config.agents,
                config=job.tuning, seed=job.seed, checkpoints=job.folder,
                report=lambda step, steps: post(step, 0),
            )  # fmt: skip

    def read(self, key: str, asked: ToRead, config: RunConfig) -> list[float]:
        """Summed log-probabilities of the completions, in nats."""
        from collate.tuning.tune import read_completions

        self._begin_torch()
        return read_completions(
            self._base, asked.weights, asked.prompts, asked.completions, agents=config.agents,
            config=config.tuning,
        )  # fmt: skip

    def perturb(self, key: str, folder: Path, seed: int, config: RunConfig) -> None:
        if (folder / MADE).is_dir():
            return
        self._begin_torch()
        self._base.forget()
        with complete_folder(folder / MADE) as unfinished:
            load("agents", config.agents.perturbation)(
                self._folder, unfinished, agents=config.agents, seed=seed,
                trust_remote_code=self._model.trust_remote_code,
            )  # fmt: skip

    def _verifier_of(self, task: TaskConfig) -> Any:
        from collate.answers.verifier import Verifier

        wanted = task.answer_kind, task.marker.strip()
        if self._verifier is None or (self._verifier.kind, self._verifier.marker) != wanted:
            self._verifier = Verifier(*wanted)
        return self._verifier

    def _scorer(self, config: RunConfig, folders: ScorerFolders | None) -> Any:
        from collate.scoring.likelihood import LikelihoodScorer

        self._set_threads()
        if folders is None:
            self._other = None
            return LikelihoodScorer(
                self._base.loaded(self._model.dtype), self._base.tokenizer,
                batch_tokens=config.scoring.batch_tokens,
            )  # fmt: skip
        if self._other is None or self._other[0] != folders:
            self._base.forget()
            self._other = folders, load_scorer(folders, config)
        return self._other[1]

    def _begin_torch(self) -> None:
        """Make room for another model than a scorer of its own."""
        self._other = None
        self._set_threads()

    def _set_threads(self) -> None:
        """Use this process's threads, whose number begins anew in every thread of Python."""
        import torch

        torch.set_num_threads(self._threads)


def _use_threads(threads: int) -> None:
    """Ray sets this to the CPUs that were booked; the libraries read it when they are imported."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
