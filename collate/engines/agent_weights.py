"""The agents' weights from an engine's side: which of them its requests need, and their tensors.

Whatever is wrong with a folder of weights is raised as `EngineError` here, as engines promise.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from collate.engines.protocol import Request
from collate.errors import EngineError, ModelError
from collate.models.checkpoints import Adapter, NamedTensors, agent_state, check_adapter
from collate.models.weights import AgentWeights


def requested_agents(
    requests: Sequence[Request], agents: Mapping[str, AgentWeights]
) -> dict[str, AgentWeights]:
    """The agents that the requests name, each once.

    Raises `EngineError` where there are no weights for one of them.
    """
    requested: dict[str, AgentWeights] = {}
    for request in requests:
        if request.agent not in agents:
            raise EngineError(
                f"request {request.key} names agent {request.agent!r}, but there are no weights "
                f"for it (there are for: {', '.join(sorted(agents)) or 'none'})"
            )
        requested[request.agent] = agents[request.agent]
    return requested


def indices_by_weights(
    requests: Sequence[Request], agents: Mapping[str, AgentWeights], first: str | None
) -> list[tuple[AgentWeights, list[int]]]:
    """Indices of the requests, grouped by the digest of their agent's weights.

    Agents with equal digests share a group. The group with the digest `first` comes first, so that
    weights that are in place already are used before others replace them.
    """
    group_by_digest: dict[str, tuple[AgentWeights, list[int]]] = {}
    for index, request in enumerate(requests):
        weights = agents[request.agent]
        group_by_digest.setdefault(weights.digest, (weights, []))[1].append(index)
    # False sorts before True; the other groups keep the order of their first requests.
    return sorted(group_by_digest.values(), key=lambda group: group[0].digest != first)


def whole_weights(base_folder: str, weights: AgentWeights) -> NamedTensors:
    """All tensors of the model that is this agent; an adapter comes merged into the base."""
    with _as_engine_error():
        return agent_state(base_folder, weights)


def fitting_adapter(base_folder: str, weights: AgentWeights) -> tuple[Adapter, str]:
    """An agent's adapter, which fits the base, and the folder that it lies in."""
    if weights.folder is None:
        raise EngineError(
            f"agent {weights.agent!r}: weights of kind 'adapter' need a folder, and none is named"
        )
    with _as_engine_error():
        return check_adapter(base_folder, weights.folder), weights.folder


@contextmanager
def _as_engine_error() -> Iterator[None]:
    try:
        yield
    except ModelError as error:
        raise EngineError(str(error)) from error
