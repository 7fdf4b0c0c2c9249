"""What the engine tests share: two adapters, a full copy, and engines in processes of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collate.models.weights import AgentWeights
from tests.engines.adapters import write_adapter
from tests.engines.engine_process import EngineProcess
from tests.tiny_model import build_tiny_model


@pytest.fixture(scope="session")
def agents(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, AgentWeights]:
    """The base, and two agents whose adapters differ from it and from each other."""
    folder = tmp_path_factory.mktemp("adapters")
    made = {"base": AgentWeights(agent="base", digest="base", folder=None, kind="base")}
    for seed, name in enumerate(("ada", "bob"), start=1):
        path = write_adapter(tiny_model, folder / name, seed=seed)
        made[name] = AgentWeights(
            agent=name, digest=f"{seed}f00d", folder=str(path), kind="adapter"
        )
    return made


@pytest.fixture(scope="session")
def full_copy(tmp_path_factory: pytest.TempPathFactory) -> AgentWeights:
    """An agent that owns whole weights: the tiny model with another seed."""
    folder = build_tiny_model(tmp_path_factory.mktemp("full"), seed=7)
    return AgentWeights(agent="cleo", digest="c1e0", folder=str(folder), kind="full")


@pytest.fixture(scope="session")
def swap_engine(tiny_model: Path) -> Iterator[EngineProcess]:
    """vLLM on the tiny model, agents by weight swap."""
    with EngineProcess(tiny_model, hosting="swap") as engine:
        yield engine


@pytest.fixture(scope="session")
def adapter_engine(tiny_model: Path) -> Iterator[EngineProcess]:
    """vLLM on the tiny model, agents by multi-LoRA."""
    with EngineProcess(tiny_model, hosting="adapter") as engine:
        yield engine
