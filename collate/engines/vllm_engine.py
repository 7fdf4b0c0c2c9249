"""The vLLM engine, inside the calling process.

It hosts agents in one of two ways. `adapter`: vLLM's multi-LoRA, all agents' requests in one batch.
`swap`: an agent's merged weights are written into the live engine, agent by agent, which on a CPU
is several times faster than its LoRA kernels.

In-process (`VLLM_ENABLE_V1_MULTIPROCESSING=0`) is what lets weights be handed over as tensors; it
also means that vLLM's changes to torch's threads and to the environment stay with this process.
"""

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import set_num_threads  # vLLM replaces torch's own by one that does nothing

from collate.config.schema import EngineConfig, ModelConfig
from collate.engines.agent_weights import (
    fitting_adapter,
    indices_by_weights,
    requested_agents,
    whole_weights,
)
from collate.engines.limits import Limits
from collate.engines.protocol import Completion, Hosting, Progress, Request
from collate.errors import CollateError, EngineError, WorkerDiedError
from collate.models.weights import BASE, AgentWeights

MAX_LORAS = 8
"""Adapters in one batch; requests of further agents wait in vLLM's queue."""
LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM makes room for."""
CPU_BLOCK = 32
"""Tokens in a cache block on a CPU. vLLM's 128 shares no prefix of a shorter prompt."""
CPU_PREFILL_TOKENS = 4096
"""Prompt tokens in one step on a CPU, at least."""


