"""Files that no text can be made of, or that ask for much work, end in a sentence and soon."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from collate.errors import InputError
from collate.tasks import load_task
from tests.tasks.files import table

ROWS = 12


def refusal(path: Path, **settings: Any) -> str:
    with pytest.raises(InputError) as caught:
        load_task(table(str(path), **settings))
    str(caught.value).encode()  # it can be printed
    return str(caught.value)


def write_lines(path: Path, fourth: str) -> Path:
    lines = [f'{{"question": "What is {n}?", "answer": "{n}"}}' for n in range(ROWS)]
    lines[3] = fourth
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_table(path: Path, **columns: Any) -> Path:
    questions = [f"What is {n}?" for n in range(ROWS)]
    pa.parquet.write_table(pa.table({"question": questions, "answer": questions} | columns), path)
    return path


@pytest.mark.parametrize(
    ("line", "column", "kind"),
    [
        (r'{"question": "x \ud83d y", "answer": "3"}', "question", "table"),
        (r'{"question": "x", "answer": "\udc00 3"}', "answer", "table"),
        (r'{"question": "x", "answer": "\udc00\n#### 3"}', "answer", "word_problems"),
        (r'{"question": ["x \ud83d"], "answer": "3"}', "question", "table"),
        (r'{"question": [{"role": "user", "content": "\ud83d"}], "answer": "3"}', "question",
         "table"),
    ],
)  # fmt: skip
def test_half_of_a_character_is_told_with_its_line(
    tmp_path: Path, line: str, column: str, kind: str
) -> None:
    path = write_lines(tmp_path / "a.jsonl", line)
    if kind == "word_problems":
        path.write_text(path.read_text().replace('"answer": "', '"answer": "#### '))
    message = refusal(path, kind=kind, answer_kind="text")
    assert f"a.jsonl, line 4: column '{column}' holds half of a character (\\u" in message
    assert "write the whole character, or remove it" in message


def test_half_of_a_character_in_options_keys_solutions_and_splits(tmp_path: Path) -> None:
    choice = {"kind": "multiple_choice", "answer_kind": "choice"}
    sound = '{"question": "x", "options": ["a", "b"], "answer": "A"}\n'
    path = tmp_path / "options.jsonl"
    path.write_text(sound + r'{"question": "y", "options": ["a", "\ud83d"], "answer": "A"}')
    assert "options.jsonl, line 2: column 'options' gives no list" in refusal(path, **choice)
    path.write_text(sound + r'{"question": "y", "options": ["a", "b"], "answer": "\ud83d"}')
    assert "options.jsonl, line 2: column 'answer' holds half" in refusal(path, **choice)
    half = r'{"question": "x", "answer": "1", "why": "\ud83d"}'
    path = write_lines(tmp_path / "c.jsonl", half)
    assert "column 'why' holds half of a character" in refusal(path, solution="why")
    refusal(path, split_column="why")
    # A column that nobody asks for may hold what it likes.
    assert len(load_task(table(str(path))).questions) == ROWS


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.large_string()])
def test_texts_of_a_parquet_file_that_are_not_utf8(tmp_path: Path, kind: pa.DataType) -> None:
    raw = [f"{n}".encode() for n in range(ROWS)]
    raw[4] = b"\xff\xfe"
    is_large = pa.types.is_large_string(kind)
    answers = pa.array(raw, pa.large_binary() if is_large else pa.binary()).view(kind)
    path = write_table(tmp_path / "a.parquet", answer=answers)
    message = refusal(path, answer_kind="text")
    assert "a.parquet, row 5: column 'answer' holds bytes that are not UTF-8 text" in message
    assert len(load_task(table(str(path), answer="question", answer_kind="text")).questions) == ROWS


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (2**62, pa.timestamp("us"), "row 5: column 'answer' holds a date outside of the years"),
        (-(2**60), pa.timestamp("ms"), "row 5: column 'answer' holds a date outside of the years"),
        (2**31 - 1, pa.date32(), "row 5: column 'answer' holds a date outside of the years"),
        (2**62, pa.date64(), "row 5: column 'answer' holds a date outside of the years"),
        (86_400, pa.time32("s"), "row 5: column 'answer' holds a time outside of a day"),
        (-1, pa.time64("us"), "row 5: column 'answer' holds a time outside of a day"),
        (0, pa.timestamp("us", "Bogus/Zone"), "a time in the unknown zone 'Bogus/Zone'"),
        (0, pa.timestamp("us", "../../../etc/hostname"), "a time in the unknown zone"),
        (0, pa.timestamp("us", "+99:99"), "a time in the unknown zone '+99:99'"),
    ],
)
def test_dates_and_times_that_there_are_not(
    tmp_path: Path, values: int, kind: pa.DataType, message: str
) -> None:
    width = pa.int32() if kind.bit_width == 32 else pa.int64()
    counts = [0] * ROWS
    counts[4] = values
    path = write_table(tmp_path / "a.parquet", answer=pa.array(counts, width).view(kind))
    assert message in refusal(path, answer_kind="text")


@pytest.mark.timeout(120)
def test_a_csv_of_200000_columns_takes_seconds(tmp_path: Path) -> None:
    names = ",".join(f"c{n}" for n in range(200_000))
    cells = "," * 199_999
    rows = "\n".join(f"What is {n}?,{n},{cells}" for n in range(ROWS))
    path = tmp_path / "a.csv"
    path.write_text(f"question,answer,{names}\n{rows}\n")
    start = time.process_time()
    assert len(load_task(table(str(path))).questions) == ROWS
    message = refusal(path, question="qestion")
    assert time.process_time() - start < 30
    assert "did you mean question?" in message and "199,982 more" in message
    assert len(message) < 1000


@pytest.mark.timeout(120)
def test_a_small_parquet_file_of_one_huge_text_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    schema = pa.schema([("question", pa.string()), ("answer", pa.int64())])
    with pa.parquet.ParquetWriter(path, schema) as writer:
        rows = pa.table({"question": ["x" * 900_000] * 200, "answer": [1] * 200}, schema)
        for _ in range(10):  # 1.8 GB of text in a file of kilobytes
            writer.write_table(rows)
    assert path.stat().st_size < 2**20
    program = (
        "import sys, resource\n"
        "from collate.tasks.sources import read_file\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "source = read_file('path', sys.argv[1], [])\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(len(source.rows), after - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    row_count, grown_by = map(int, done.stdout.split())
    assert row_count == 2000
    assert grown_by < 400 * 1024  # KiB
