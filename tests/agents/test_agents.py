"""What makes the copies differ, each on its own switch, and the same on every machine."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from collate.agents.noise import write_noisy_weights
from collate.agents.roster import base_examples, make_agents, own_parts, temperature_in
from collate.config.schema import AgentsConfig, Example, Persona, RunConfig, TaskConfig
from collate.models.loading import load_causal_lm
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
    shown = [example for agent in agents for example in agent.examples]
    assert len(shown) == len(set(shown)) == 6
    assert make_agents(config()) == agents
    assert [a.examples for a in make_agents(config(seed=1))] != [a.examples for a in agents]


def test_without_the_switch_all_show_the_same_examples() -> None:
    agents = make_agents(config(vary_examples=False))
    assert {agent.examples for agent in agents} == {base_examples(config())}


def test_without_examples_none_is_shown() -> None:
    assert {agent.examples for agent in make_agents(config(examples=0))} == {()}
    bare = replace(config(), task=TaskConfig())
    assert {agent.examples for agent in make_agents(bare)} == {()}


def test_decoding_and_wording_differ_by_persona_only() -> None:
    plain = make_agents(config())
    assert {(a.temperature, a.top_p, a.persona) for a in plain} == {(0.8, 1.0, None)}
    personas = [
        Persona(name="terse", system="Be brief.", temperature=0.5),
        Persona(name="own", examples=EXAMPLES[:1], top_p=0.9),
    ]
    varied = make_agents(config(personas=personas))
    assert [agent.temperature for agent in varied] == [0.5, 0.8, 0.5]
    assert [agent.top_p for agent in varied] == [1.0, 0.9, 1.0]
    assert [a.persona.name for a in varied if a.persona] == ["terse", "own", "terse"]
    assert varied[1].examples == (EXAMPLES[0],)
    assert varied[1].record()["persona"]["top_p"] == 0.9


def test_greedy_is_a_temperature_of_a_persona_too() -> None:
    assert make_agents(config(personas=[Persona(temperature=0.0)]))[0].temperature == 0.0


def test_a_temperature_by_round_leaves_a_persona_with_its_own() -> None:
    asked = config(
        temperatures=[0.7, 1.2], personas=[Persona("warm", temperature=1.5), Persona("plain")]
    )
    warm, plain, _ = make_agents(asked)
    assert [temperature_in(asked, warm, number) for number in (1, 2, 3)] == [1.5, 1.5, 1.5]
    assert [temperature_in(asked, plain, number) for number in (1, 2, 3)] == [0.7, 1.2, 1.2]
    unscheduled = config()
    agent = make_agents(unscheduled)[0]
    assert temperature_in(unscheduled, agent, 2) == 0.8


def test_own_parts_are_disjoint_and_cover_all_questions() -> None:
    questions = [Question(digest(i), "t", "train", str(i), "1") for i in range(300)]
    agents = make_agents(config(own_part=True))
    parts = own_parts(config(own_part=True), agents, questions)
    assert parts is not None
    assert sum(map(len, parts.values())) == 300 == len(set().union(*parts.values()))
    assert all(60 < len(part) < 140 for part in parts.values())
    assert own_parts(config(), agents, questions) is None
    fewer = own_parts(config(own_part=True), agents, questions[:100])
    assert fewer is not None and all(fewer[name] <= parts[name] for name in parts)


def test_noise_on_an_adapter_has_the_relative_size_asked_for(
    tiny_model: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / str(i) for i in range(3)]
    agents = AgentsConfig(rank=4, noise=0.1)
    for folder, seed in zip(folders, (1, 1, 2), strict=True):
        folder.mkdir()
        write_noisy_weights(str(tiny_model), folder, agents=agents, seed=seed)
    weights = [(folder / "adapter_model.safetensors").read_bytes() for folder in folders]
    assert weights[0] == weights[1] != weights[2]
    base = load_causal_lm(tiny_model, dtype="float32")
    before = {name: weight.detach().clone() for name, weight in base.named_parameters()}
    merged = PeftModel.from_pretrained(base, str(folders[0])).merge_and_unload()
    changed = {
        name: (weight - before[name]).norm() / before[name].norm()
        for name, weight in merged.named_parameters()
        if "proj" in name
    }
    assert len(changed) == 14
    assert torch.stack(list(changed.values())).tolist() == pytest.approx([0.1] * 14, rel=1e-3)


def test_noise_on_full_weights_makes_a_whole_model(tiny_model: Path, tmp_path: Path) -> None:
    agents = AgentsConfig(weights="full", noise=0.05)
    write_noisy_weights(str(tiny_model), tmp_path, agents=agents, seed=3)
    base = load_causal_lm(tiny_model, dtype="float32").state_dict()
    noisy = load_causal_lm(tmp_path, dtype="float32").state_dict()
    for name, weight in base.items():
        size = (noisy[name] - weight).norm() / weight.norm()
        assert size == pytest.approx(0.05 if weight.ndim == 2 else 0.0, rel=1e-3)
    assert (tmp_path / "tokenizer.json").is_file()
