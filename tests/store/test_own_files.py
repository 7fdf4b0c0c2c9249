"""Runs on files of the user's own, several at once with `-m`, and on another kind of question."""

from pathlib import Path

import pytest

import collate
from tests.command_line import VERDICTS_ONLY, here

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("kept_workers")]
QUICK = (
    "rounds=1", "agents.examples=0", "agents.samples=2", "agents.max_tokens=8",
    "engine.max_length=512", "engine.threads=1",
    "agents.noise=0.1", *VERDICTS_ONLY,
)  # fmt: skip


def test_a_csv_in_a_multirun_gives_one_run_for_each_value(tiny_model: Path, tmp_path: Path) -> None:
    rows = "\n".join(f"What is {i} plus 2?,{i + 2}" for i in range(30))
    (tmp_path / "mine.csv").write_text(f"prompt,target\n{rows}\n")
    done = here(
        "run", "-m", f"model={tiny_model}", "task=table", "task.path=mine.csv",
        "task.question=prompt", "task.answer=target", "name=sweep", "tuning.beta=0.1,0.3", *QUICK,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert names == ["sweep-tuning.beta=0.1", "sweep-tuning.beta=0.3"]
    for name, beta in zip(names, (0.1, 0.3), strict=True):
        run = collate.load_run(tmp_path / "runs" / name)
        assert run.config["tuning"]["beta"] == beta
        assert len(run.rationales()) == 2 * 2 * (run.questions()["split"] == "train").sum()


def test_multiple_choice_from_a_file(tiny_model: Path, tmp_path: Path) -> None:
    rows = "\n".join(f"Which is larger than {i}?,{i - 1},{i + 1},B" for i in range(30))
    (tmp_path / "quiz.csv").write_text(f"question,left,right,key\n{rows}\n")
    done = here(
        "run", f"model={tiny_model}", "task=multiple_choice", "task.path=quiz.csv",
        "task.options=left,right", "task.answer=key", "name=quiz", *QUICK, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    questions = collate.load_run(tmp_path / "runs" / "quiz").questions()
    # One key is right everywhere, so the options are mixed, and the gold answer goes with them.
    assert set(questions["gold"]) == {"A", "B"}
    for row in questions.itertuples():
        right = int(row.text.split()[-1].rstrip("?")) + 1
        assert row.options["AB".index(row.gold)] == str(right)
