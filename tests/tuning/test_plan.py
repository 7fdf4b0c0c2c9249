"""How many tokens and steps an agent is tuned for is known beforehand, and kept."""

import math
import random
from pathlib import Path

import pytest

from collate.config.schema import RunConfig, TuningConfig
from collate.rounds.tune import steps_of_agents
from collate.store.tables_on_disk import StoredRows, write_blocks
from collate.tables import CHOSEN, REJECTED, Preference, Rationale, seed_of
from collate.tuning.data import completion_tokens, order_examples, plan, step_count


def pool(seed: int, questions: int = 7) -> tuple[list[str], list[int]]:
    """Questions and token counts of some agent's examples, one to three a question."""
    draw = random.Random(seed)
    names = [f"q{n}" for n in range(questions) for _ in range(draw.randint(1, 3))]
    return names, [draw.randint(3, 60) for _ in names]


def test_without_a_budget_all_passes_are_taken() -> None:
    names, tokens_P = pool(0)
    found = plan(names, tokens_P, TuningConfig(epochs=3), seed=5)
    assert found == order_examples(names, epochs=3, seed=5)
    assert sorted(found) == sorted(list(range(len(names))) * 3)


@pytest.mark.parametrize("seed", range(20))
def test_a_budget_is_used_up_to_less_than_an_example_and_never_passed(seed: int) -> None:
    names, tokens_P = pool(seed)
    budget = random.Random(seed).randint(100, 4000)
    found = plan(names, tokens_P, TuningConfig(epochs=100), seed=seed, tokens=budget)
    used = sum(tokens_P[number] for number in found)
    assert budget - max(tokens_P) < used <= budget
    whole = order_examples(names, epochs=100, seed=seed)
    assert found == whole[: len(found)]


def test_passes_are_limited_and_so_are_steps() -> None:
    names, tokens_P = pool(1)
    config = TuningConfig(epochs=2)
    assert len(plan(names, tokens_P, config, seed=0, tokens=10**9)) == 2 * len(names)
    config = TuningConfig(epochs=2, max_steps=3, batch=4, micro_batch=4)
    assert len(plan(names, tokens_P, config, seed=0, tokens=10**9)) == 12
    assert step_count(12, config) == 3
    assert plan([], [], config, seed=0) == []


def test_a_budget_that_is_used_up_still_takes_one_example() -> None:
    """A warm-up, or the rounds before, may have left less than a pair to this one."""
    order = plan(["q", "r"], [3, 3], TuningConfig(epochs=9), seed=0, tokens=1)
    assert order in ([0], [1])


def test_what_a_preference_counts_follows_from_what_is_learned_of_it() -> None:
    lengths = {CHOSEN: 5, REJECTED: 7, "target": 11}
    assert completion_tokens(lengths, TuningConfig(loss="sigmoid")) == 23
    assert completion_tokens(lengths, TuningConfig(loss="sft")) == 5


@pytest.mark.parametrize("loss", ["sigmoid", "sft"])
def test_the_driver_knows_the_steps_of_every_agent(tmp_path: Path, loss: str) -> None:
    """From the stored tables, in blocks; as worked out here from the lists that they hold."""
    draw, blocks = random.Random(3), []
    own: dict[str, list[tuple[str, int]]] = {"a": [], "b": []}
    for block in range(3):
        rationales, preferences = [], []
        for question in (f"q{block}{n}" for n in range(4)):
            for agent, listed in own.items():
                lengths = draw.randint(2, 30), draw.randint(2, 30)
                ids = [f"{question}{agent}{side}" for side in range(2)]
                rationales += [
                    Rationale(
                        id, question, agent, "", "", 1, 0, 0, 1.0, 1.0, (1,), (5,) * length, "",
                        "stop", -1.0,
                    )
                    for id, length in zip(ids, lengths, strict=True)
                ]  # fmt: skip
                roles = {CHOSEN: ids[0]} if loss == "sft" else {CHOSEN: ids[0], REJECTED: ids[1]}
                preferences.append(
                    Preference(f"{question}{agent}", question, agent, roles, "rule", 0.0)
                )
                listed.append((question, lengths[0] if loss == "sft" else sum(lengths)))
        blocks.append({"rationales": rationales, "preferences": preferences})
    tables = {"rationales": Rationale, "preferences": Preference}
    write_blocks(tables, lambda name: tmp_path / name, blocks)
    stored = [StoredRows(tmp_path / name, kind) for name, kind in tables.items()]
    for tokens in (None, 500):
        tuning = TuningConfig(loss=loss, epochs=9, batch=4, micro_batch=4)
        config = RunConfig(tuning=tuning, seed=8)
        found = steps_of_agents(config, 2, *stored, tokens)
        for agent, examples in own.items():
            names, counts = zip(*examples, strict=True)
            seed = seed_of(8, 2, agent, "tune")
            order = plan(names, counts, tuning, seed=seed, tokens=tokens)
            assert found[agent] == math.ceil(len(order) / 4)
            assert tokens is None or found[agent] < 9 * 3
