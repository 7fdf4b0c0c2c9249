"""The run that warms agents up: what it depends on, what it writes, and what stands against it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collate.agents.roster import make_agents, own_parts
from collate.commands.preflight import preflight
from collate.config.build import read
from collate.config.schema import (
    AgentsConfig,
    EngineConfig,
    ModelConfig,
    PairsConfig,
    RunConfig,
    ScoringConfig,
    TaskConfig,
    WarmupConfig,
)
from collate.errors import InputError
from collate.rounds.generate import Writing, _sampled
from collate.rounds.warmup import warmup_run
from collate.store.identity import run_path
from collate.tables import Question, digest

PREFERENCE = WarmupConfig(kind="preference", path="corpus.jsonl", samples=2)


def warm(**changes: Any) -> RunConfig:
    made = warmup_run(replace(RunConfig(warmup=PREFERENCE), **changes))
    assert made is not None
    return made


@pytest.mark.parametrize(
    "changes",
    [
        {"scoring": ScoringConfig(normalisation="geometric", baseline="answer_prompt")},
        {"pairs": PairsConfig(order="margin", chosen_from="own", rejected_from="own")},
        {"task": TaskConfig(dataset_seed=3, dataset_args={"a": 1}, subset="x", options="a,b")},
        {"agents": AgentsConfig(samples=9, hinted_samples=1, hint="{answer}!")},
        {"rounds": 7},
    ],
)
def test_what_plays_no_part_in_a_warm_up_does_not_ask_for_another(changes: dict[str, Any]) -> None:
    assert run_path(warm(**changes)) == run_path(warm())


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"task": TaskConfig(prompt="Think. {question}")},
        {"agents": AgentsConfig(count=3)},
        {"pairs": PairsConfig(allow_flagged=True)},
        {"warmup": replace(PREFERENCE, samples=5)},
    ],
)
def test_what_does_play_a_part_asks_for_another(changes: dict[str, Any]) -> None:
    assert run_path(warm(**changes)) != run_path(warm())


def test_an_agent_writes_for_its_own_part_alone_and_nothing_to_imitate_a_corpus() -> None:
    block = [Question(digest(n), "t", "train", str(n), "1") for n in range(40)]
    prompts: Any = SimpleNamespace(of_agent=lambda *_: (1,))
    config = warm()
    agents = make_agents(config)
    parts = own_parts(config, agents, block)
    assert parts is not None
    asked = list(_sampled(Writing(config, 1, agents, {}, prompts, "m"), block))
    for agent in agents:
        own = [one.question.id for one in asked if one.request.agent == agent.name]
        assert set(own) == parts[agent.name] and set(Counter(own).values()) == {2}
    assert len(asked) == 2 * 40
    supervised = warm(warmup=replace(PREFERENCE, kind="supervised"))
    assert not list(_sampled(Writing(supervised, 1, agents, {}, prompts, "m"), block))
    rounds = replace(RunConfig(), agents=AgentsConfig(count=2, own_part=True, samples=1))
    assert (
        len(list(_sampled(Writing(rounds, 1, agents, {}, prompts, "m"), block))) == 2 * 40
    )  # equation 6


def test_one_own_rationale_is_never_both_right_and_wrong() -> None:
    _, found = read({"warmup": {"kind": "own"}})
    assert found == [
        "warmup.samples=1: warmup.kind=own prefers right to wrong rationales of one "
        "agent, which takes at least 2 (warmup=own has 4)"
    ]


def test_a_corpus_that_holds_what_is_measured_on_is_refused(
    tiny_model: Path, tmp_path: Path
) -> None:
    def table(name: str, first: int) -> str:
        rows = "\n".join(f"What is {i} + 1?,{i + 1},add one" for i in range(first, first + 40))
        (tmp_path / name).write_text(f"question,answer,solution\n{rows}\n")
        return str(tmp_path / name)

    task = TaskConfig(name="mine", kind="table", path=table("task.csv", 0))
    config = RunConfig(
        name="a", folder=str(tmp_path / "runs"), model=ModelConfig(name=str(tiny_model)),
        engine=EngineConfig(kind="transformers"), task=task,
        warmup=WarmupConfig(kind="preference", path=table("apart.csv", 100)),
    )  # fmt: skip
    assert preflight(config).questions
    same = replace(config, warmup=replace(config.warmup, path=table("same.csv", 0)))
    with pytest.raises(InputError, match="repeat a validation or held-out question of the task"):
        preflight(same)
