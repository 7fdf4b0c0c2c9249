"""An engine made from its settings."""

import importlib.util

from collate.config.schema import AgentsConfig, EngineConfig, ModelConfig
from collate.engines.protocol import Engine, Hosting
from collate.errors import InputError


def require_engine(kind: str) -> None:
    """Raise `InputError` with the install command unless the engine's package is there."""
    if kind == "vllm" and importlib.util.find_spec("vllm") is None:
        raise InputError(
            "engine.kind=vllm, but vLLM is not installed: in the checkout, make install, or "
            "pip install -e '.[cpu]' (with a GPU: '.[cuda]'); or use engine=transformers"
        )


def build_engine(
    model_folder: str,
    config: EngineConfig,
    model: ModelConfig,
    *,
    weights: str = AgentsConfig.weights,
    rank: int = AgentsConfig.rank,
    hosting: Hosting | None = None,
) -> Engine:
    """An engine of `config.kind` with the base model of `model_folder` loaded.

    `weights` and `rank` are what agents have of their own, as in `agents.weights` and
    `agents.rank`. vLLM hosts adapters beside the base model on a GPU, and swaps weights on a CPU or
    for agents with whole weights, unless `hosting` says otherwise. A vLLM engine runs inside the
    calling process and takes it over (threads, environment, torch settings): one engine a process,
    and nothing else of weight beside it. Raises `InputError` when the engine is not installed and
    `EngineError` when it cannot start.
    """
    require_engine(config.kind)
    if config.kind == "vllm":
        from collate.engines.vllm_engine import VllmEngine, default_hosting

        hosting = hosting or default_hosting(weights)
        return VllmEngine(model_folder, config, model, rank=rank, hosting=hosting)
    # Imported where it is used: each engine brings libraries that take seconds to load.
    from collate.engines.transformers_engine import TransformersEngine

    return TransformersEngine(model_folder, config, model)
