"""The transformers engine: what it writes is the agent's, and does not depend on the batch."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from peft import PeftModel

from collate.config.schema import EngineConfig, ModelConfig
from collate.engines.build_engine import build_engine
from collate.engines.protocol import Engine
from collate.errors import EngineError
from collate.models.weights import AgentWeights
from tests.engines.adapters import greedy_reference, load, requests_for
from tests.tiny_model import build_tiny_model

CONFIG = EngineConfig(kind="transformers", batch=5, max_length=256)


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> Iterator[Engine]:
    built = build_engine(str(tiny_model), CONFIG, ModelConfig(dtype="float32"))
    yield built
    built.close()


def test_greedy_equals_whole_forward_passes(
    engine: Engine, tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    requests = requests_for(tiny_model, ("base", "ada", "bob"))
    written = engine.generate(requests, agents)
    assert [c.key for c in written] == [r.key for r in requests]
    answers = {}
    for agent, weights in agents.items():
        model = load(tiny_model)
        if weights.folder is not None:
            model = PeftModel.from_pretrained(model, weights.folder).merge_and_unload()
        for request, completion in zip(requests, written, strict=True):
            if request.agent == agent:
                token_ids, logprob = greedy_reference(model, request)
                assert completion.token_ids == token_ids
                assert completion.logprob == pytest.approx(logprob, abs=1e-3)
        answers[agent] = [c.token_ids for c in written if c.key.startswith(agent)]
    assert answers["base"] != answers["ada"] != answers["bob"] != answers["base"]


def test_the_base_writes_the_same_after_adapters_as_before(
    tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    """To the last bit: a run that is continued has an engine with another past."""
    requests = requests_for(tiny_model, ("base", "ada"), samples=12, temperature=1.0, max_tokens=12)
    of_base = [request for request in requests if request.agent == "base"]
    built = build_engine(str(tiny_model), CONFIG, ModelConfig(dtype="float32"))
    before = built.generate(of_base, agents)
    built.generate(requests, agents)
    assert built.generate(of_base, agents) == before


def test_a_sample_depends_on_its_seed_and_not_on_its_batch(
    engine: Engine, tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    requests = requests_for(
        tiny_model, ("base", "ada"), samples=4, temperature=1.0, top_p=0.9, max_tokens=20
    )
    written = engine.generate(requests, agents)
    backwards = engine.generate(requests[::-1], agents)[::-1]
    alone = [engine.generate([request], agents)[0] for request in requests]
    assert [c.token_ids for c in written] == [c.token_ids for c in backwards]
    assert [c.token_ids for c in written] == [c.token_ids for c in alone]
    assert len({c.token_ids for c in written}) == len(written)


def test_full_weights_and_adapters_leave_the_base_as_it_was(
    engine: Engine, tiny_model: Path, agents: dict[str, AgentWeights], full_copy: AgentWeights
) -> None:
    everyone = {**agents, "cleo": full_copy}
    before = engine.generate(requests_for(tiny_model), agents)
    mixed = engine.generate(requests_for(tiny_model, ("ada", "cleo", "base")), everyone)
    reference = load(Path(full_copy.folder or ""))
    for request, completion in zip(requests_for(tiny_model, ("cleo",)), mixed[4:8], strict=True):
        assert completion.token_ids == greedy_reference(reference, request)[0]
    assert mixed[8:] == before
    assert engine.generate(requests_for(tiny_model, ("ada",)), agents) == mixed[:4]


def test_adapters_of_an_earlier_round_are_let_go(
    engine: Engine, tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    first = engine.generate(requests_for(tiny_model, ("ada", "bob")), agents)
    only_bob = {"bob": agents["bob"]}
    assert engine.generate(requests_for(tiny_model, ("bob",)), only_bob) == first[4:]
    later = {"ada": replace(agents["bob"], agent="ada"), "bob": replace(agents["ada"], agent="bob")}
    crossed = engine.generate(requests_for(tiny_model, ("ada", "bob")), later)
    assert [c.token_ids for c in crossed] == [c.token_ids for c in first[4:] + first[:4]]


def test_rows_stop_at_the_stop_token_or_at_their_room(
    engine: Engine, tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    requests = requests_for(tiny_model, samples=24, temperature=1.5, max_tokens=40)
    written = engine.generate(requests, agents)
    eos = load(tiny_model).config.eos_token_id
    stopped = [c for c in written if c.finish_reason == "stop"]
    cut_off = [c for c in written if c.finish_reason == "length"]
    assert stopped and cut_off
    assert all(c.token_ids[-1] == eos and eos not in c.token_ids[:-1] for c in stopped)
    assert all(len(c.token_ids) == 40 and eos not in c.token_ids for c in cut_off)
    assert all("<|im_end|>" not in c.text for c in written)


def test_progress_counts_requests_and_tokens(
    engine: Engine, tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    told: list[tuple[int, int]] = []
    requests = requests_for(tiny_model, ("base", "ada"), samples=2)
    written = engine.generate(requests, agents, lambda done, tokens: told.append((done, tokens)))
    assert told == sorted(told) and len(told) == 4
    assert told[-1] == (len(requests), sum(len(c.token_ids) for c in written))


def test_a_model_without_chat_template_stops_at_the_next_question(
    tmp_path: Path, agents: dict[str, AgentWeights]
) -> None:
    folder = build_tiny_model(tmp_path, chat_template=False)
    engine = build_engine(str(folder), CONFIG, ModelConfig(dtype="float32"))
    limits = engine._limits  # type: ignore[attr-defined]
    ids = limits.tokenizer("7\nQuestion: What is")["input_ids"]
    ends = [i for i in range(1, len(ids) + 1) if limits.is_complete(ids[:i])]
    request = requests_for_plain(limits)
    completion = limits.completion(request, ids[: ends[0]], -1.0)
    assert (completion.text, completion.finish_reason) == ("7", "stop")
    assert not limits.is_complete(limits.tokenizer("7 Question:")["input_ids"])


def requests_for_plain(limits):  # type: ignore[no-untyped-def]
    from collate.engines.protocol import Request

    ids = tuple(limits.tokenizer("Question: 1 + 1?\nAnswer:")["input_ids"])
    return Request(
        key="q", agent="base", prompt_ids=ids, seed=0, temperature=0.0, top_p=1.0, max_tokens=4
    )


def test_what_cannot_be_written_is_named(
    engine: Engine, tiny_model: Path, agents: dict[str, AgentWeights]
) -> None:
    request = requests_for(tiny_model)[0]
    with pytest.raises(EngineError, match=r"names agent 'zoe'.*ada, base, bob"):
        engine.generate([replace(request, agent="zoe")], agents)
    with pytest.raises(EngineError, match=r"prompt of 256 tokens; 1 to 255"):
        engine.generate([replace(request, prompt_ids=(5,) * 256)], agents)
    short = engine.generate([replace(request, prompt_ids=(5,) * 250, max_tokens=100)], agents)[0]
    assert len(short.token_ids) <= 6
