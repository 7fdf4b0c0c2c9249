"""CSV and TSV files as spreadsheets and other programs write them."""

from pathlib import Path
from typing import Any

import pytest

from collate.errors import InputError
from collate.tasks import load_task
from tests.tasks.files import table

ROWS = 24


def golds(path: Path, **settings: Any) -> dict[str, str]:
    questions = load_task(table(str(path), **settings)).questions
    return {question.text: question.gold for question in questions}


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_task(table(str(path)))
    return str(caught.value)


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


def rows(row: str) -> str:
    """Rows made of a pattern, "{n}" in which is their number."""
    return "".join(row.replace("{n}", str(n)) + "\n" for n in range(ROWS))


SEPARATED: list[tuple[str, str, str]] = [
    ("a.csv", "question;answer\n", "What is {n}?;{n}"),
    ("a.csv", "question\tanswer\n", "What is {n}?\t{n}"),
    ("a.csv", "question|answer\n", "What is {n}?|{n}"),
    ("a.tsv", "question,answer\n", "What is {n}?,{n}"),
    ("a.csv", "question;answer;hint, if any\n", "What is {n}?;{n};none"),
    ("a.csv", "question;answer\n", '"What is\t{n}?";{n}'),
    ("a.csv", "sep=;\r\nquestion;answer\n", "What is {n}?;{n}"),
    ("a.csv", "\ufeff\"sep=\t\"\nquestion\tanswer\n", "What is {n}?\t{n}"),
    ("a.csv", "sep=,\nquestion,answer\n", "What is {n}?,{n}"),
    # A quote behind a blank opens a field, whose commas are text.
    ("a.csv", "question, answer\n", '"What is {n}?", "{n}"'),
    ("a.csv", 'question, "answer"\n', 'What is {n}?,  "{n}"'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "header", "row"), SEPARATED)
def test_the_separator_that_a_file_has(tmp_path: Path, name: str, header: str, row: str) -> None:
    found = golds(write(tmp_path / name, header + rows(row)))
    assert {" ".join(text.split()): gold for text, gold in found.items()} == {
        f"What is {n}?": str(n) for n in range(ROWS)
    }


def test_a_separator_within_texts_does_not_count(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "question,answer\n" + rows("What is {n}; or {n} | {n}?,{n}"))
    assert golds(path)["What is 3; or 3 | 3?"] == "3"


def test_a_broken_row_is_told_under_the_files_own_separator(tmp_path: Path) -> None:
    text = "question;answer\n" + rows("What is {n}?;{n}") + "a;b;c\n"
    assert "a.csv:26: 3 fields where the header has 2, separated by a semicolon" in refusal(
        write(tmp_path / "a.csv", text)
    )
    declared = "sep=;\nquestion;answer\na;1;2\n"
    assert "b.csv:3: 3 fields where" in refusal(write(tmp_path / "b.csv", declared))


EMPTY_CELLS = [
    ("question,answer,,\n", "What is {n}?,{n},,"),
    ("question,answer,,\n", "What is {n}?,{n}"),
    ("question,answer\n", "What is {n}?,{n},,"),
    (",question,,answer\n", "{n},What is {n}?,x,{n}"),  # pandas' index, and a note without a name
    ("\n,,\nquestion,answer,\n", "What is {n}?,{n},\n,,\n, ,"),
]


@pytest.mark.parametrize(("header", "row"), EMPTY_CELLS)
def test_a_sheets_empty_cells_are_left_out(tmp_path: Path, header: str, row: str) -> None:
    found = golds(write(tmp_path / "a.csv", header + rows(row)))
    assert found == {f"What is {n}?": str(n) for n in range(ROWS)}


def test_cells_that_are_missing_or_too_many_are_told(tmp_path: Path) -> None:
    header = "question,answer,,\n"
    assert ":2: 1 fields where" in refusal(write(tmp_path / "a.csv", header + "What is 1?\n"))
    assert ":2: 5 fields where" in refusal(write(tmp_path / "b.csv", header + "a,1,,,x\n"))
    text = "question,answer,answer,,\na,1,2,,\n"
    assert "the header names 'answer' more than once" in refusal(write(tmp_path / "c.csv", text))


QUOTES = [
    ('"question" , "answer"\n"a", "1"\n', ":1: blanks behind a closing quote; remove"),
    ('question,answer\n"a" ,1\n', ":2: blanks behind a closing quote; remove"),
    ('question,answer\nx,1\n"He said \\"no\\", twice",1\n',
     ':3: a quote inside a quoted field is written twice (""), not with a backslash (\\")'),
    ('question,answer\n"He said "no" twice",1\n', ":2: text behind a closing quote"),
    ('question,answer\nx,1\n"open,2\nand,3\n', ":3: a quote (\") is opened here and not closed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule"), QUOTES)
def test_the_rule_of_quotes_that_is_broken_is_named(tmp_path: Path, text: str, rule: str) -> None:
    assert f"{tmp_path / 'a.csv'}{rule}" in refusal(write(tmp_path / "a.csv", text))


def test_quotes_that_follow_the_rule_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "question,answer\n" + rows('"He said ""{n}"", twice\n?",{n}'))
    assert golds(path)['He said "3", twice\n?'] == "3"


def test_a_list_of_records_in_a_file_of_lines_is_read(tmp_path: Path) -> None:
    items = ",\n".join(f'{{"question": "What is {n}?",\n "answer": {n}}}' for n in range(ROWS))
    assert golds(write(tmp_path / "a.jsonl", f"\ufeff [{items}]\n"))["What is 3?"] == "3"
    broken = refusal(write(tmp_path / "b.jsonl", f"[{items},\n oh]"))
    assert f"b.jsonl:{2 * ROWS + 1}: not JSON" in broken and "also broken" not in broken
    lists = refusal(write(tmp_path / "c.jsonl", "[1, 2]\n[3, 4]\n"))
    assert "c.jsonl:1: expected a record {...}, found a list" in lists


@pytest.mark.parametrize(
    ("name", "advice"),
    [("a.jsonl.gz", "unpack it first"), ("a.xlsx", "save the sheet as CSV (UTF-8)"),
     ("a.ndjson", "give it the extension .jsonl")],
)  # fmt: skip
def test_other_files_are_refused_with_the_way_to_read_them(
    tmp_path: Path, name: str, advice: str
) -> None:
    assert advice in refusal(write(tmp_path / name, "x"))
