"""Files that are measured whole, and files that say themselves what each question is for."""

from pathlib import Path
from typing import Any

import pytest

from collate.config.build import read
from collate.errors import InputError
from collate.tasks import TaskData, load_task
from tests.tasks.files import sums, table, write_jsonl


def texts(data: TaskData, split: str) -> set[str]:
    return {question.text for question in data.questions if question.split == split}


def named(*names: str, each: int = 10) -> list[dict[str, Any]]:
    """So many sums for each name of a split, one after the other."""
    records = sums(each * len(names))
    return [record | {"part": names[n // each]} for n, record in enumerate(records)]


def write(path: Path, records: list[dict[str, Any]]) -> str:
    return write_jsonl(path, records)


@pytest.mark.parametrize("count", [1, 2, 50])
def test_a_whole_file_is_held_out(tmp_path: Path, count: int) -> None:
    path = write(tmp_path / "a.jsonl", sums(count))
    data = load_task(table(path, held_out=True, train=40, validation=5, test=10))
    assert texts(data, "test") == {record["question"] for record in sums(count)}
    assert (len(data.questions), data.unused) == (count, 0)


def test_a_limit_counts_for_held_out_files_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", sums(50))
    for settings in ({"path": path}, {"path": None, "test_path": path}):
        data = load_task(table(held_out=True, limit=20, **settings))
        assert texts(data, "test") == {record["question"] for record in sums(20)}


def test_of_two_sources_the_test_source_is_held_out(tmp_path: Path) -> None:
    import datasets

    folder = tmp_path / "hub"
    folder.mkdir()
    write(folder / "train.jsonl", sums(60))
    write(folder / "test.jsonl", sums(20, start=100))
    cache, datasets.config.HF_DATASETS_CACHE = datasets.config.HF_DATASETS_CACHE, tmp_path / "cache"
    try:
        config = table(None, dataset=str(folder), test_source_split="test", held_out=True)
        data = load_task(config)
    finally:
        datasets.config.HF_DATASETS_CACHE = cache
    assert {q.text for q in data.questions} == {r["question"] for r in sums(20, start=100)}
    both = table(str(folder / "train.jsonl"), test_path=str(folder / "test.jsonl"), held_out=True)
    with pytest.raises(InputError, match=r"that is to be measured\? Set the other to null"):
        load_task(both)


def test_questions_that_are_made_are_held_out() -> None:
    config = table(None, kind="procedural", dataset="chain_sum", held_out=True, test=12, train=9)
    data = load_task(config)
    assert [question.split for question in data.questions] == ["test"] * 12


def test_no_split_needs_questions_where_all_are_held_out() -> None:
    zero = {"train": 0, "validation": 0, "test": 0}
    _, problems = read({"task": zero})
    assert len(problems) == 3 and "task.held_out=true" in problems[0]
    assert read({"task": zero | {"held_out": True}})[1] == []


NAMES = [("train", "validation", "test"), ("Training", "dev", "held-out"), ("train", "val", "TEST")]


@pytest.mark.parametrize("names", NAMES)
def test_a_column_names_the_splits(tmp_path: Path, names: tuple[str, str, str]) -> None:
    path = write(tmp_path / "a.jsonl", named(*names))
    data = load_task(table(path, split_column="part"))
    for number, split in enumerate(("train", "validation", "test")):
        first = 10 * number
        assert texts(data, split) == {f"What is {n} + 1?" for n in range(first, first + 10)}
    held_out = load_task(table(path, split_column="part", held_out=True))
    assert held_out.questions == [q for q in data.questions if q.split == "test"]


def test_a_column_that_names_no_test_questions_leaves_nothing_to_measure(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", named("train", "validation"))
    with pytest.raises(InputError, match="no question is a test question"):
        load_task(table(path, split_column="part", held_out=True))


def test_numbers_cap_the_splits_that_a_column_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", named("train", "validation", "test"))
    data = load_task(table(path, split_column="part", train=7, validation=3, test=10))
    assert [data.count(split) for split in ("train", "validation", "test")] == [7, 3, 10]
    with pytest.raises(InputError, match=r"task\.test=11: .* names only 10 distinct .* for test"):
        load_task(table(path, split_column="part", test=11))


def test_a_split_that_no_question_is_named_for_is_cut_from_training(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", named("train", "train", "train", "test"))
    data = load_task(table(path, split_column="part", validation=8))
    assert texts(data, "test") == {f"What is {n} + 1?" for n in range(30, 40)}
    assert (data.count("train"), data.count("validation")) == (22, 8)


def test_a_question_for_several_splits_is_held_out(tmp_path: Path) -> None:
    records = [*named("train", "validation", "test"), {**sums(1)[0], "part": "test"}]
    data = load_task(table(write(tmp_path / "a.jsonl", records), split_column="part"))
    assert "What is 0 + 1?" in texts(data, "test")
    assert (len(data.questions), data.duplicates) == (30, 1)


def test_names_that_are_none_and_two_sources_of_test_questions(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", named("train", "eval", "test"))
    with pytest.raises(InputError) as caught:
        load_task(table(path, split_column="part"))
    assert "lines 11, 12, 13, 14, 15 and 5 more: column 'part' holds 'eval' where" in str(
        caught.value
    )
    with pytest.raises(InputError, match=r"no column 'prt'.* did you mean part\?"):
        load_task(table(path, split_column="prt"))
    with pytest.raises(InputError, match="come from a source of their own already"):
        load_task(table(path, split_column="part", test_path=path))
