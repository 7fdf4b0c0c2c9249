"""The weights that an agent speaks with, named by a digest of their content."""

from dataclasses import dataclass


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
        return cls(agent, "base", None, "base")
