"""What an engine is asked for and what it answers.

An engine hosts the base model once and speaks as any agent. A request names its agent; the agents'
weights come with each call, so that an engine needs no notion of rounds. Tokens go in and tokens
come out; text is decoded for reading only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from collate.errors import EngineError
from collate.models.weights import AgentWeights

Progress = Callable[[int, int], None]
"""Told (requests done, tokens written) of the present call, from time to time."""


@dataclass(frozen=True, slots=True)
class Request:
    """One rationale to be written. Temperature 0 is greedy and needs neither seed nor top-p."""

    key: str
    agent: str
    prompt_ids: tuple[int, ...]
    seed: int
    temperature: float
    top_p: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Completion:
    """What was written for one request.

    `token_ids` end with the stop token if one was sampled; `text` leaves it and every special token
    out. `finish_reason` is "stop" or "length". `logprob` is the sum, in nats, of the tokens'
    log-probabilities under the agent's model at temperature 1 and without top-p, whatever they
    were sampled with.
    """

    key: str
    token_ids: tuple[int, ...]
    text: str
    finish_reason: str
    logprob: float


class Engine(Protocol):
    """Something that turns requests into completions."""

    name: str

    def generate(
        self,
        requests: Sequence[Request],
        agents: Mapping[str, AgentWeights],
        progress: Progress | None = None,
    ) -> list[Completion]:
        """Completions in the order of the requests.

        A sampled completion is decided by weights, prompt, seed, temperature and top-p, up to the
        rounding of differently composed batches. Raises `EngineError` when an agent is missing or
        its weights cannot be used, when a prompt leaves no room, or when the engine dies.
        """
        ...

    def close(self) -> None:
        """Give back memory; the engine is of no use afterwards."""
        ...


def used_agents(
    requests: Sequence[Request], agents: Mapping[str, AgentWeights]
) -> dict[str, AgentWeights]:
    """The agents that the requests name, each once; raises `EngineError` for one not given."""
    used: dict[str, AgentWeights] = {}
    for request in requests:
        if request.agent not in agents:
            known = ", ".join(sorted(agents)) or "none"
            raise EngineError(
                f"request {request.key} names agent {request.agent!r}, whose weights were not "
                f"given (given: {known})"
            )
        used[request.agent] = agents[request.agent]
    return used


def groups_by_weights(
    requests: Sequence[Request], agents: Mapping[str, AgentWeights], first: str | None
) -> list[tuple[AgentWeights, list[int]]]:
    """Places of the requests, grouped by their weights' digest.

    Agents with equal digests share a group; the group with digest `first` leads, so that weights
    that are live already are used before others are written.
    """
    groups: dict[str, tuple[AgentWeights, list[int]]] = {}
    for place, request in enumerate(requests):
        weights = agents[request.agent]
        groups.setdefault(weights.digest, (weights, []))[1].append(place)
    return sorted(groups.values(), key=lambda group: group[0].digest != first)
