"""A column of a Parquet file or a Hub data set holds a text or a number, whatever its type is."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from collate.errors import InputError
from collate.tables import Question
from collate.tasks import load_task
from collate.tasks.items import read_items
from collate.tasks.number_texts import as_meant, float_text
from collate.tasks.rows import Row, Source
from tests.tasks.files import table, write_jsonl

ROWS = 12


def golds(path: Path, **settings: Any) -> list[str]:
    questions = load_task(table(str(path), **settings)).questions
    return [question.gold for question in sorted(questions, key=number_of)]


def number_of(question: Question) -> int:
    return int(question.text.split()[1])


def write_answers(path: Path, answers: Any) -> Path:
    answers = answers if isinstance(answers, pa.Array) else pa.array(answers)
    questions = [f"Question {n} of the list" for n in range(len(answers))]
    pa.parquet.write_table(pa.table({"question": questions, "answer": answers}), path)
    return path


NUMBERS: list[tuple[str, pa.DataType, Any, str]] = [
    ("float32", pa.float32(), [n + 0.1 for n in range(ROWS)], "2.1"),
    ("float16", pa.float16(), [np.float16(n + 0.5) for n in range(ROWS)], "2.5"),
    ("small float32", pa.float32(), [(n + 1) * 1e-5 for n in range(ROWS)], "0.00003"),
    ("float64", pa.float64(), [n + 0.1 for n in range(ROWS)], "2.1"),
    ("sums of float64", pa.float64(), [n / 10 + 0.6 for n in range(ROWS)], "0.8"),
    ("whole float32", pa.float32(), [float(n) for n in range(ROWS)], "2"),
    ("decimal128", pa.decimal128(10, 2), [Decimal(n) + Decimal("0.50") for n in range(ROWS)],
     "2.50"),
    ("decimal256", pa.decimal256(50, 1), [Decimal(n) for n in range(ROWS)], "2"),
    ("int8", pa.int8(), list(range(ROWS)), "2"),
    ("uint64", pa.uint64(), [2**63 + n for n in range(ROWS)], "9223372036854775810"),
    ("bytes", pa.binary(), [str(n).encode() for n in range(ROWS)], "2"),
    ("large bytes", pa.large_binary(), [str(n).encode() for n in range(ROWS)], "2"),
    ("bytes of one length", pa.binary(2), [f"{n:02}".encode() for n in range(ROWS)], "02"),
    ("large string", pa.large_string(), [str(n) for n in range(ROWS)], "2"),
    ("string view", pa.string_view(), [str(n) for n in range(ROWS)], "2"),
    ("list of one", pa.list_(pa.float32()), [[n + 0.1] for n in range(ROWS)], "2.1"),
    ("large list of one", pa.large_list(pa.string()), [[str(n)] for n in range(ROWS)], "2"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "gold"), [row[1:] for row in NUMBERS],
                         ids=[row[0] for row in NUMBERS])  # fmt: skip
def test_numbers_have_the_digits_that_their_writer_meant(
    tmp_path: Path, kind: pa.DataType, values: Any, gold: str
) -> None:
    path = write_answers(tmp_path / "a.parquet", pa.array(values, kind))
    assert golds(path)[2] == gold
    assert len(golds(path)) == ROWS


def days(kind: pa.DataType, **clock: int) -> pa.Array:
    return pa.array([dt.datetime(2021, 1, n + 1, **clock) for n in range(ROWS)], kind)


TEXTS: list[tuple[str, pa.Array, str]] = [
    ("date32", pa.array([dt.date(2021, 1, n + 1) for n in range(ROWS)], pa.date32()), "2021-01-03"),
    ("date64", pa.array([dt.date(2021, 1, n + 1) for n in range(ROWS)], pa.date64()), "2021-01-03"),
    ("timestamps at midnight", days(pa.timestamp("ns")), "2021-01-03"),
    ("timestamps", days(pa.timestamp("ms"), hour=7), "2021-01-03 07:00:00"),
    ("timestamps with fractions", days(pa.timestamp("us"), microsecond=250_000),
     "2021-01-03 00:00:00.25"),
    ("timestamps of a zone", days(pa.timestamp("us", "Europe/Berlin")),
     "2021-01-03 01:00:00+01:00"),
    ("timestamps of an offset", days(pa.timestamp("s", "-05:30")), "2021-01-02 18:30:00-05:30"),
    ("time32", pa.array([dt.time(n, 30) for n in range(ROWS)], pa.time32("s")), "02:30:00"),
    ("time64", pa.array([dt.time(n, 0, 0, 5) for n in range(ROWS)], pa.time64("us")),
     "02:00:00.000005"),
    ("dictionary", pa.array([f"city {n % 3}" for n in range(ROWS)]).dictionary_encode(), "city 2"),
    ("uuid", pa.ExtensionArray.from_storage(
        pa.uuid(), pa.array([bytes(15) + bytes([n]) for n in range(ROWS)], pa.binary(16))),
     "00000000-0000-0000-0000-000000000002"),
    ("whole floats", pa.array([float(n) for n in range(ROWS)]), "2"),
    ("boolean", pa.array([n % 2 == 0 for n in range(ROWS)]), "True"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "gold"), [row[1:] for row in TEXTS],
                         ids=[row[0] for row in TEXTS])  # fmt: skip
def test_dates_times_and_codes_are_texts(tmp_path: Path, answers: pa.Array, gold: str) -> None:
    path = write_answers(tmp_path / "a.parquet", answers)
    assert golds(path, answer_kind="text")[2] == gold


@pytest.mark.parametrize("type_of_yes", [pa.bool_(), pa.int64(), pa.float32(), pa.string()])
def test_yes_and_no_of_every_type(tmp_path: Path, type_of_yes: pa.DataType) -> None:
    answers = pa.array([n % 2 for n in range(ROWS)]).cast(type_of_yes)
    path = write_answers(tmp_path / "a.parquet", answers)
    assert golds(path, kind="boolean", answer_kind="boolean") == ["no", "yes"] * 6


def test_other_types_are_named_where_they_are_asked_for(tmp_path: Path) -> None:
    spans = pa.array([dt.timedelta(n) for n in range(ROWS)])
    path = write_answers(tmp_path / "a.parquet", spans)
    with pytest.raises(
        InputError, match=r"holds a value of the type duration\[us\] where the gold"
    ):
        golds(path)
    asked = pa.table({"question": [f"Question {n} of it" for n in range(ROWS)], "span": spans,
                      "answer": list(range(ROWS))})  # fmt: skip
    pa.parquet.write_table(asked, tmp_path / "b.parquet")
    assert golds(tmp_path / "b.parquet")[2] == "2"


def test_missing_numbers_are_empty_golds_whatever_stands_for_them(tmp_path: Path) -> None:
    answers = pa.array([1.5, None, float("nan"), *range(27)], pa.float32())
    path = write_answers(tmp_path / "a.parquet", answers)
    with pytest.raises(InputError, match="rows 2 and 3: empty gold answer"):
        golds(path)
    assert len(golds(path, unlabelled="drop")) == 28


def test_records_lists_and_maps_are_reached_by_paths(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    kinds = pa.struct(
        [("truth", pa.list_(pa.float32())), ("more", pa.map_(pa.string(), pa.int8()))]
    )
    records = [{"truth": [n + 0.1, 0.0], "more": [("x", n)]} for n in range(ROWS)]
    columns = {"question": [f"Question {n} of it" for n in range(ROWS)],
               "a.b": pa.array(records, kinds)}  # fmt: skip
    pa.parquet.write_table(pa.table(columns), path)
    assert golds(path, answer="a.b.truth.0")[2] == "2.1"
    assert golds(path, answer="a.b.truth.-2")[2] == "2.1"
    assert golds(path, answer="a.b.more.x")[2] == "2"
    with pytest.raises(
        InputError, match=r"holds a list of 2 .* example task\.answer=a\.b\.truth\.0"
    ):
        golds(path, answer="a.b.truth")


def test_json_and_csv_have_the_numbers_that_stand_there(tmp_path: Path) -> None:
    digits = ["1.50", "0.7000000000000001", "2.549999952316284", "1e-3", "0.3333333333333333", "-3"]
    digits = [*digits, *(f"{n}.25" for n in range(6))]
    json_lines = [f'{{"question": "Q {n}", "answer": {text}}}' for n, text in enumerate(digits)]
    (tmp_path / "a.jsonl").write_text("\n".join(json_lines))
    csv_lines = ["question,answer", *(f"Q {n},{text}" for n, text in enumerate(digits))]
    (tmp_path / "a.csv").write_text("\n".join(csv_lines))
    expected = ["1.50", "0.7", "2.55", "1e-3", "0.3333333333333333", "-3"]
    assert golds(tmp_path / "a.jsonl")[:6] == golds(tmp_path / "a.csv")[:6] == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0.1", "0.1"), ("0.30000000000000004", "0.3"), ("2.9999999999999996", "3"),
        ("1.100000023841858", "1.1"), ("1.10000002384186", "1.1"), ("-6.099999904632568", "-6.1"),
        ("10.100000381469727", "10.1"), ("3.1415926535897931", "3.1415926535897931"),
        ("0.6666666666666666", "0.6666666666666666"), ("1234567.8901234", "1234567.8901234"),
        # 2^-22 and 2^-20, all of whose digits count
        ("0.0000002384185791015625", "0.0000002384185791015625"),
        ("0.00000095367431640625", "0.00000095367431640625"),
        ("7.000000000000001e-05", "0.00007"), ("Lima", "Lima"), ("1,000.5", "1,000.5"),
    ],
)  # fmt: skip
def test_digits_of_the_arithmetic_are_left_out_and_no_others(written: str, meant: str) -> None:
    assert as_meant(written) == meant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-5, "0.00001"),
        (1e16, "10000000000000000"),
        (2.5, "2.5"),
        (1e300, "1e+300"),
        (0.0, "0"),
        (-0.0, "-0"),
    ],
)
def test_floats_are_written_without_an_exponent(value: float, text: str) -> None:
    assert float_text(value) == text


def test_the_precision_of_a_hub_data_sets_column_is_known(tmp_path: Path) -> None:
    import datasets

    folder = tmp_path / "hub"
    folder.mkdir()
    write_answers(folder / "train.parquet", pa.array([n + 0.1 for n in range(ROWS)], pa.float32()))
    cache, datasets.config.HF_DATASETS_CACHE = datasets.config.HF_DATASETS_CACHE, tmp_path / "cache"
    try:
        questions = load_task(table(None, dataset=str(folder))).questions
    finally:
        datasets.config.HF_DATASETS_CACHE = cache
    assert {question.gold for question in questions} == {f"{n}.1" for n in range(ROWS)}


@pytest.mark.parametrize(
    ("names", "settings", "gold"),
    [
        (["yes", "no"], {"kind": "boolean", "answer_kind": "boolean"}, "yes"),
        (["False", "True"], {"kind": "boolean", "answer_kind": "boolean"}, "no"),
        (["equal", "other"], {"kind": "boolean", "answer_kind": "boolean"}, "no"),
        (["World", "Sports"], {"answer_kind": "text"}, "World"),
        (["10", "20"], {"answer_kind": "number"}, "0"),
    ],
)
def test_the_names_of_a_hub_data_sets_classes(
    names: list[str], settings: dict[str, str], gold: str
) -> None:
    rows = [Row(n, {"question": f"Is it {n}?", "answer": 0}) for n in range(ROWS)]
    source = Source("hub", "row", rows, class_names={"answer": tuple(names)})
    config = table("a.jsonl", **settings)
    problems: list[str] = []
    items = read_items(source, config, problems, is_test_source=False).items
    assert problems == [] and {item.gold for item in items} == {gold}


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    texts = [f"{n}" for n in range(ROWS)]
    columns = pa.Table.from_arrays([pa.array(texts)] * 3, names=["question", "answer", "answer"])
    pa.parquet.write_table(columns, tmp_path / "a.parquet")
    with pytest.raises(InputError, match="more than one column is named 'answer'"):
        golds(tmp_path / "a.parquet")


def test_nested_golds_of_json(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {"question": f"Question {n} of it", "answer": [n, n]} for n in range(ROWS)
    ]
    assert golds(Path(write_jsonl(tmp_path / "a.jsonl", records)))[3] == "3"  # given twice
    records[4]["answer"] = []
    path = Path(write_jsonl(tmp_path / "b.jsonl", records))
    with pytest.raises(InputError, match="line 5: empty gold answer"):
        golds(path)
