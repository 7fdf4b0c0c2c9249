"""What a user is told about a file that cannot be used: what was found, where, and what to do."""

import json
from pathlib import Path

import pytest

from collate.errors import InputError
from collate.tasks import load_task
from tests.tasks.files import sums, table, write_jsonl


def refusal(path: str | Path | None, **settings: object) -> str:
    with pytest.raises(InputError) as caught:
        load_task(table(None if path is None else str(path), **settings))
    return str(caught.value)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", sums(9))
    assert "did you mean train.jsonl?" in refusal(tmp_path / "trian.jsonl")
    assert "there is no folder" in refusal(tmp_path / "nowhere" / "a.jsonl")
    assert "is a folder" in refusal(tmp_path)


def test_an_extension_that_is_not_read(tmp_path: Path) -> None:
    message = refusal(write(tmp_path / "a.xlsx", "x"))
    assert "cannot read .xlsx" in message
    assert ".jsonl, .json, .csv, .tsv, .parquet" in message


def test_neither_file_nor_data_set() -> None:
    assert "task.path=FILE for a local file, or task.dataset=ID" in refusal(None)


def test_an_empty_file(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.json", "a.csv"):
        assert "contains no questions" in refusal(write(tmp_path / name, "\n"))


def test_a_missing_column_names_those_there_are(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", sums(20))
    message = refusal(path, question="qestion", answer="target")
    assert "no column 'qestion'; its columns are question, answer; did you mean" in message
    assert "no column 'target'" in message


def test_empty_gold_answers_are_told_with_their_lines(tmp_path: Path) -> None:
    records = sums(20)
    for index in (2, 3, 5, 7, 11, 13, 17):
        records[index]["answer"] = " "
    message = refusal(write_jsonl(tmp_path / "a.jsonl", records))
    assert "a.jsonl, lines 3, 4, 6, 8, 12 and 2 more: empty gold answer" in message
    assert "7 of 20 lines" in message


def test_broken_json_lines_are_told_with_file_and_line(tmp_path: Path) -> None:
    lines = [json.dumps(record) for record in sums(6)]
    lines[1], lines[4] = '{"question": "What', "[1, 2]"
    message = refusal(write(tmp_path / "a.jsonl", "\n".join(lines)))
    assert f"{tmp_path / 'a.jsonl'}:2: not JSON" in message
    assert "also broken: line 5" in message


def test_a_json_file_that_is_no_list(tmp_path: Path) -> None:
    assert "expected a list of records, found a dict" in refusal(write(tmp_path / "a.json", "{}"))
    assert ":2: not JSON" in refusal(write(tmp_path / "b.json", '[{"question": 1},\n}'))
    assert "item 2: not a record" in refusal(write(tmp_path / "c.json", '[{"question": 1}, 2]'))
    lines = "".join(json.dumps(record) + "\n" for record in sums(3))
    assert "must be named .jsonl" in refusal(write(tmp_path / "d.json", lines))


def test_csv_lines_that_do_not_fit_the_header(tmp_path: Path) -> None:
    text = 'question,answer\n"two\nlines",1\nWhat is 1 + 1?,2,3\nlast,4\n'
    assert "a.csv:4: 3 fields where the header has 2" in refusal(write(tmp_path / "a.csv", text))
    assert "header names 'answer' more than once" in refusal(
        write(tmp_path / "b.csv", "answer,answer\n1,2\n")
    )
    assert ":2: " in refusal(write(tmp_path / "c.csv", 'question,answer\n"open,1\n'))


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("question,answer\nWie groß?,1\n".encode("latin-1"))
    assert "a.csv:2: not UTF-8" in refusal(tmp_path / "a.csv")


def test_a_parquet_file_that_is_none(tmp_path: Path) -> None:
    assert "cannot be read as a Parquet file" in refusal(write(tmp_path / "a.parquet", "PAR?"))


def test_answers_of_another_kind(tmp_path: Path) -> None:
    records = sums(12)
    records[3]["answer"] = "about a dozen eggs"
    message = refusal(write_jsonl(tmp_path / "a.jsonl", records))
    assert "line 4: gold answer 'about a dozen eggs' cannot be read as number" in message
    assert "1 of 12" in message


def test_a_column_that_holds_lists(tmp_path: Path) -> None:
    records = [{"question": ["a", "b"], "answer": 1}] * 3
    message = refusal(write_jsonl(tmp_path / "a.jsonl", records))
    assert "holds a list of 2 where the question should be a text or a number" in message
    assert "for example task.question=question.0" in message


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    records = sums(20)
    records[4]["answer"] = ""
    message = refusal(
        write_jsonl(tmp_path / "a.jsonl", records),
        test_path=str(tmp_path / "gone.jsonl"), prompt="Solve it, {qestion}.", train=2.5,
    )  # fmt: skip
    parts = ("empty gold answer", "gone.jsonl", "must contain {question}", "did you mean question?")
    for part in (*parts, "task.train=2.5"):
        assert part in message
    assert message.startswith("5 problems:")


def test_answer_kind_must_go_with_the_family(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", sums(20))
    assert "task.answer_kind=number: task.kind=boolean expects boolean" in refusal(
        path, kind="boolean"
    )
