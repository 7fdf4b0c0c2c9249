"""Which question stands in which split: by digest, never in two, never an empty one."""

import subprocess
import sys
from pathlib import Path

import pytest

from collate.config.schema import Example
from collate.errors import InputError
from collate.tables import digest
from collate.tasks import TaskData, load_task
from tests.tasks.files import sums, table, write_jsonl


def ids(data: TaskData, split: str) -> set[str]:
    return {question.id for question in data.questions if question.split == split}


def texts(data: TaskData, split: str) -> set[str]:
    return {question.text for question in data.questions if question.split == split}


def test_an_id_is_the_digest_of_task_and_text(tmp_path: Path) -> None:
    data = load_task(table(write_jsonl(tmp_path / "a.jsonl", sums(40))))
    for question in data.questions:
        assert question.id == digest("t", question.text)


def test_order_is_by_split_and_then_by_id(tmp_path: Path) -> None:
    questions = load_task(table(write_jsonl(tmp_path / "a.jsonl", sums(60)))).questions
    order = {"train": 0, "validation": 1, "test": 2}
    assert questions == sorted(questions, key=lambda q: (order[q.split], q.id))
    assert {question.split for question in questions} == set(order)


def test_shares_keep_every_question_in_its_split_when_the_file_grows(tmp_path: Path) -> None:
    small = load_task(table(write_jsonl(tmp_path / "a.jsonl", sums(60))))
    large = load_task(table(write_jsonl(tmp_path / "b.jsonl", sums(400)[::-1])))
    for split in ("train", "validation", "test"):
        assert ids(small, split) <= ids(large, split)
    assert len(large.questions) == 400
    assert len(ids(large, "train")) == pytest.approx(200, abs=40)
    assert len(ids(large, "test")) == pytest.approx(100, abs=30)


def test_numbers_leave_held_out_questions_where_they_are(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", sums(100))
    few = load_task(table(path, train=20, validation=10, test=30))
    many = load_task(table(path, train=60, validation=10, test=30))
    assert ids(few, "test") == ids(many, "test")
    assert ids(few, "validation") == ids(many, "validation")
    assert ids(few, "train") < ids(many, "train")
    assert [len(ids(few, s)) for s in ("train", "validation", "test")] == [20, 10, 30]
    assert (few.unused, many.unused) == (40, 0)


def test_shares_and_numbers_may_be_mixed(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", sums(400))
    data = load_task(table(path, train=0.5, validation=20, test=40))
    assert len(ids(data, "validation")) == 20
    assert len(ids(data, "test")) == 40
    assert len(ids(data, "train")) == pytest.approx(200, abs=40)
    assert len({question.id for question in data.questions}) == len(data.questions)
    with pytest.raises(
        InputError, match=r"too few questions for train 0\.5.*distinct questions: 400"
    ):
        load_task(table(path, train=0.5, validation=20, test=280))


def test_repeated_questions_are_dropped_and_counted(tmp_path: Path) -> None:
    again = [
        {"question": "What  is\n3 + 1?", "answer": 4},
        {"question": " What is 4 + 1? ", "answer": 5},
    ]
    data = load_task(table(write_jsonl(tmp_path / "a.jsonl", sums(50) + again)))
    assert (len(data.questions), data.duplicates) == (50, 2)


def test_a_worked_example_stands_in_no_split(tmp_path: Path) -> None:
    example = Example("What is 7 + 1?", "7 + 1 = 8.\n#### 8")
    path = write_jsonl(tmp_path / "a.jsonl", sums(50))
    data = load_task(table(path, examples=[example]))
    assert example.question not in {question.text for question in data.questions}
    assert (len(data.questions), data.duplicates) == (49, 1)


def test_a_test_file_is_held_out_whole_and_wins_over_the_first_file(tmp_path: Path) -> None:
    first = write_jsonl(tmp_path / "a.jsonl", sums(60))
    second = write_jsonl(tmp_path / "b.jsonl", sums(20, start=50))
    data = load_task(table(first, test_path=second))
    assert texts(data, "test") == {record["question"] for record in sums(20, start=50)}
    assert (data.duplicates, data.unused) == (10, 0)
    # The share that test would have had of the first file goes to train.
    assert len(ids(data, "train")) + len(ids(data, "validation")) == 50
    capped = load_task(table(first, test_path=second, test=5))
    assert ids(capped, "test") == set(sorted(ids(data, "test"))[:5])
    assert not texts(capped, "train") & texts(data, "test")
    with pytest.raises(InputError, match="the test source has only 20 distinct questions"):
        load_task(table(first, test_path=second, test=21))


def test_limit_caps_the_rows_of_the_source(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", sums(100))
    data = load_task(table(path, limit=30))
    assert {q.text for q in data.questions} == {record["question"] for record in sums(30)}


def test_a_split_without_questions_is_refused(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", sums(3))
    with pytest.raises(InputError) as caught:
        load_task(table(path, train=0.998, validation=0.001, test=0.001))
    assert "no question falls into the validation split" in str(caught.value)
    assert "no question falls into the test split" in str(caught.value)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"validation": 2.5}, r"task\.validation=2\.5: must be a share below 1, or a whole number"),
        ({"train": 0.9}, r"the shares add up to 1\.4, more than 1"),
    ],
)
def test_impossible_sizes(tmp_path: Path, sizes: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_task(table(write_jsonl(tmp_path / "a.jsonl", sums(50)), **sizes))


def test_more_than_there_is(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", sums(50))
    message = r"too few questions for train 40, validation 5, test 6 \(distinct questions: 50\)"
    with pytest.raises(InputError, match=message):
        load_task(table(path, train=40, validation=5, test=6))


def test_the_room_imports_nothing_heavy() -> None:
    program = (
        "import sys, collate.tasks;"
        "print([m for m in ('torch', 'datasets', 'reasoning_gym') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
