"""What a model's name stands for: base, weights, digests; and what is refused beforehand."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from collate.agents.adapters import new_adapter, save_adapter
from collate.config.schema import AgentsConfig, ModelConfig, RunConfig
from collate.errors import InputError
from collate.models.loading import load_causal_lm, load_resolved
from collate.models.weights import FINISHED
from collate.store.resolve import name_problems, plain_folder, resolve_model, resolved_digest
from collate.store.run_folder import RunFolder
from collate.store.run_weights import make_weights
from collate.tables import Metric

AGENTS = AgentsConfig(rank=4, alpha=8)


@pytest.fixture(scope="module")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that changes something, saved as a tuned agent's is."""
    folder = tmp_path_factory.mktemp("adapter")
    adapted = new_adapter(load_causal_lm(tiny_model, dtype="float32"), AGENTS, seed=3)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.copy_(0.1 * torch.randn(weight.shape, generator=generator))
    save_adapter(adapted, folder)
    return folder


@pytest.fixture
def run(tiny_model: Path, adapter: Path, tmp_path: Path) -> Path:
    """A run of two agents, the second of which learned something in round 1 and in round 2."""
    config = RunConfig(
        name="a", folder=str(tmp_path / "runs"), model=ModelConfig(name=str(tiny_model)),
        agents=AGENTS,
    )  # fmt: skip
    folder = RunFolder.open(config, {"model": "m", "questions": "q"}, notify=print)
    folder.note("agents", [{"name": "agent-1"}, {"name": "agent-2"}])
    for number, accuracies in ((1, (0.2, 0.6)), (2, (0.2, 0.5))):

        def copy(scratch: dict[str, Path], number: int = number) -> None:
            shutil.copytree(adapter, scratch["agent-2"] / FINISHED)
            (scratch["agent-2"] / FINISHED / "round.txt").write_text(str(number))

        make_weights(folder, number, {"agent-2": {"round": str(number)}}, copy)
        metrics = [
            Metric(number, "validation", f"agent-{index + 1}", "accuracy", value, None, None, 10)
            for index, value in enumerate(accuracies)
        ]
        folder.stage(f"round-{number:02d}/evaluate", {"metrics": Metric}).write(
            [{"metrics": metrics}]
        )
    return folder.path


def logits(model: object) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([[5, 6, 7, 8]])).logits  # type: ignore[operator]


def test_a_folder_with_a_model_is_its_own_base(tiny_model: Path) -> None:
    model = resolve_model(str(tiny_model))
    assert model.folder == tiny_model and model.weights.kind == "base"
    assert plain_folder(model) == tiny_model


def test_an_adapter_is_put_on_the_model_that_it_names_or_on_the_one_that_is_given(
    tiny_model: Path, adapter: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="names no base model that can be found"):
        resolve_model(str(adapter), setting="model")
    given = resolve_model(str(adapter), default_base=tiny_model)
    assert given.folder == tiny_model and given.weights.folder == str(adapter.resolve())
    named = tmp_path / "named"
    shutil.copytree(adapter, named)
    settings = json.loads((named / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = str(tiny_model)
    (named / "adapter_config.json").write_text(json.dumps(settings))
    assert resolve_model(str(named)).folder == tiny_model


def test_a_runs_agents_by_name_and_round(run: Path, tiny_model: Path) -> None:
    best = resolve_model(str(run))
    assert best.agent == "agent-2" and best.folder == tiny_model
    assert "round-02/agents/agent-2" in str(best.weights.folder)
    assert best.lineage["round"] == "2" and best.lineage["weights"] == best.weights.digest
    earlier = resolve_model(f"{run}:agent-2@1")
    assert "round-01/agents/agent-2" in str(earlier.weights.folder)
    assert earlier.weights.digest != best.weights.digest
    assert resolve_model(f"{run}:agent-1").weights.kind == "base"  # it never learned anything
    inside = resolve_model(str(run / "round-01" / "agents" / "agent-2"))
    assert inside.weights.digest == earlier.weights.digest
    with pytest.raises(InputError, match="no such agent; it has agent-1, agent-2"):
        resolve_model(f"{run}:agent-3")
    with pytest.raises(InputError, match="round 7 is not finished"):
        resolve_model(f"{run}:agent-1@7")


def test_one_folder_says_the_same_as_base_and_adapter(
    run: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLATE_HOME", str(tmp_path / "cache"))
    model = resolve_model(f"{run}:agent-2")
    folder = plain_folder(model)
    assert folder.is_relative_to(tmp_path / "cache")
    merged = logits(load_causal_lm(folder, dtype="float32"))
    together = logits(load_resolved(model, dtype="float32"))
    assert torch.allclose(merged, together, atol=1e-5)
    assert not torch.allclose(merged, logits(load_causal_lm(tiny_model, dtype="float32")))
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert plain_folder(model) == folder  # made once
    assert before == {path: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_a_digest_changes_with_the_base_and_with_what_is_put_on_it(run: Path) -> None:
    names = (str(run), f"{run}:agent-2@1", f"{run}:agent-1")
    assert len({resolved_digest(resolve_model(name)) for name in names}) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("packaged:nothing", "no such packaged model"),
        ("/no/such/folder", "not a hub id"),
        ("runs/none:agent-1", "not a hub id"),
        ("{empty}", "no config.json there"),
        ("{run}:agent-9", "has no such agent"),
        ("{run}@5", "round 5 is not finished"),
        ("{adapter}", "names no base model"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_loaded(
    run: Path, adapter: Path, tmp_path: Path, text: str, problem: str
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    name = text.format(run=run, adapter=adapter, empty=empty)
    (found,) = {p for p in name_problems(name, "model", adapters_need_base=True) if problem in p}
    assert found


def test_what_can_be_used_has_no_problem(run: Path, adapter: Path, tiny_model: Path) -> None:
    for name in (str(tiny_model), str(run), f"{run}:agent-1@1", "owner/name", "owner/name@main"):
        assert name_problems(name, "model", adapters_need_base=True) == []
    assert name_problems(str(adapter), "scoring.model") == []


def test_a_start_may_be_another_agents_weights(run: Path, tiny_model: Path) -> None:
    from collate.agents.roster import make_agents
    from collate.commands.run import weights_of_start

    agents = make_agents(replace(RunConfig(), agents=replace(AGENTS, count=3)))
    weights = weights_of_start(f"{run}:agent-2", agents, tiny_model)
    assert list(weights) == ["agent-1", "agent-2", "agent-3"]
    assert len({each.digest for each in weights.values()}) == 1
    assert weights_of_start(str(run), agents[:2], tiny_model)["agent-1"].kind == "base"
