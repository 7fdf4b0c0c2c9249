"""Worked solutions come along with questions; what guessing gets."""

from pathlib import Path
from typing import Any

import pytest

from collate.errors import InputError
from collate.tables import Question, digest
from collate.tasks import chance_level, load_task
from tests.tasks.files import sums, table, write_jsonl


def solutions(path: str, **settings: Any) -> dict[str, str]:
    questions = load_task(table(path, **settings)).questions
    return {question.text: question.solution for question in questions}


def test_word_problems_keep_what_stands_before_the_number(tmp_path: Path) -> None:
    records = [
        {"question": f"Q{n}", "answer": f"She has 2 * {n} = $<<2*{n}={2 * n}>>{2 * n}.\nSo much "
         f"stays.\n#### {2 * n}"}
        for n in range(30)
    ]  # fmt: skip
    path = write_jsonl(tmp_path / "a.jsonl", records)
    solution_by_text = solutions(path, kind="word_problems")
    assert solution_by_text["Q7"] == "She has 2 * 7 = $14.\nSo much stays."
    assert not any("<<" in text or "####" in text for text in solution_by_text.values())


def test_a_column_of_solutions_is_cut_before_the_answer_and_leaves_ids_alone(
    tmp_path: Path,
) -> None:
    why = ["  Counting on gives it.\n#### 5", ["One.", "Two."], None]
    records = [record | {"why": why[n % 3]} for n, record in enumerate(sums(30))]
    path = write_jsonl(tmp_path / "a.jsonl", records)
    solution_by_text = solutions(path, solution="why")
    assert solution_by_text["What is 3 + 1?"] == "Counting on gives it."
    assert solution_by_text["What is 4 + 1?"] == "One.\nTwo."
    assert solution_by_text["What is 5 + 1?"] == ""
    for question in load_task(table(path, solution="why")).questions:
        assert question.id == digest("t", question.text)
    assert set(solutions(path).values()) == {""}


def test_a_test_file_needs_no_solutions_but_the_first_file_does(tmp_path: Path) -> None:
    first = write_jsonl(tmp_path / "a.jsonl", [r | {"why": "So."} for r in sums(30)])
    second = write_jsonl(tmp_path / "b.jsonl", sums(9, start=100))
    solution_by_text = solutions(first, test_path=second, solution="why")
    assert (solution_by_text["What is 3 + 1?"], solution_by_text["What is 103 + 1?"]) == ("So.", "")
    with pytest.raises(InputError, match=r"task\.solution=wy: .* did you mean why\?"):
        solutions(first, solution="wy")
    records = [record | {"why": {"text": "So."}} for record in sums(30)]
    with pytest.raises(InputError, match="holds a record where a worked solution should be"):
        solutions(write_jsonl(tmp_path / "c.jsonl", records), solution="why")


def question(options: tuple[str, ...] = ()) -> Question:
    return Question("id", "t", "test", "Which?", "A", options)


@pytest.mark.parametrize(
    ("questions", "kind", "level"),
    [
        ([question(("a", "b")), question(("a", "b", "c", "d"))], "choice", 0.375),
        ([question(("a", "b", "c"))] * 5, "choice", 1 / 3),
        ([question()], "choice", None),
        ([question(("a", "b")), question()], "choice", None),
        ([question()], "boolean", 0.5),
        ([question()], "number", None),
        ([question()], "text", None),
        ([], "boolean", None),
    ],
)
def test_what_guessing_gets(questions: list[Question], kind: str, level: float | None) -> None:
    assert chance_level(questions, kind) == (None if level is None else pytest.approx(level))
