"""The same question with different gold answers is told with all its places, or left out."""

from pathlib import Path
from typing import Any

import pytest

from collate.errors import InputError
from collate.tasks import TaskData, load_task
from tests.tasks.files import sums, table, write_jsonl

CHOICE = {"kind": "multiple_choice", "answer_kind": "choice"}


def load(path: str, **settings: Any) -> TaskData:
    return load_task(table(path, **settings))


def refusal(path: str, **settings: Any) -> str:
    with pytest.raises(InputError) as caught:
        load(path, **settings)
    return str(caught.value)


def test_both_places_and_both_answers_are_told(tmp_path: Path) -> None:
    records = [*sums(40), {"question": " What is  3 + 1? ", "answer": 7}]
    path = write_jsonl(tmp_path / "a.jsonl", records)
    assert (
        "a.jsonl, lines 4 and 41: the same question with different gold answers, '4' and '7' "
        "('What is 3 + 1?'); correct them, or leave such questions out with task.conflicts=drop"
    ) in refusal(path)


def test_two_files_are_told_with_a_place_in_each(tmp_path: Path) -> None:
    first = write_jsonl(tmp_path / "a.jsonl", sums(40))
    second = write_jsonl(tmp_path / "b.jsonl", [{"question": "What is 3 + 1?", "answer": 7}])
    message = refusal(first, test_path=second)
    assert "b.jsonl, line 1; " in message and "a.jsonl, line 4: the same question" in message


def test_left_out_questions_are_told_and_stand_in_no_split(tmp_path: Path) -> None:
    records = [*sums(40), *({"question": f"What is {n} + 1?", "answer": 99} for n in (3, 5, 3))]
    data = load(write_jsonl(tmp_path / "a.jsonl", records), conflicts="drop")
    texts = {question.text for question in data.questions}
    assert texts == {f"What is {n} + 1?" for n in range(40)} - {"What is 3 + 1?", "What is 5 + 1?"}
    [note] = data.notes
    assert "2 questions with different gold answers are left out" in note
    assert "lines 4, 41 and 43" in note


def test_many_are_counted(tmp_path: Path) -> None:
    others = [record | {"answer": 0} for record in sums(40)]
    message = refusal(write_jsonl(tmp_path / "a.jsonl", [*sums(40), *others]))
    assert message.startswith("6 problems:")
    assert "35 more questions with different gold answers" in message
    same = [{"question": "What?", "answer": n} for n in range(40)]
    message = refusal(write_jsonl(tmp_path / "b.jsonl", same))
    assert "lines 1, 2, 3, 4, 5 and 35 more" in message and "'4' and 35 more" in message


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [("number", "8", "8.0"), ("number", "1000", "1,000"), ("number", "0.5", "1/2"),
     ("text", "Lima", "lima.")],
)  # fmt: skip
def test_one_answer_in_two_spellings_is_no_conflict(
    tmp_path: Path, kind: str, first: str, second: str
) -> None:
    records = [{"question": f"What is {n}?", "answer": first} for n in range(40)]
    records.append({"question": "What is 3?", "answer": second})
    data = load(write_jsonl(tmp_path / "a.jsonl", records), answer_kind=kind)
    assert (len(data.questions), data.duplicates, data.notes) == (40, 1, ())


def test_options_are_compared_by_their_texts(tmp_path: Path) -> None:
    records = [
        {"question": f"Which? {n}", "options": ["x", "y"], "answer": "AB"[n % 2]} for n in range(40)
    ]
    again = {"question": "Which? 3", "options": ["y", "x"], "answer": "A"}  # B, y
    path = write_jsonl(tmp_path / "a.jsonl", [*records, again])
    assert len(load(path, **CHOICE).questions) == 41
    path = write_jsonl(tmp_path / "b.jsonl", [*records, again | {"answer": "B"}])
    assert "lines 4 and 41: the same question with different gold answers, 'y' and 'x'" in refusal(
        path, **CHOICE
    )
    other = {"question": "Which? 3", "options": ["x", "z"], "answer": "A"}
    assert len(load(write_jsonl(tmp_path / "c.jsonl", [*records, other]), **CHOICE).questions) == 41
