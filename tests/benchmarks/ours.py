"""collate's own stages as arms: the engine, the scorer and the tuner, alone or as a whole round."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collate.agents.adapters import new_adapter
from collate.cluster.actors import ScoreTask, TuningJob
from collate.cluster.workers import Workers
from collate.config.schema import AgentsConfig, EngineConfig, ModelConfig, RunConfig, TuningConfig
from collate.engines.protocol import Completion, Request
from collate.models.loading import load_causal_lm, load_tokenizer
from collate.models.stopping import stopping_of
from collate.models.weights import FINISHED, AgentWeights
from collate.tables import Score
from tests.benchmarks.rivals import Ids, adapter_numbers


class Engine:
    """collate's vLLM engine in the arm's process."""

    def __init__(self, folder: str, config: EngineConfig):
        from collate.engines.vllm_engine import VllmEngine, default_hosting

        class Forced(VllmEngine):
            forced = False

            def _params(self, request: Request) -> Any:
                params = super()._params(request)
                if self.forced:
                    params.ignore_eos, params.stop_token_ids = True, []
                return params

        agents = AgentsConfig()
        self._engine = Forced(
            folder, config, ModelConfig(dtype="float32"), rank=agents.rank,
            hosting=default_hosting(agents.weights),
        )  # fmt: skip

    def generate(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights]
    ) -> dict[str, tuple[int, ...]]:
        """Each request's tokens by its key."""
        return {one.key: one.token_ids for one in self._engine.generate(requests, agents)}

    def forced(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights]
    ) -> dict[str, tuple[int, ...]]:
        """As many tokens for each request as it allows, whatever the model would stop at.

        No prefix is cached when it begins.
        """
        self._engine._llm.reset_prefix_cache()
        self._engine.forced = True
        try:
            return self.generate(requests, agents)
        finally:
            self._engine.forced = False

    def close(self) -> None:
        self._engine.close()


class Scorer:
    """collate's likelihood scorer in the arm's process."""

    def __init__(self, folder: str, batch_tokens: int):
        from collate.scoring.likelihood import LikelihoodScorer

        tokenizer = load_tokenizer(folder)
        self._scorer = LikelihoodScorer(
            load_causal_lm(folder, dtype="float32"), tokenizer, stopping_of(folder, tokenizer),
            batch_tokens=batch_tokens,
        )  # fmt: skip

    def score(
        self, prompts: Sequence[Ids], texts: Sequence[Sequence[str]], golds: Sequence[str]
    ) -> list[float]:
        """Summed log-probabilities, in nats, question by question."""
        scored = self._scorer.score(prompts, texts, golds, marker="####")
        return [one.sum_logprob for row in scored for one in row]


class Tuner:
    """collate's tuning of one agent in the arm's process."""

    def __init__(self, folder: str):
        import collate.tuning.trainer  # noqa: F401 - its import is part of the start

        self._folder, self._tokenizer = folder, load_tokenizer(folder)

    def tune(
        self, examples: Sequence[dict[str, Any]], agents: AgentsConfig, config: TuningConfig
    ) -> tuple[list[float], list[float]]:
        """Losses of all steps, and the tuned adapter's numbers."""
        from collate.tuning.trainer import train

        model = new_adapter(load_causal_lm(self._folder, dtype="float32"), agents, seed=0)
        with tempfile.TemporaryDirectory() as scratch:
            steps = train(model, self._tokenizer, examples, config, seed=0, scratch=Path(scratch))
        return [step.loss for step in steps], adapter_numbers(model)


class Round:
    """The stages of a round as `collate run` has them done: Ray, its actors, their queue."""

    def __init__(self, folder: str, config: RunConfig):
        self._config, self._folder = config, folder
        self._workers = Workers(config, Path(folder)).__enter__()
        self._workers.start()

    def generate(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights]
    ) -> list[Completion]:
        completions: list[Completion] = []
        self._workers.generate(
            [requests], agents, _silent, on_completions=lambda _, some: completions.extend(some)
        )
        return completions

    def score(self, tasks: Sequence[ScoreTask]) -> list[Score]:
        scores: list[Score] = []
        self._workers.score([tasks], _silent, on_scores=lambda _, some: scores.extend(some))
        return scores

    def tune(self, jobs: Sequence[TuningJob]) -> list[Path]:
        """Where each job's weights and curves lie."""
        self._workers.tune(jobs, _silent)
        return [job.scratch / FINISHED for job in jobs]

    def close(self) -> None:
        self._workers.__exit__(None, None, None)


def _silent(units: int, tokens: int) -> None:
    pass
