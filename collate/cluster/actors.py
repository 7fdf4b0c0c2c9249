"""What runs in processes of its own: an engine, and the work that torch does.

Libraries are imported in the methods that need them, so that the driver need not import them.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from collate.agents.noise import write_noisy_weights
from collate.cluster.board import poster
from collate.commit import complete_folder
from collate.config.schema import EngineConfig, ModelConfig, RunConfig
from collate.engines.protocol import AgentWeights, Completion, Request
from collate.tables import Question, Rationale, Score

MADE = "made"
"""Where in a workplace the weights are that were to be made, once they are whole."""


@dataclass(frozen=True)
class TuningJob:
    """One agent to be tuned: from which weights, on which file of examples, at which workplace.

    Checkpoints lie at the workplace until the tuned weights are there, as `MADE`.
    """

    agent: str
    start: AgentWeights
    examples: Path
    folder: Path
    seed: int
    steps: int


@dataclass(frozen=True)
class ToScore:
    """A question with the rationales to be scored, and the prompt to score them under."""

    question: Question
    rationales: Sequence[Rationale]
    prompt_ids: Sequence[int]


@ray.remote
class EngineActor:
    """One engine."""

    def __init__(
        self, folder: str, threads: int, engine: EngineConfig, model: ModelConfig, board: Any
    ):
        _use_threads(threads)
        from collate.engines import build_engine

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

    def __init__(self, folder: str, threads: int, config: RunConfig, board: Any):
        _use_threads(threads)
        import collate.tuning.trainer  # noqa: F401 - takes long, and is needed sooner or later
        from collate.models import BaseModel

        self._folder, self._threads, self._config, self._board = folder, threads, config, board
        self._base = BaseModel(folder, trust_remote_code=config.model.trust_remote_code)
        self._verifier: Any = None

    def ready(self) -> str:
        return "torch"

    def score(self, key: str, asked: Sequence[ToScore]) -> list[Score]:
        from collate.scoring import Verifier, score_rationales

        config = self._config
        if self._verifier is None:
            self._verifier = Verifier(config.task.answer_kind, config.task.marker)
        return score_rationales(
            [one.question for one in asked], [r for one in asked for r in one.rationales],
            verifier=self._verifier, scorer=self._scorer() if config.scoring.likelihood else None,
            base_prompts={one.question.id: one.prompt_ids for one in asked},
            marker=config.task.marker, config=config.scoring,
        )  # fmt: skip

    def tune(self, key: str, job: TuningJob) -> None:
        from collate.tuning.tune import tune_agent

        if (job.folder / MADE).is_dir():  # by a process that died before it could say so
            return
        self._begin_torch()
        post = poster(self._board, key)
        with complete_folder(job.folder / MADE) as unfinished:
            tune_agent(
                self._base, job.start, job.examples, unfinished, agents=self._config.agents,
                config=self._config.tuning, seed=job.seed, checkpoints=job.folder,
                report=lambda step, steps: post(step, 0),
            )  # fmt: skip

    def perturb(self, key: str, folder: Path, seed: int) -> None:
        if (folder / MADE).is_dir():
            return
        self._begin_torch()
        self._base.forget()
        with complete_folder(folder / MADE) as unfinished:
            write_noisy_weights(
                self._folder, unfinished, agents=self._config.agents, seed=seed,
                trust_remote_code=self._config.model.trust_remote_code,
            )  # fmt: skip

    def _scorer(self) -> Any:
        from collate.scoring import LikelihoodScorer

        self._begin_torch()
        config = self._config
        return LikelihoodScorer(
            self._base.loaded(config.model.dtype), self._base.tokenizer,
            batch_tokens=config.scoring.batch_tokens,
        )  # fmt: skip

    def _begin_torch(self) -> None:
        """Use this process's threads, whose number begins anew in every thread of Python."""
        import torch

        torch.set_num_threads(self._threads)


def _use_threads(threads: int) -> None:
    """Ray sets this to the CPUs that were booked; the libraries read it when they are imported."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
