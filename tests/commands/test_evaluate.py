"""`collate evaluate`: any model on any task, and a run's agents again."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.command_line import TINY_RUN, here, run_tiny

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("kept_workers")]
SMALL = tuple(text for text in TINY_RUN if not text.startswith(("pairs", "tuning")))
PLAIN = ("engine=transformers",)


@pytest.fixture(scope="module")
def run(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory, kept_workers: None) -> Path:
    cwd = tmp_path_factory.mktemp("evaluated")
    run_tiny(tiny_model, cwd, "name=tiny", "rounds=1", *PLAIN)
    return cwd / "runs" / "tiny"


def tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    (metrics,), (answers,) = folder.rglob("metrics.parquet"), folder.rglob("answers.parquet")
    return pd.read_parquet(metrics), pd.read_parquet(answers)


def test_a_model_without_a_run(tiny_model: Path, tmp_path: Path) -> None:
    done = here("evaluate", f"model={tiny_model}", *SMALL, *PLAIN, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "held-out" in done.stdout
    for word in ("before", "best agent", "tuning", "gain"):
        assert word not in done.stdout
    metrics, answers = tables(tmp_path / "runs" / "evaluations" / tiny_model.name)
    assert set(metrics["model"]) == {tiny_model.name}
    assert set(metrics["task"]) == {"chain_sum"} and not (metrics["name"] == "gain").any()
    assert {"accuracy", "stated_rate", "mean_tokens"} <= set(metrics["name"])
    assert set(answers["writer"]) == {tiny_model.name} and len(answers) == 6 + 12


def test_a_runs_agent_on_its_own_task_beside_its_base(run: Path) -> None:
    cwd = run.parents[1]
    done = here("evaluate", "model=runs/tiny:agent-2@1", *PLAIN, "engine.threads=1",
                "folder=elsewhere", cwd=cwd)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (place,) = (cwd / "elsewhere" / "evaluations").iterdir()
    assert place.name == "runs-tiny-agent-2-1"
    metrics, answers = tables(place)
    assert set(metrics["model"]) == {"base", "runs/tiny:agent-2@1"}
    assert (metrics["name"] == "gain").any()
    # The same prompt, weights and questions as in the run: the same answers.
    own = pd.read_parquet(run / "round-01" / "answers.parquet").query("writer == 'agent-2'")
    both = own.merge(answers, on=["question_id", "sample"], suffixes=("", "_again"))
    assert len(both) == len(own) == len(answers)
    assert (both["text"] == both["text_again"]).all()
    (lineage,) = place.rglob("model.yaml")
    assert yaml.safe_load(lineage.read_text())["agent"] == "agent-2"


@pytest.fixture
def held_out_file(tmp_path: Path) -> tuple[str, ...]:
    """Settings that measure a file of 9 questions, the first of which has a remark."""
    file = tmp_path / "test.jsonl"
    records = [{"question": f"What is {n} + 1?", "answer": f"So.\n#### {n + 1}"} for n in range(9)]
    records[0]["answer"] += "\nThanks!"
    pd.DataFrame(records).to_json(file, orient="records", lines=True)
    return ("task=table", "task.kind=word_problems", f"task.path={file}", "task.held_out=true",
            "task.prompt='{question}'")  # fmt: skip


def test_a_whole_file_is_measured_by_a_model(
    tiny_model: Path, tmp_path: Path, held_out_file: tuple[str, ...]
) -> None:
    small = [text for text in SMALL if not text.startswith("task")]
    done = here("evaluate", f"model={tiny_model}", *held_out_file, *small, *PLAIN, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Strict accuracy on 9 held-out questions" in done.stdout
    assert "line 1: text behind the line of the gold number is left out (1 of 9)" in done.stdout
    metrics, answers = tables(tmp_path / "runs")
    assert set(metrics["split"]) == {"test"} and set(metrics["n"]) == {9} and len(answers) == 9


def test_a_whole_file_is_measured_by_a_runs_agents(
    run: Path, held_out_file: tuple[str, ...]
) -> None:
    done = here("evaluate", f"run={run}", *held_out_file, *PLAIN, cwd=run.parents[1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Strict accuracy on 9 held-out questions" in done.stdout
    assert "best agent" not in done.stdout  # without validation questions there is none to choose
    (place,) = (run / "evaluations").glob("table-*")
    metrics, answers = tables(place)
    assert set(metrics["split"]) == {"test"} and set(metrics["n"]) == {9}
    assert {"base", "agent-1", "agent-2"} <= set(metrics["model"])
    base = answers[answers["writer"] == "base"]
    assert len(base) == 9 and set(answers["split"]) == {"test"}


def test_a_run_learns_nothing_from_held_out_questions(
    tmp_path: Path, held_out_file: tuple[str, ...]
) -> None:
    done = here("run", *held_out_file, "model=packaged:smollm2-135m-instruct", cwd=tmp_path)
    assert done.returncode == 2
    assert "task.held_out=true: leaves no question to learn from" in done.stderr


def test_questions_that_were_learned_are_warned_of(run: Path, tmp_path: Path) -> None:
    learned = pd.read_parquet(run / "questions.parquet").query("split == 'train'")
    file = tmp_path / "learned.jsonl"
    rows = learned.rename(columns={"text": "question", "gold": "answer"})
    rows[["question", "answer"]].to_json(file, orient="records", lines=True)
    task = ("task=table", f"task.path={file}", "task.answer_kind=number", "task.train=1",
            "task.validation=1", "task.test=10", "task.prompt='{question}'")  # fmt: skip
    done = here("evaluate", "model=runs/tiny", *task, *PLAIN, cwd=run.parents[1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning: 11 of the questions repeat" in done.stdout


def test_labels_of_a_task_stand_on_answers_and_metrics(tiny_model: Path, tmp_path: Path) -> None:
    done = here("evaluate", f"model={tiny_model}", *SMALL, *PLAIN,
                "task.labels={language: en, domain: arithmetic}", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for table in tables(tmp_path / "runs"):
        assert set(table["language"]) == {"en"} and set(table["domain"]) == {"arithmetic"}
        assert set(table["objective"]) == {""}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "needs run=FOLDER or model=NAME"),
        (("run=runs/none",), "no run there"),
        (("run=a", "model=b"), "needs run=FOLDER or model=NAME"),
        (("model=/nowhere",), "not a hub id"),
        (("model=packaged:nothing",), "no such packaged model"),
    ],
)
def test_what_it_needs(tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    done = here("evaluate", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and problem in done.stderr
    assert not (tmp_path / "runs").exists()
