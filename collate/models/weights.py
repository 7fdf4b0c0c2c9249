"""Weights and models as values: what an engine, a scorer or a trainer needs to know of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BASE = "base"
FINISHED = "finished"
"""Where in a scratch folder the weights lie that were to be made there, once they are whole."""


@dataclass(frozen=True, slots=True)
class AgentWeights:
    """What an engine needs to speak as an agent.

    `digest` is of the folder's content, or "base" for the untouched base model. `folder` is a PEFT
    adapter folder (kind "adapter"), a whole model's folder (kind "full"), or None (kind "base").
    """

    agent: str
    digest: str
    folder: str | None
    kind: str

    @classmethod
    def base(cls, agent: str) -> "AgentWeights":
        """Those of the untouched base model, for an agent that speaks as it."""
        return cls(agent, BASE, None, BASE)


@dataclass(frozen=True)
class ResolvedModel:
    """What a model's name stands for (see `model_names.py`).

    `folder` holds the base model: settings, tokenizer with chat template, tensors. `weights` is
    what goes onto it: nothing, an adapter, or whole weights. `trust_remote_code` holds for this
    model alone. `lineage` says where the model comes from; a run's agent has `run` and `agent`.
    """

    name: str
    folder: Path
    weights: AgentWeights
    trust_remote_code: bool = False
    lineage: Mapping[str, str] = field(default_factory=dict)
    run: Path | None = None
    agent: str | None = None
