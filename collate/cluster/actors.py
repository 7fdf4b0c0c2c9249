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
from collate.scoring.model import ScorerFolders, load_scorer
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
    """A question with the rationales to be scored, and the prompt to score them under.

    `baseline_ids` is the prompt without a rationale, None where that is the same.
    """

    question: Question
    rationales: Sequence[Rationale]
    prompt_ids: Sequence[int]
    baseline_ids: Sequence[int] | None = None


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

    Only one of them is in memory at a time. `scorer` says what scores instead of the base.
    """

    def __init__(
        self,
        folder: str,
        threads: int,
        config: RunConfig,
        board: Any,
        scorer: ScorerFolders | None = None,
    ):
        _use_threads(threads)
        import collate.tuning.trainer  # noqa: F401 - takes long, and is needed sooner or later

        self._folder, self._threads, self._config, self._board = folder, threads, config, board
        self._scorer_folders = scorer or ScorerFolders(Path(folder))
        self._verifier: Any = None
        self._scorer: Any = None

    def ready(self) -> str:
        return "torch"

    def score(self, key: str, asked: Sequence[ToScore]) -> list[Score]:
        from collate.scoring import Verifier, score_rationales

        config = self._config
        if self._verifier is None:
            self._verifier = Verifier(config.task.answer_kind, config.task.marker)
        if self._scorer is None and config.scoring.likelihood:
            self._begin_torch()
            self._scorer = load_scorer(self._scorer_folders, config)
        return score_rationales(
            [one.question for one in asked], [r for one in asked for r in one.rationales],
            verifier=self._verifier, scorer=self._scorer,
            base_prompts={one.question.id: one.prompt_ids for one in asked},
            baseline_prompts={
                one.question.id: one.baseline_ids for one in asked if one.baseline_ids is not None
            },
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
                self._folder, job.start, job.examples, unfinished, agents=self._config.agents,
                model=self._config.model, config=self._config.tuning, seed=job.seed,
                checkpoints=job.folder, report=lambda step, steps: post(step, 0),
            )  # fmt: skip

    def perturb(self, key: str, folder: Path, seed: int) -> None:
        if (folder / MADE).is_dir():
            return
        self._begin_torch()
        with complete_folder(folder / MADE) as unfinished:
            write_noisy_weights(
                self._folder, unfinished, agents=self._config.agents, seed=seed,
                trust_remote_code=self._config.model.trust_remote_code,
            )  # fmt: skip

    def _begin_torch(self) -> None:
        """Make room for another model, with the threads that this thread of Python shall use."""
        import torch

        self._scorer = None
        torch.set_num_threads(self._threads)


def _use_threads(threads: int) -> None:
    """Ray sets this to the CPUs that were booked; the libraries read it when they are imported."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
