"""Rationales from other sources than an agent's own sampling, and where agents begin."""

import json
from collections import Counter
from pathlib import Path

import pytest

import collate
from collate.store.manifest import Manifest
from collate.store.tables_on_disk import StoredRows
from collate.tables import GOLD, HINT, PEER, SAMPLED, Preference, Rationale, TuningStep
from tests.command_line import here, run_tiny

PLAIN = ("engine=transformers", "rounds=1")


def corpus(folder: Path, count: int = 40) -> Path:
    """A file of questions with worked solutions."""
    path = folder / "corpus.jsonl"
    rows = [
        {"question": f"What is {n} + 3?", "answer": str(n + 3), "solution": f"{n} + 3 = {n + 3}"}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rationales(run: Path) -> list[Rationale]:
    return list(StoredRows(run / "round-01" / "rationales.parquet", Rationale))


def test_peers_complete_and_hints_are_written_where_nobody_was_right(
    tiny_model: Path, tmp_path: Path, kept_workers: None
) -> None:
    run_tiny(
        tiny_model, tmp_path, "name=a", *PLAIN, "agents.peer_completions=2",
        "agents.hinted_samples=1", "pairs.gold=always", "agents.temperatures=[1.0,1.3]",
    )  # fmt: skip
    rows = rationales(tmp_path / "runs" / "a")
    sources = Counter(row.origin for row in rows)
    assert sources[SAMPLED] == 12 * 2 * 3 and sources[GOLD] == 12
    assert sources[HINT] == 12 * 2  # a random model is never right
    assert 0 < sources[PEER] <= 12 * 2 * 2
    sampled = {(r.question_id, r.writer, r.sample): r for r in rows if r.origin == SAMPLED}
    for row in rows:
        if row.origin == PEER:
            begun = [r for key, r in sampled.items() if key[:1] == (row.question_id,)]
            others = [r for r in begun if r.writer != row.writer]
            assert any(r.token_ids[:1] == row.token_ids[:1] for r in others)
            own = next(r for r in begun if r.writer == row.writer)
            assert row.prompt_ids == own.prompt_ids and len(row.token_ids) <= 12
        if row.origin == HINT:
            own = sampled[row.question_id, row.writer, 0]
            assert len(row.prompt_ids) > len(own.prompt_ids)
    run = collate.load_run(tmp_path / "runs" / "a")
    assert set(run.rationales()["writer"]) == {"agent-1", "agent-2", "gold"}
    again = here("run", f"model={tiny_model}", "name=a", cwd=tmp_path)
    assert again.returncode == 2  # other settings under the same name


def test_a_warm_up_is_made_once_and_found_again(
    tiny_model: Path, tmp_path: Path, kept_workers: None
) -> None:
    path = corpus(tmp_path)
    warm = ("warmup.kind=preference", f"warmup.path={path}", "warmup.questions=8")
    first = run_tiny(tiny_model, tmp_path, "name=a", *PLAIN, *warm)
    (warmup,) = (tmp_path / "runs" / "warm-up").iterdir()
    made = (warmup / "manifest.jsonl").read_text()
    pairs = list(StoredRows(warmup / "round-01" / "preferences.parquet", Preference))
    assert pairs and {pair.rule for pair in pairs} == {"gold_over_own"}
    parts = {agent: {p.question_id for p in pairs if p.agent == agent} for agent in
             ("agent-1", "agent-2")}  # fmt: skip
    assert parts["agent-1"] and parts["agent-2"] and not parts["agent-1"] & parts["agent-2"]
    written = StoredRows(warmup / "round-01" / "rationales.parquet", Rationale)
    gold = {row.question_id: row.text for row in written if row.origin == GOLD}
    assert all("+ 3 =" in text and "####" in text for text in gold.values())
    second = run_tiny(tiny_model, tmp_path, "name=b", *PLAIN, *warm, "pairs.per_question=1")
    assert "nothing to do" in second.stdout and "nothing to do" not in first.stdout
    assert (warmup / "manifest.jsonl").read_text() == made
    began = [
        Manifest.read(tmp_path / "runs" / name).stages["round-00/agents/agent-1"]["files"]
        for name in "ab"
    ]
    assert list(began[0].values()) == list(began[1].values())
    third = here(
        "run",
        f"model={tiny_model}",
        "name=c",
        "agents.start=runs/a",
        "agents.count=3",
        cwd=tmp_path,
    )
    assert third.returncode == 2 and "its run has agents.count=2, this one 3" in third.stderr


def test_supervised_tuning_on_solutions_under_a_budget(
    tiny_model: Path, tmp_path: Path, kept_workers: None
) -> None:
    path = corpus(tmp_path)
    run_tiny(
        tiny_model, tmp_path, "name=a", *PLAIN, "task=table", f"task.path={path}",
        "task.answer_kind=number", "task.solution=solution", "pairs=gold_only", "tuning=sft",
        "agents.count=1", "budget.tuned_tokens=400", "scoring=verifier", "evaluation.rounds=last",
    )  # fmt: skip
    steps = list(StoredRows(tmp_path / "runs" / "a" / "round-01" / "tuning.parquet", TuningStep))
    assert 300 < sum(step.tokens for step in steps) <= 400
    pairs = StoredRows(tmp_path / "runs" / "a" / "round-01" / "preferences.parquet", Preference)
    assert all(pair.rejected_id is None for pair in pairs)
    assert steps[-1].loss < steps[0].loss


def test_agents_that_imitate_a_corpus_in_the_modes_of_the_paper(
    tiny_model: Path, tmp_path: Path, kept_workers: None
) -> None:
    path = corpus(tmp_path)
    run_tiny(
        tiny_model, tmp_path, "name=a", *PLAIN, "warmup.kind=supervised", f"warmup.path={path}",
        "evaluation.cross_rationales=2",
        "evaluation.confidence=true", "evaluation.reader=trained",
    )  # fmt: skip
    (warmup,) = (tmp_path / "runs" / "warm-up").iterdir()
    pairs = list(StoredRows(warmup / "round-01" / "preferences.parquet", Preference))
    steps = list(StoredRows(warmup / "round-01" / "tuning.parquet", TuningStep))
    for agent in ("agent-1", "agent-2"):
        own = sum(pair.agent == agent for pair in pairs)
        assert sum(step.agent == agent for step in steps) == -(-2 * own // 4)
    run = collate.load_run(tmp_path / "runs" / "a")
    measures = run.diversity()
    assert (measures["name"] == "divergence").any()
    answers = run.answers(1)
    read = answers[answers["writer"] == "reader"]
    assert len(read) == 18 and (tmp_path / "runs/a/round-01/reader/adapter_config.json").is_file()
    assert {"accuracy", "gain"} <= set(run.metrics(1).query("model == 'reader'")["name"])
    answers = answers[answers["writer"] != "reader"]
    assert answers.loc[answers["stated"].notna(), "confidence"].notna().all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("warmup.kind=preference",), "needs worked solutions"),
        (("agents.start=nowhere",), "expected a run"),
        (("agents.count=1", "agents.peer_completions=1"), "rationales of other agents"),
        (("agents.hint=none",), "must contain {answer}"),
        (("warmup.kind=own", "agents.start=x"), "leave one of the two out"),
    ],
)
def test_beginnings_that_cannot_be(
    tiny_model: Path, tmp_path: Path, settings: tuple[str, ...], said: str
) -> None:
    done = here("run", f"model={tiny_model}", "task=table", f"task.path={corpus(tmp_path)}",
                "task.answer_kind=number", *settings, cwd=tmp_path)  # fmt: skip
    assert done.returncode == 2 and said in done.stderr
    assert not (tmp_path / "runs").exists()
