"""Several agents are tuned on one loaded base, which comes back as it was."""

from pathlib import Path

import pytest
import torch

from collate.config.schema import AgentsConfig, TuningConfig
from collate.errors import TuningError
from collate.models import BaseModel
from collate.models.weights import AgentWeights
from collate.tuning.data import write_examples
from collate.tuning.tune_agent import tune_agent
from tests.tuning.test_step_checkpoints import examples

pytestmark = pytest.mark.slow
AGENTS = AgentsConfig(rank=4)
CONFIG = TuningConfig(batch=4, micro_batch=2, max_steps=2, learning_rate=5e-3)


def tuned(base: BaseModel, folder: Path, start: Path | None, seed: int) -> bytes:
    """The bytes of the adapter that an agent has after tuning."""
    folder.mkdir()
    rows = [{**row, "question_id": str(number)} for number, row in enumerate(examples())]
    kind = "base" if start is None else "adapter"
    weights = AgentWeights("one", kind, None if start is None else str(start), kind)
    made = folder / "made"
    made.mkdir()
    tune_agent(
        base, weights, write_examples(folder, [rows]), made, agents=AGENTS, config=CONFIG, seed=seed
    )
    return (made / "adapter_model.safetensors").read_bytes()


def test_agents_tuned_in_turn_end_as_those_tuned_alone(tiny_model: Path, tmp_path: Path) -> None:
    shared = BaseModel(tiny_model)
    before = {n: p.clone() for n, p in shared.loaded("float32").named_parameters()}
    own: list[Path] = []
    for number in (1, 2, 3):  # the third goes on from the first
        start = own[0] / "made" if number == 3 else None
        own.append(tmp_path / f"shared-{number}")
        found = tuned(shared, own[-1], start, number)
        alone = tuned(BaseModel(tiny_model), tmp_path / f"alone-{number}", start, number)
        assert found == alone
    after = dict(shared.loaded("float32").named_parameters())
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_tuning_that_fails_leaves_no_adapter_behind(tiny_model: Path, tmp_path: Path) -> None:
    shared = BaseModel(tiny_model)
    plain = shared.loaded("float32")
    empty = write_examples(tmp_path, [])
    weights = AgentWeights("one", "base", None, "base")
    with pytest.raises(TuningError, match="no preferences"):
        tune_agent(shared, weights, empty, tmp_path, agents=AGENTS, config=CONFIG, seed=0)
    assert shared.loaded("float32") is not plain
    assert not any("lora" in name for name, _ in shared.loaded("float32").named_parameters())
