"""The transformers engine: no further package needed, any model that transformers can run.

Batches of up to `engine.batch` rows, left-padded, one agent at a time. Adapters are PEFT adapters
on one base model; full weights are copied into it. On the same prompts and in float32 its greedy
tokens and log-probabilities are vLLM's.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from peft import PeftModel

from collate.config.schema import EngineConfig, ModelConfig
from collate.engines.decoding import Decoding
from collate.engines.limits import Limits
from collate.engines.protocol import Completion, Progress, Request, groups_by_weights, used_agents
from collate.errors import EngineError
from collate.models import load_causal_lm
from collate.models.checkpoints import agent_state, check_adapter
from collate.models.weights import AgentWeights
from collate.tables import digest

BASE = "base"


class TransformersEngine:
    """An engine over transformers and PEFT, in the calling process."""

    name = "transformers"

    def __init__(self, model_folder: str, config: EngineConfig, model: ModelConfig):
        self._folder, self._batch = model_folder, config.batch
        trust = model.trust_remote_code
        self._limits = Limits(model_folder, config.max_length, trust_remote_code=trust)
        if config.threads:
            torch.set_num_threads(config.threads)
        try:
            self._model: Any = load_causal_lm(
                model_folder, dtype=model.dtype, trust_remote_code=trust
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise EngineError(
                f"the model in {model_folder} could not be loaded: {error}"
            ) from error
        self._peft: Any = None
        self._adapters: set[str] = set()
        self._live_base: str | None = BASE

    def generate(
        self,
        requests: Sequence[Request],
        agents: Mapping[str, AgentWeights],
        progress: Progress | None = None,
    ) -> list[Completion]:
        """See `Engine.generate`. Adapters of agents that are not in `agents` are let go."""
        used_agents(requests, agents)
        rooms = [self._limits.room(request) for request in requests]
        self._forget_adapters(except_of=agents)
        completions: dict[int, Completion] = {}
        tokens = 0
        for weights, places in groups_by_weights(requests, agents, self._live_base):
            with torch.no_grad(), self._speaking_as(weights):
                by_length = sorted(places, key=lambda p: (len(requests[p].prompt_ids), p))
                for start in range(0, len(by_length), self._batch):
                    batch = by_length[start : start + self._batch]
                    written = self._write([requests[p] for p in batch], [rooms[p] for p in batch])
                    completions.update(zip(batch, written, strict=True))
                    tokens += sum(len(c.token_ids) for c in written)
                    if progress is not None:
                        progress(len(completions), tokens)
        return [completions[place] for place in range(len(requests))]

    def close(self) -> None:
        """Let the model go."""
        self._model = self._peft = None

    def _write(self, requests: Sequence[Request], rooms: Sequence[int]) -> list[Completion]:
        def is_last(token_ids: Sequence[int]) -> bool:
            return token_ids[-1] in self._limits.stop_ids or self._limits.ends_with_stop_text(
                token_ids
            )

        decoding = Decoding(self._model, requests, rooms)
        decoding.run(is_last)
        return [
            self._limits.completion(request, ids, logprob)
            for request, ids, logprob in zip(
                requests, decoding.token_ids, decoding.logprobs, strict=True
            )
        ]

    def _speaking_as(self, weights: AgentWeights) -> AbstractContextManager[Any]:
        """A context in which the model is this agent."""
        if weights.kind == "adapter":
            self._write_base(AgentWeights.base(BASE))
            name = self._load_adapter(weights)
            self._peft.set_adapter(name)
            return nullcontext()
        self._write_base(weights)
        return nullcontext() if self._peft is None else self._peft.disable_adapter()

    def _write_base(self, weights: AgentWeights) -> None:
        """Copy whole weights into the model, below any adapter, unless they are there already."""
        if weights.digest == self._live_base:
            return
        state = agent_state(self._folder, weights)
        live = {
            name.replace(".base_layer.", "."): tensor
            for name, tensor in self._model.state_dict().items()
        }
        self._live_base = None
        with torch.no_grad():
            for name, tensor in state:
                if name not in live:
                    raise EngineError(
                        f"agent {weights.agent!r}: the model has no tensor {name}; full weights of "
                        "this architecture need engine.kind=vllm"
                    )
                live[name].copy_(tensor)
        self._live_base = weights.digest

    def _load_adapter(self, weights: AgentWeights) -> str:
        name = adapter_name(weights)
        if name in self._adapters:
            return name
        if weights.folder is None:
            raise EngineError(f"agent {weights.agent!r}: weights of kind 'adapter' need a folder")
        check_adapter(self._folder, weights.folder)
        if self._peft is None:
            self._peft = PeftModel.from_pretrained(self._model, weights.folder, adapter_name=name)
        else:
            self._peft.load_adapter(weights.folder, adapter_name=name)
        self._peft.eval()
        self._adapters.add(name)
        return name

    def _forget_adapters(self, except_of: Mapping[str, AgentWeights]) -> None:
        wanted = {adapter_name(weights) for weights in except_of.values()}
        stale = self._adapters - wanted
        if not stale:
            return
        if stale == self._adapters:
            self._model, self._peft = self._peft.unload(), None
        else:
            for name in sorted(stale):
                self._peft.delete_adapter(name)
        self._adapters -= stale


def adapter_name(weights: AgentWeights) -> str:
    """A name for PEFT's own use, decided by the weights alone; PEFT forbids dots in names."""
    return f"agent_{digest('adapter', weights.digest)}"
