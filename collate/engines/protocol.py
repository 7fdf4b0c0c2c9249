"""Requests to an engine, the completions that come back, and what every engine can do.

An engine hosts the base model once and speaks as any agent. A request names its agent; the agents'
weights come with each call, so that an engine needs no notion of rounds. Tokens go in and tokens
come out; text is decoded for reading only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from collate.models.weights import AgentWeights

Progress = Callable[[int, int], None]
"""Is called from time to time with the requests that are done and the tokens written so far."""

Hosting = Literal["adapter", "swap"]
"""How an engine speaks as an agent: with all agents' adapters beside the base model, or with one
agent's whole weights written over it at a time."""


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
        rounding of differently composed batches. Raises `EngineError` when there are no weights for
        an agent or they cannot be used, when a prompt leaves no room, or when the engine dies.
        """
        ...

    def close(self) -> None:
        """Give back memory; the engine is of no use afterwards."""
        ...