class VllmEngine:
    """An engine over vLLM. One a process.

    With `hosting=adapter` there is room for adapters of up to `rank`.
    """

    name = "vllm"

    def __init__(
        self,
        model_folder: str,
        config: EngineConfig,
        model: ModelConfig,
        *,
        rank: int,
        hosting: Hosting,
    ):
        on_gpu = torch.cuda.is_available()
        self._folder, self._hosting, self._max_rank = model_folder, hosting, rank
        prepare_environment(on_gpu=on_gpu, compile=config.compile)
        trust = model.trust_remote_code
        self._limits = Limits(model_folder, config.max_length, trust_remote_code=trust)
        self._threads = 0 if on_gpu else config.threads or len(os.sched_getaffinity(0))
        self._use_threads()
        arguments = engine_arguments(config, model, self._limits.max_length, on_gpu=on_gpu)
        if hosting == "adapter":
            arguments |= adapter_arguments(rank)
        with _as_engine_error(f"vLLM could not start with the model in {model_folder}"):
            from vllm import LLM

            self._llm: Any = LLM(model_folder, **arguments)
            if not on_gpu:
                _leave_out_ranks()
        # Digest of the weights in place; None while they are being overwritten.
        self._live: str | None = BASE
        self._adapters: dict[str, Any] = {}
        self._request_numbers = itertools.count()

    def generate(
        self,
        requests: Sequence[Request],
        agents: Mapping[str, AgentWeights],
        progress: Progress | None = None,
    ) -> list[Completion]:
        """See `Engine.generate`. Swapping writes each set of weights at most once a call."""
        self._use_threads()
        requested = requested_agents(requests, agents)
        for request in requests:
            self._limits.room(request)  # every prompt is checked before the first is computed
        adapters = {name: self._adapter(weights) for name, weights in requested.items()}
        completions: dict[int, Completion] = {}
        tokens_so_far = 0
        for weights, indices in self._in_turn(requests, agents):
            if weights is not None:
                self._swap_to(weights)
            request_by_index = {index: requests[index] for index in indices}
            for index, output in self._outputs(request_by_index, adapters):
                completion = self._limits.completion(
                    requests[index], output.token_ids, output.cumulative_logprob
                )
                completions[index] = completion
                tokens_so_far += len(completion.token_ids)
                if progress is not None:
                    progress(len(completions), tokens_so_far)
        return [completions[index] for index in range(len(requests))]

    def _in_turn(
        self, requests: Sequence[Request], agents: Mapping[str, AgentWeights]
    ) -> list[tuple[AgentWeights | None, list[int]]]:
        """Indices of the requests that are written together, with the weights to swap in first."""
        if self._hosting == "adapter":
            return [(None, list(range(len(requests))))]
        return list(indices_by_weights(requests, agents, self._live))

    def close(self) -> None:
        """Shut vLLM down and give its memory back."""
        from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

        self._llm.llm_engine.engine_core.shutdown()
        self._llm = None
        cleanup_dist_env_and_memory()

    def _use_threads(self) -> None:
        """Set the calling thread's OpenMP threads, which begin anew in every Python thread.

        vLLM's CPU kernels stop the process when these change after its start.
        """
        if self._threads:
            set_num_threads(self._threads)

    def _outputs(
        self, requests: Mapping[int, Request], adapters: Mapping[str, Any]
    ) -> Iterator[tuple[int, Any]]:
        """(index, output) of each request, as it finishes; none is left running on an error.

        `adapters` has vLLM's handle of each agent's adapter.
        """
        llm_engine = self._llm.llm_engine
        index_by_name: dict[str, int] = {}
        # vLLM gives up its engine on any error inside a step: only a new process can go on.
        failure_text = f"vLLM failed while writing {len(requests)} rationales"
        with _as_engine_error(failure_text, WorkerDiedError):
            from vllm.inputs import tokens_input

            try:
                for index, request in requests.items():
                    request_id = str(next(self._request_numbers))
                    prompt = tokens_input(list(request.prompt_ids))
                    sampling_params = self._params(request)
                    index_by_name[request_id] = index
                    llm_engine.add_request(
                        request_id, prompt, sampling_params, lora_request=adapters[request.agent]
                    )
                while index_by_name:
                    if not llm_engine.has_unfinished_requests():
                        raise EngineError(
                            f"vLLM ended without {len(index_by_name)} of the requests"
                        )
                    for output in llm_engine.step():
                        if output.finished and output.request_id in index_by_name:
                            yield index_by_name.pop(output.request_id), output.outputs[0]
            finally:
                if index_by_name:
                    llm_engine.abort_request(list(index_by_name))

    def _params(self, request: Request) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        stopping = self._limits.stopping
        return SamplingParams(
            temperature=request.temperature,
            top_p=request.top_p,
            seed=request.seed,
            max_tokens=self._limits.room(request),
            stop_token_ids=sorted(stopping.stop_ids),
            stop=list(stopping.stop_texts),
            # vLLM finds stop texts in text that it decodes; without any, `Limits` decodes once at
            # the end.
            detokenize=bool(stopping.stop_texts),
            # The sampled token's own and no others.
            logprobs=0,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def _adapter(self, weights: AgentWeights) -> Any:
        """vLLM's handle of an agent's adapter; None for the base model, and always when swapping.

        Name, id and path of a handle are never used for other weights: vLLM's prefix cache is keyed
        by them, and re-use serves what the former weights computed (vllm #42125, #48312).
        """
        if self._hosting == "swap" or weights.kind == BASE:
            return None
        if weights.kind != "adapter":
            raise EngineError(
                f"agent {weights.agent!r} has weights of kind {weights.kind!r}, but this engine "
                "was started for adapters; set agents.weights=full"
            )
        lora_name = f"{weights.agent}@{weights.digest}"
        if lora_name not in self._adapters:
            from vllm.lora.request import LoRARequest

            adapter, folder = fitting_adapter(self._folder, weights)
            if adapter.rank > self._max_rank:
                raise EngineError(
                    f"agent {weights.agent!r} has an adapter of rank {adapter.rank}, but the "
                    f"engine has room for rank {self._max_rank}; set agents.rank={adapter.rank}"
                )
            # Ids begin at 1: vLLM refuses 0.
            self._adapters[lora_name] = LoRARequest(lora_name, len(self._adapters) + 1, folder)
        return self._adapters[lora_name]

    def _swap_to(self, weights: AgentWeights) -> None:
        """Make the live weights this agent's, and forget every cached prefix of the former."""
        if weights.digest == self._live:
            return
        tensors = whole_weights(self._folder, weights)
        self._live = None
        with _as_engine_error(f"the weights of agent {weights.agent!r} could not be written"):
            self._llm.collective_rpc("reload_weights", kwargs={"weights_iterator": tensors})
            self._llm.apply_model(_renew_tied_heads)
            if not self._llm.reset_prefix_cache():
                raise EngineError("vLLM kept its prefix cache: requests are still running")
        self._live = weights.digest


def _leave_out_ranks() -> None:
    """Keep vLLM from counting how many tokens are likelier than each one that was sampled.

    It does so wherever a log-probability is asked for, by comparing with the whole vocabulary;
    nobody asks for the count, which on a CPU is 3.5 % of what an engine does (9 ms of a step of
    128 rows).
    """
    from vllm.v1.sample import sampler

    def no_ranks(x: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(values), dtype=torch.int64)

    sampler.batched_count_greater_than = no_ranks


def _renew_tied_heads(model: torch.nn.Module) -> None:
    """Pack the weights of tied layers again, which on a CPU are copies that a reload leaves old.

    Without it an agent whose embeddings differ from the base model's would read with its own and
    write with those that the engine started with (vLLM 0.32).
    """
    layers_by_weight: dict[int, list[Any]] = {}
    for layer in model.modules():
        if isinstance(weight := getattr(layer, "weight", None), torch.nn.Parameter):
            layers_by_weight.setdefault(id(weight), []).append(layer)
    for sharing_layers in layers_by_weight.values():
        for layer in sharing_layers if len(sharing_layers) > 1 else ():
            layer.quant_method.process_weights_after_loading(layer)


def default_hosting(weights: str) -> Hosting:
    """How agents are hosted here whose weights are `weights` (see `agents.weights`)."""
    return "adapter" if torch.cuda.is_available() and weights == "adapter" else "swap"


def prepare_environment(*, on_gpu: bool, compile: bool) -> None:
    """What vLLM reads from the environment, set before it is imported."""
    os.environ.update(VLLM_ENABLE_V1_MULTIPROCESSING="0", VLLM_NO_USAGE_STATS="1", DO_NOT_TRACK="1")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    if on_gpu:
        return
    # engine.cache_gib is passed as an argument; the variable would override it.
    os.environ.pop("VLLM_CPU_KVCACHE_SPACE", None)
    # vLLM may keep a core free of OpenMP threads; `engine.threads` says how many there are.
    os.environ["VLLM_CPU_NUM_OF_RESERVED_CPU"] = "0"
    if not compile:
        # Log-probabilities make vLLM compile a counting kernel: 40 s at first, and no faster then.
        os.environ["TORCHDYNAMO_DISABLE"] = "1"


def cpu_multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16 products.

    With them an engine wrote 436 tokens/s where float32 made 298; without them, 38 instead of 239.
    """
    capabilities = torch.cpu.get_capabilities()
    return any(bool(capabilities.get(name)) for name in ("avx512_bf16", "amx_bf16"))


def engine_arguments(
    config: EngineConfig, model: ModelConfig, max_length: int, *, on_gpu: bool
) -> dict[str, Any]:
    """The arguments of `vllm.LLM`."""
    arguments: dict[str, Any] = {
        "dtype": model.dtype,
        "trust_remote_code": model.trust_remote_code,
        "max_model_len": max_length,
        "max_num_seqs": config.batch,
        "enable_prefix_caching": True,
        "enforce_eager": not config.compile,
        "use_tqdm_on_load": False,
        "disable_log_stats": True,
    }
    if model.dtype == "auto":
        arguments["dtype"] = "bfloat16" if on_gpu or cpu_multiplies_bfloat16() else "float32"
    if on_gpu:
        return arguments | {"gpu_memory_utilization": config.gpu_memory}
    # A chunked prefill rewinds a seeded generator, which torch's CPU generators cannot do.
    return arguments | {
        "enable_chunked_prefill": False,
        # Without chunks the longest prompt has to fit into one step.
        "max_num_batched_tokens": max(max_length, CPU_PREFILL_TOKENS),
        "block_size": CPU_BLOCK,
        "kv_cache_memory_bytes": int(config.cache_gib * 2**30),
    }


def adapter_arguments(rank: int) -> dict[str, Any]:
    """The arguments of `vllm.LLM` that make room for adapters of up to a rank."""
    rank_room = next((possible for possible in LORA_RANKS if possible >= rank), LORA_RANKS[-1])
    return {"enable_lora": True, "max_loras": MAX_LORAS, "max_lora_rank": rank_room}


@contextmanager
def _as_engine_error(what: str, kind: type[EngineError] = EngineError) -> Iterator[None]:
    """vLLM's failures have many types, some of which cannot be pickled; ours can."""
    try:
        yield
    except CollateError:
        raise
    except Exception as error:
        raise kind(f"{what}: {type(error).__name__}: {error}") from error
