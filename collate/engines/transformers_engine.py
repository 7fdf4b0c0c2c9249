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
from collate.engines.agent_weights import (
    fitting_adapter,
    indices_by_weights,
    requested_agents,
    whole_weights,
)
from collate.engines.decoding import Decoding
from collate.engines.limits import Limits
from collate.engines.protocol import Completion, Progress, Request
from collate.errors import EngineError
from collate.models.loading import load_causal_lm
from collate.models.weights import BASE, AgentWeights
from collate.tables import digest


class TransformersEngine:
    """An engine over transformers and PEFT, in the calling process."""

    name = "transformers"

    def __init__(self, model_folder: str, config: EngineConfig, model: ModelConfig):
        self._folder, self._batch_rows = model_folder, config.batch
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
        # PEFT freezes the base when the first adapter comes. Frozen weights take other kernels, so
        # that the last bits of log-probabilities would depend on what was written before.
        self._model.requires_grad_(False)
        self._peft: Any = None
        self._adapter_names: set[str] = set()
        # Digest of the weights below any adapter; None while they are being overwritten.
        self._live_base: str | None = BASE

    def generate(
        self,
        requests: Sequence[Request],
        agents: Mapping[str, AgentWeights],
        progress: Progress | None = None,
    ) -> list[Completion]:
        """See `Engine.generate`. Adapters of agents that are not in `agents` are let go."""
        # Both before anything is written: no request may lack weights or room.
        requested_agents(requests, agents)
        rooms = [self._limits.room(request) for request in requests]
        self._forget_adapters(except_of=agents)
        completions: dict[int, Completion] = {}
        tokens = 0
        for weights, indices in indices_by_weights(requests, agents, self._live_base):
            # Prompts of about one length make batches with little padding.
            indices.sort(key=lambda index: (len(requests[index].prompt_ids), index))
            with torch.no_grad(), self._speaking_as(weights):
                for start in range(0, len(indices), self._batch_rows):
                    batch_indices = indices[start : start + self._batch_rows]
                    batch_completions = self._write(
                        [requests[i] for i in batch_indices], [rooms[i] for i in batch_indices]
                    )
                    completions.update(zip(batch_indices, batch_completions, strict=True))
                    tokens += sum(len(completion.token_ids) for completion in batch_completions)
                    if progress is not None:
                        progress(len(completions), tokens)
        return [completions[index] for index in range(len(requests))]

    def close(self) -> None:
        """Let the model go."""
        self._model = self._peft = None

    def _write(self, requests: Sequence[Request], rooms: Sequence[int]) -> list[Completion]:
        decoding = Decoding(self._model, requests, rooms)
        decoding.run(self._limits.is_complete)
        completions = []
        for row, request in enumerate(requests):
            token_ids, logprob = decoding.token_ids[row], decoding.logprobs[row]
            completions.append(self._limits.completion(request, token_ids, logprob))
        return completions

    def _speaking_as(self, weights: AgentWeights) -> AbstractContextManager[Any]:
        """A context in which the model is this agent."""
        if weights.kind == "adapter":
            # An adapter belongs on the base model, not on the whole weights of another agent.
            self._write_base(AgentWeights.base(BASE))
            peft_name = self._load_adapter(weights)
            self._peft.set_adapter(peft_name)
            return nullcontext()
        self._write_base(weights)
        return nullcontext() if self._peft is None else self._peft.disable_adapter()

    def _write_base(self, weights: AgentWeights) -> None:
        """Copy whole weights into the model, below any adapter, unless they are there already."""
        if weights.digest == self._live_base:
            return
        tensors = whole_weights(self._folder, weights)
        # PEFT renames the layers that it adapts.
        live_tensors = {
            name.replace(".base_layer.", "."): tensor
            for name, tensor in self._model.state_dict().items()
        }
        self._live_base = None
        with torch.no_grad():
            for name, tensor in tensors:
                if name not in live_tensors:
                    raise EngineError(
                        f"agent {weights.agent!r}: the model has no tensor {name}; full weights of "
                        "this architecture need engine.kind=vllm"
                    )
                live_tensors[name].copy_(tensor)
        self._live_base = weights.digest

    def _load_adapter(self, weights: AgentWeights) -> str:
        peft_name = adapter_name(weights)
        if peft_name in self._adapter_names:
            return peft_name
        _, folder = fitting_adapter(self._folder, weights)
        if self._peft is None:
            self._peft = PeftModel.from_pretrained(self._model, folder, adapter_name=peft_name)
        else:
            self._peft.load_adapter(folder, adapter_name=peft_name)
        self._peft.eval()
        self._adapter_names.add(peft_name)
        return peft_name

    def _forget_adapters(self, except_of: Mapping[str, AgentWeights]) -> None:
        needed_names = {adapter_name(weights) for weights in except_of.values()}
        stale_names = self._adapter_names - needed_names
        if not stale_names:
            return
        if stale_names == self._adapter_names:
            self._model, self._peft = self._peft.unload(), None
        else:
            for name in sorted(stale_names):
                self._peft.delete_adapter(name)
        self._adapter_names -= stale_names


def adapter_name(weights: AgentWeights) -> str:
    """A name for PEFT's own use, decided by the weights alone; PEFT forbids dots in names."""
    return f"agent_{digest('adapter', weights.digest)}"
