"""Engines: what turns prompts into rationales, as any agent. vLLM and transformers."""

from collate.engines.protocol import (
    AgentWeights,
    Completion,
    Engine,
    Progress,
    Request,
    build_engine,
    require_engine,
)

__all__ = [
    "AgentWeights",
    "Completion",
    "Engine",
    "Progress",
    "Request",
    "build_engine",
    "require_engine",
]
