"""What makes the copies differ, each on its own switch, and the same on every machine."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from collate.agents.noise import noise
from collate.agents.roster import base_examples, make_agents, own_parts
from collate.config.schema import AgentsConfig, Example, Persona, RunConfig, TaskConfig
from collate.models import load_causal_lm
from collate.tables import Question, digest

EXAMPLES = [Example(f"question {i}", f"#### {i}") for i in range(8)]


def config(seed: int = 0, **agents: object) -> RunConfig:
    return RunConfig(
        seed=seed,
        task=TaskConfig(examples=EXAMPLES),
        agents=replace(AgentsConfig(count=3, examples=2), **agents),
    )


def test_agents_share_no_worked_example_while_there_are_enough() -> None:
    agents = make_agents(config())
    shown = [e for agent in agents for e in agent.examples]
    assert len(shown) == len(set(shown)) == 6
    assert make_agents(config()) == agents
    assert [a.examples for a in make_agents(config(seed=1))] != [a.examples for a in agents]


def test_without_the_switch_all_show_the_same_examples() -> None:
    agents = make_agents(config(vary_examples=False))
    assert {a.examples for a in agents} == {base_examples(config())}


def test_decoding_and_personas_differ_only_when_asked_for() -> None:
    plain = make_agents(config())
    assert {(a.temperature, a.top_p, a.persona) for a in plain} == {(0.8, 1.0, None)}
    personas = [
        Persona(name="terse", system="Be brief."),
        Persona(name="own", examples=EXAMPLES[:1]),
    ]
    varied = make_agents(config(temperature_step=0.1, top_p_step=-0.1, personas=personas))
    assert [a.temperature for a in varied] == pytest.approx([0.8, 0.9, 1.0])
    assert [a.top_p for a in varied] == pytest.approx([1.0, 0.9, 0.8])
    assert [a.persona.name for a in varied if a.persona] == ["terse", "own", "terse"]
    assert varied[1].examples == (EXAMPLES[0],)


def test_own_parts_are_disjoint_and_cover_all_questions() -> None:
    questions = [Question(digest(i), "t", "train", str(i), "1") for i in range(300)]
    agents = make_agents(config(own_part=True))
    parts = own_parts(config(own_part=True), agents, questions)
    assert parts is not None
    assert sum(map(len, parts.values())) == 300 == len(set().union(*parts.values()))
    assert all(60 < len(part) < 140 for part in parts.values())
    assert own_parts(config(), agents, questions) is None


def test_noise_on_an_adapter_has_the_relative_size_asked_for(
    tiny_model: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / str(i) for i in range(3)]
    for folder, seed in zip(folders, (1, 1, 2), strict=True):
        folder.mkdir()
        noise(str(tiny_model), folder, agents=AgentsConfig(rank=4, noise=0.1), seed=seed)
    weights = [(f / "adapter_model.safetensors").read_bytes() for f in folders]
    assert weights[0] == weights[1] != weights[2]
    base = load_causal_lm(tiny_model, dtype="float32")
    before = {n: p.detach().clone() for n, p in base.named_parameters()}
    merged = PeftModel.from_pretrained(base, str(folders[0])).merge_and_unload()
    changed = {
        n: (p - before[n]).norm() / before[n].norm()
        for n, p in merged.named_parameters()
        if "proj" in n
    }
    assert len(changed) == 14
    assert torch.stack(list(changed.values())).tolist() == pytest.approx([0.1] * 14, rel=1e-3)


def test_noise_on_full_weights_makes_a_whole_model(tiny_model: Path, tmp_path: Path) -> None:
    agents = AgentsConfig(weights="full", noise=0.05)
    noise(str(tiny_model), tmp_path, agents=agents, seed=3)
    base = load_causal_lm(tiny_model, dtype="float32").state_dict()
    noisy = load_causal_lm(tmp_path, dtype="float32").state_dict()
    for name, weight in base.items():
        size = (noisy[name] - weight).norm() / weight.norm()
        assert size == pytest.approx(0.05 if weight.ndim == 2 else 0.0, rel=1e-3)
    assert (tmp_path / "tokenizer.json").is_file()
