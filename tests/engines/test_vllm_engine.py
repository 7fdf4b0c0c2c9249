"""The vLLM engine, both ways of hosting agents, against the transformers engine and plain vLLM."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from collate.config.schema import EngineConfig, ModelConfig
from collate.engines.build_engine import build_engine
from collate.engines.protocol import Completion, Request
from collate.errors import EngineError, WorkerDiedError
from collate.models.weights import AgentWeights
from tests.engines.adapters import requests_for, write_adapter
from tests.engines.engine_process import EngineProcess

pytestmark = pytest.mark.skipif(find_spec("vllm") is None, reason="vllm is not installed")


def tokens(completions: Sequence[Completion]) -> list[tuple[int, ...]]:
    return [c.token_ids for c in completions]


@pytest.fixture(scope="module")
def everyone(agents: dict[str, AgentWeights], full_copy: AgentWeights) -> dict[str, AgentWeights]:
    return {**agents, "cleo": full_copy}


@pytest.fixture(scope="module")
def reference(
    tiny_model: Path, everyone: dict[str, AgentWeights]
) -> tuple[list[Request], list[Completion]]:
    """Greedy requests of every agent, and what the transformers engine writes for them."""
    requests = requests_for(tiny_model, tuple(everyone))
    config = EngineConfig(kind="transformers", batch=8, max_length=256)
    engine = build_engine(str(tiny_model), config, ModelConfig(dtype="float32"))
    return requests, engine.generate(requests, everyone)


def assert_same(found: Sequence[Completion], expected: Sequence[Completion]) -> None:
    assert [(c.key, c.token_ids, c.text, c.finish_reason) for c in found] == [
        (c.key, c.token_ids, c.text, c.finish_reason) for c in expected
    ]
    assert [c.logprob for c in found] == pytest.approx([c.logprob for c in expected], abs=2e-3)


def test_swapping_writes_what_transformers_writes(
    swap_engine: EngineProcess,
    everyone: dict[str, AgentWeights],
    reference: tuple[list[Request], list[Completion]],
) -> None:
    requests, expected = reference
    assert_same(swap_engine.generate(requests, everyone), expected)
    done = [count for count, _ in swap_engine.progress]
    assert done == list(range(1, len(requests) + 1))
    assert swap_engine.progress[-1][1] == sum(map(len, tokens(expected)))


def test_adapters_write_what_transformers_writes(
    adapter_engine: EngineProcess,
    everyone: dict[str, AgentWeights],
    reference: tuple[list[Request], list[Completion]],
) -> None:
    shared = [place for place, r in enumerate(reference[0]) if r.agent != "cleo"]
    requests = [reference[0][place] for place in shared]
    found = adapter_engine.generate(requests, everyone)
    assert_same(found, [reference[1][place] for place in shared])


def test_swapping_back_restores_the_base_exactly(
    swap_engine: EngineProcess, tiny_model: Path, everyone: dict[str, AgentWeights]
) -> None:
    requests = requests_for(tiny_model, samples=2, temperature=0.8)
    before = swap_engine.generate(requests, everyone)
    for agent in ("ada", "cleo", "bob"):
        swap_engine.generate(requests_for(tiny_model, (agent,)), everyone)
    assert swap_engine.generate(requests, everyone) == before


def test_samples_follow_seeds_and_not_the_order_of_requests(
    swap_engine: EngineProcess, tiny_model: Path, everyone: dict[str, AgentWeights]
) -> None:
    requests = requests_for(tiny_model, ("base", "ada"), samples=6, temperature=1.0, max_tokens=20)
    written = swap_engine.generate(requests, everyone)
    assert tokens(swap_engine.generate(requests, everyone)) == tokens(written)
    assert tokens(swap_engine.generate(requests[::-1], everyone)[::-1]) == tokens(written)
    assert len(set(tokens(written))) == len(written)


def test_both_ways_of_hosting_draw_the_same_samples(
    swap_engine: EngineProcess,
    adapter_engine: EngineProcess,
    tiny_model: Path,
    agents: dict[str, AgentWeights],
) -> None:
    requests = requests_for(tiny_model, tuple(agents), samples=2, temperature=0.8, top_p=0.9)
    swapped = swap_engine.generate(requests, agents)
    assert_same(adapter_engine.generate(requests, agents), swapped)


def test_rows_stop_at_the_stop_token_or_at_their_room(
    swap_engine: EngineProcess, tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    requests = requests_for(tiny_model, samples=24, temperature=1.5, max_tokens=40)
    written = swap_engine.generate(requests, agents)
    stopped = [c for c in written if c.finish_reason == "stop"]
    cut_off = [c for c in written if c.finish_reason == "length"]
    assert stopped and cut_off
    (eos,) = {c.token_ids[-1] for c in stopped}
    assert all(eos not in c.token_ids[:-1] for c in stopped)
    assert all(len(c.token_ids) == 40 and eos not in c.token_ids for c in cut_off)


def test_a_new_digest_under_an_old_name_is_not_served_from_the_cache(
    adapter_engine: EngineProcess, tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    requests = requests_for(tiny_model, ("ada",))
    first = adapter_engine.generate(requests, agents)
    bob = adapter_engine.generate([replace(r, agent="bob") for r in requests], agents)
    next_round = {"ada": replace(agents["bob"], agent="ada")}
    assert tokens(adapter_engine.generate(requests, next_round)) == tokens(bob) != tokens(first)


def test_weights_that_cannot_be_hosted_are_named_and_harm_nothing(
    swap_engine: EngineProcess,
    adapter_engine: EngineProcess,
    tiny_model: Path,
    everyone: dict[str, AgentWeights],
    tmp_path: Path,
) -> None:
    base = requests_for(tiny_model)
    before = swap_engine.generate(base, everyone)
    large = write_adapter(tiny_model, tmp_path / "large", seed=3, r=32)
    dora = write_adapter(tiny_model, tmp_path / "dora", seed=3, use_dora=True)
    strange = {
        "large": AgentWeights(agent="large", digest="32", folder=str(large), kind="adapter"),
        "dora": AgentWeights(agent="dora", digest="d0", folder=str(dora), kind="adapter"),
        "cleo": everyone["cleo"],
    }
    for agent, words in [("large", "rank 32"), ("dora", "DoRA"), ("cleo", "agents.weights=full")]:
        with pytest.raises(EngineError, match=words):
            adapter_engine.generate(requests_for(tiny_model, (agent,)), strange)
    with pytest.raises(EngineError, match="DoRA"):
        swap_engine.generate(requests_for(tiny_model, ("dora",)), strange)
    assert swap_engine.generate(base, everyone) == before


def test_an_engine_that_dies_inside_a_step_says_that_another_may_go_on(
    swap_engine: EngineProcess, tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    """What `collate.cluster.pool` replaces an engine on; wrong requests are other errors."""
    with pytest.raises(WorkerDiedError, match="RuntimeError: the engine core is gone"):
        swap_engine.generate(requests_for(tiny_model), agents, dies=True)
    with pytest.raises(EngineError) as raised:
        swap_engine.generate(requests_for(tiny_model, ("nobody",)), agents)
    assert not isinstance(raised.value, WorkerDiedError)
