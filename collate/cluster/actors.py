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
from collate.cluster.progress import poster
from collate.config.schema import EngineConfig, ModelConfig, RunConfig, TaskConfig, TuningConfig
from collate.engines.protocol import Completion, Request
from collate.models.weights import FINISHED, AgentWeights, ResolvedModel
from collate.tables import Question, Rationale, Score, Step


@dataclass(frozen=True)
class TuningJob:
    """One agent to be tuned: how, from which weights, on which file of examples, and where.

    `tokens` bounds the completion tokens that it is tuned on. Checkpoints lie in the scratch folder
    until the tuned weights are there, as `FINISHED`.
    """

    agent: str
    start: AgentWeights
    examples: Path
    scratch: Path
    seed: int
    steps: int
    tuning: TuningConfig
    tokens: int | None = None


@dataclass(frozen=True)
class ScoreTask:
    """A question with the rationales to be scored, and the prompt to score them under.

    `baseline_ids` is the prompt without a rationale, None where that is the same.
    """

    question: Question
    rationales: Sequence[Rationale]
    prompt_ids: Sequence[int]
    baseline_ids: Sequence[int] | None = None


@dataclass(frozen=True)
class LogprobTask:
    """Completions whose log-probability is to be taken under an agent's weights and prompts."""

    weights: AgentWeights
    prompts: Sequence[Sequence[int]]
    completions: Sequence[Sequence[int]]


@dataclass(frozen=True)
class EnginePlan:
    """What an engine is made from: the base model's folder, and what agents put onto it."""

    folder: str
    threads: int
    engine: EngineConfig
    model: ModelConfig
    weights: str
    rank: int


@ray.remote
class EngineActor:
    """One engine."""

    def __init__(self, plan: EnginePlan, board: Any):
        # Before any import of torch or vLLM, which read the variable then.
        _use_threads(plan.threads)
        from collate.engines.build_engine import build_engine

        self._engine = build_engine(
            plan.folder, plan.engine, plan.model, weights=plan.weights, rank=plan.rank
        )
        self._board = board

    def ready(self) -> str:
        # Answered only after the constructor has ended, so that a start can be waited for.
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
        from collate.models.loading import BaseModel

        self._folder, self._threads, self._board = folder, threads, board
        self._model = model
        self._base = BaseModel(folder, trust_remote_code=model.trust_remote_code)
        self._other_scorer: tuple[ResolvedModel, Any] | None = None
        """A scorer that is not the base, and which model it is."""
        self._verifier: Any = None

    def ready(self) -> str:
        return "torch"

    def score(
        self,
        key: str,
        tasks: Sequence[ScoreTask],
        config: RunConfig,
        scorer_model: ResolvedModel | None,
    ) -> list[Score]:
        """Scores of all rationales, task by task."""
        from collate.scoring.score_rationales import score_rationales

        scorer = self._scorer(config, scorer_model) if config.scoring.likelihood else None
        return score_rationales(
            [task.question for task in tasks],
            [rationale for task in tasks for rationale in task.rationales],
            verifier=self._verifier_of(config.task),
            scorer=scorer,
            base_prompts={task.question.id: task.prompt_ids for task in tasks},
            baseline_prompts={
                task.question.id: task.baseline_ids
                for task in tasks
                if task.baseline_ids is not None
            },
            marker=config.task.marker,
            config=config.scoring,
        )

    def tune(self, key: str, job: TuningJob, config: RunConfig) -> None:
        """Tune one agent; its weights lie in the job's scratch folder afterwards."""
        from collate.tuning.tune_agent import tune_agent

        finished = job.scratch / FINISHED
        if finished.is_dir():  # by a process that died before it could say so
            return
        self._make_room()
        post_progress = poster(self._board, key)

        def report(step: Step, steps: int) -> None:
            step_numbers = {
                "step": step.step, "steps": steps, "loss": step.loss, "margin": step.margin,
                "accuracy": step.accuracy, "learning_rate": step.learning_rate,
                "grad_norm": step.grad_norm, "tokens": step.tokens,
            }  # fmt: skip
            post_progress(step.step, 0, step_numbers)

        # The folder appears whole: that it is there is what counts as finished above.
        with complete_folder(finished) as unfinished:
            tune_agent(
                self._base, job.start, job.examples, unfinished, agents=config.agents,
                config=job.tuning, seed=job.seed, tokens=job.tokens, checkpoints=job.scratch,
                report=report,
            )  # fmt: skip

    def logprobs(self, key: str, task: LogprobTask, config: RunConfig) -> list[float]:
        """Summed log-probabilities of the completions, in nats."""
        from collate.tuning.tune_agent import policy_logprobs

        self._make_room()
        return policy_logprobs(
            self._base, task.weights, task.prompts, task.completions, agents=config.agents,
            config=config.tuning,
        )  # fmt: skip

    def perturb(self, key: str, scratch: Path, seed: int, config: RunConfig) -> None:
        """Write noisy copies of the base's weights into a scratch folder."""
        from collate.agents.noise import write_noisy_weights

        finished = scratch / FINISHED
        if finished.is_dir():
            return
        self._make_room()
        self._base.forget()
        with complete_folder(finished) as unfinished:
            # It loads a model of its own, in float32, and changes it; hence `forget` above.
            write_noisy_weights(
                self._folder, unfinished, agents=config.agents, seed=seed,
                trust_remote_code=self._model.trust_remote_code,
            )  # fmt: skip

    def _verifier_of(self, task: TaskConfig) -> Any:
        from collate.answers.verifier import Verifier

        verifier = Verifier.for_task(task)
        # Kept from call to call, with the child processes that it has started.
        if self._verifier is None or not self._verifier.reads_like(verifier):
            self._verifier = verifier
        return self._verifier

    def _scorer(self, config: RunConfig, model: ResolvedModel | None) -> Any:
        """The base, or another model that scores in its place."""
        from collate.models.loading import load_resolved, load_tokenizer
        from collate.models.stopping import stopping_of
        from collate.scoring.likelihood import LikelihoodScorer

        self._set_threads()
        batch_tokens = config.scoring.batch_tokens
        if model is None:
            self._other_scorer = None
            base_model = self._base
            return LikelihoodScorer(
                base_model.loaded(self._model.dtype), base_model.tokenizer, base_model.stopping,
                batch_tokens=batch_tokens,
            )  # fmt: skip
        if self._other_scorer is None or self._other_scorer[0] != model:
            self._base.forget()
            tokenizer = load_tokenizer(model.folder, trust_remote_code=model.trust_remote_code)
            scorer = LikelihoodScorer(
                load_resolved(model, dtype=self._model.dtype), tokenizer,
                stopping_of(model.folder, tokenizer), batch_tokens=batch_tokens,
            )  # fmt: skip
            # Kept from call to call, so that it is loaded once a round and not once a block.
            self._other_scorer = model, scorer
        return self._other_scorer[1]

    def _make_room(self) -> None:
        """Let a scorer that is not the base go, for another model than it."""
        self._other_scorer = None
        self._set_threads()

    def _set_threads(self) -> None:
        """Use this process's threads, whose number begins anew in every thread of Python."""
        import torch

        torch.set_num_threads(self._threads)


def _use_threads(threads: int) -> None:
    """Ray sets this to the CPUs that were booked; the libraries read it when they are imported."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
