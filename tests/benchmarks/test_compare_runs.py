"""Runs are compared table by table, whichever schema they were written with."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from collate.tables import (
    CHOSEN,
    REJECTED,
    RIGHT,
    WRONG,
    Answer,
    Metric,
    Preference,
    Question,
    Rationale,
    Score,
    to_table,
)
from tests.benchmarks.compare_runs import main

QUESTION = Question("q", "t", "train", "1 + 1?", "2")
RATIONALES = [
    Rationale(f"r{n}", "q", "a", "m", "base", 1, n, 0, 1.0, 1.0, (1, 2), (3, 4 + n), "t", "stop",
              -1.0 - n)
    for n in range(2)
]  # fmt: skip
SCORES = [
    Score(f"r{n}", "q", "2", verdict, "", "2", verdict, -1.0, -1.0, 0.3, 0.3, 0.3, 0.2, 0.1, ())
    for n, verdict in enumerate((RIGHT, WRONG))
]
PREFERENCE = Preference("p", "q", "a", {CHOSEN: "r0", REJECTED: "r1"}, "correctness", 0.0)
ANSWER = Answer("q", "t", "test", "a", "m", 0, "it is 2", 3, "stop", "2", RIGHT, "2", RIGHT)
ACCURACY = Metric(1, "test", "a", "accuracy", 0.5, 0.1, 0.9, 10, "t")
OF_A_LANGUAGE = Metric(1, "test", "a", "accuracy", 0.4, 0.1, 0.9, 5, "t", language="de")
FRENCH = Metric(1, "test", "a", "accuracy", 0.6, 0.1, 0.9, 5, "t", language="fr")


def write_run(folder: Path) -> Path:
    """A run of one round, as the present version writes it."""
    round_folder, adapter = folder / "round-01", folder / "round-01" / "agents" / "a"
    adapter.mkdir(parents=True)
    (adapter / "adapter_model.safetensors").write_bytes(b"weights")
    (adapter / "tuning.json").write_text("[]")
    pq.write_table(to_table(Question, [QUESTION]), folder / "questions.parquet")
    tables = {
        "rationales": (Rationale, RATIONALES), "scores": (Score, SCORES),
        "preferences": (Preference, [PREFERENCE]), "answers": (Answer, [ANSWER]),
        "metrics": (Metric, [ACCURACY, OF_A_LANGUAGE, FRENCH]),
    }  # fmt: skip
    for name, (kind, rows) in tables.items():
        pq.write_table(to_table(kind, rows), round_folder / f"{name}.parquet")
    return folder


def write_earlier_run(folder: Path) -> Path:
    """The same run as schema 4 has it."""
    write_run(folder)
    round_folder = folder / "round-01"
    for name, renamed in (
        ("rationales", {"writer": "agent", "weights": "adapter", "origin": "source"}),
        ("scores", {"flags": "marks"}),
        ("answers", {"writer": "agent"}),
        ("metrics", {"model": "agent"}),
    ):
        file = round_folder / f"{name}.parquet"
        table = pd.read_parquet(file).rename(columns=renamed)
        if name == "metrics":
            table = table[table["language"] == ""]
        later = ["model", "task", "language", "objective", "domain", "objectives"]
        table.drop(columns=later, errors="ignore").to_parquet(file)
    (round_folder / "preferences.parquet").unlink()
    pairs = pd.DataFrame([{"agent": "a", "chosen_id": "r0", "rejected_id": "r1"}])
    pairs.to_parquet(round_folder / "pairs.parquet")
    return folder


def test_equal_runs_of_either_schema_are_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    present, earlier = write_run(tmp_path / "a"), write_earlier_run(tmp_path / "b")
    (present / "round-01/agents/a/tuning.json").write_text("[1]")  # no part of an adapter
    for pair in ((present, present), (present, earlier), (earlier, present), (earlier, earlier)):
        assert main([str(folder) for folder in pair]) == 0
    assert "differ" not in capsys.readouterr().out.replace("differ by at most", "")


def change(name: str, column: str, value: object) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        file = folder / name
        table = pd.read_parquet(file)
        table.at[0, column] = value
        table.to_parquet(file)

    return changed


def add_a_round(folder: Path) -> None:
    (folder / "round-02").mkdir()
    answers = folder / "round-01/answers.parquet", folder / "round-01/metrics.parquet"
    for file in answers:
        (folder / "round-02" / file.name).write_bytes(file.read_bytes())


def change_an_adapter(folder: Path) -> None:
    (folder / "round-01/agents/a/adapter_model.safetensors").write_bytes(b"others")


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("questions", change("questions.parquet", "gold", "3")),
        ("rationales", change("round-01/rationales.parquet", "token_ids", [3, 3])),
        ("verdicts", change("round-01/scores.parquet", "verdict", WRONG)),
        ("preferences", change("round-01/pairs.parquet", "chosen_id", "r7")),
        ("adapter files", change_an_adapter),
        ("answers", change("round-01/answers.parquet", "text", "it is 3")),
        ("accuracies", change("round-01/metrics.parquet", "value", 0.75)),
        ("accuracies", add_a_round),
    ],
)
def test_whatever_differs_is_named_and_ends_with_1(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    what: str,
    changes: Callable[[Path], None],
) -> None:
    present, earlier = write_run(tmp_path / "a"), write_earlier_run(tmp_path / "b")
    changes(earlier)
    assert main([str(present), str(earlier)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(what in line and "differ" in line for line in lines)


def test_likelihoods_that_differ_in_their_last_digits_are_told_and_are_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b")
    change("round-01/scores.parquet", "likelihood", 0.30001)(second)
    assert main([str(first), str(second)]) == 0
    assert "logprob 0.0e+00, likelihood 1.0e-05" in capsys.readouterr().out
