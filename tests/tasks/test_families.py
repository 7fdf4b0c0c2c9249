"""Word problems, multiple choice, yes/no and tables: what a row of each becomes."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from collate.errors import InputError
from collate.tables import Question
from collate.tasks import load_task
from tests.tasks.files import sums, table, write_jsonl


def by_text(path: str, **settings: Any) -> dict[str, Question]:
    return {question.text: question for question in load_task(table(path, **settings)).questions}


def gold_letters(path: Path, records: list[dict[str, Any]], **settings: Any) -> list[str]:
    defaults = {"kind": "multiple_choice", "answer_kind": "choice"}
    questions = by_text(write_jsonl(path, records), **(defaults | settings))
    return [questions[record["question"]].gold for record in records]


def test_word_problems_take_the_number_behind_the_separator(tmp_path: Path) -> None:
    records = [
        {"question": f"Q{n}", "answer": f"1 + {n} = <<1+{n}={n + 1}>>{n + 1}\n#### {n + 1:,}"}
        for n in range(990, 1030)
    ]
    questions = by_text(write_jsonl(tmp_path / "a.jsonl", records), kind="word_problems")
    assert (questions["Q990"].gold, questions["Q1029"].gold) == ("991", "1,030")
    records[4]["answer"] = "995"
    with pytest.raises(InputError, match=r"line 5: no gold number behind ####.*task\.kind=table"):
        load_task(table(write_jsonl(tmp_path / "b.jsonl", records), kind="word_problems"))


@pytest.mark.parametrize("remark", ["\n\nThanks!", "\r\nThanks!", "\r\n\r\nSee #5.\nThanks!"])
def test_a_remark_behind_the_gold_number_is_left_out_and_told(tmp_path: Path, remark: str) -> None:
    records = [{"question": f"Q{n}", "answer": f"So.\n#### {n}"} for n in range(30)]
    for n in (2, 6):
        records[n]["answer"] += remark
    records[9]["answer"] = "So.\n####\n9"
    data = load_task(table(write_jsonl(tmp_path / "a.jsonl", records), kind="word_problems"))
    assert {q.text: q.gold for q in data.questions} == {f"Q{n}": str(n) for n in range(30)}
    [note] = data.notes
    assert "lines 3 and 7: text behind the line of the gold number is left out (2 of 30)" in note


def test_a_table_of_worked_answers_is_told_which_kind_reads_them(tmp_path: Path) -> None:
    records = [{"question": f"Q{n}", "answer": f"#### {n}"} for n in range(30)]
    questions = by_text(write_jsonl(tmp_path / "a.jsonl", records))
    assert questions["Q7"].gold == "7"
    records[3]["answer"] = "1 + 2 = 3\n#### 3"
    with pytest.raises(InputError, match=r"line 4: column 'answer' holds #### .*=word_problems"):
        by_text(write_jsonl(tmp_path / "b.jsonl", records))


@pytest.mark.parametrize(
    ("yes", "no"), [(True, False), (1, 0), ("Yes", "no"), ("TRUE", "False"), ("1", "0"), ("y", "N")]
)
def test_boolean_answers_become_yes_and_no(tmp_path: Path, yes: object, no: object) -> None:
    records = [{"question": f"Is {n} odd?", "answer": yes if n % 2 else no} for n in range(30)]
    questions = by_text(
        write_jsonl(tmp_path / "a.jsonl", records), kind="boolean", answer_kind="boolean"
    )
    assert (questions["Is 1 odd?"].gold, questions["Is 2 odd?"].gold) == ("yes", "no")


def test_boolean_answers_that_are_neither(tmp_path: Path) -> None:
    records = [{"question": f"Is {n} odd?", "answer": n} for n in range(30)]
    with pytest.raises(InputError, match=r"lines 3, 4, 5, 6, 7 and 23 more: .* holds '2' where"):
        by_text(write_jsonl(tmp_path / "a.jsonl", records), kind="boolean", answer_kind="boolean")


OPTIONS = ["red", "green", "blue"]


@pytest.mark.parametrize(
    "keys",
    [
        ["A", "B", "C"], ["a", "b", "c"], ["(A)", "(B)", "(C)"], [0, 1, 2], [1, 2, 3],
        ["0", "1", "2"], ["1", "2", "3"], [0.0, 1.0, 2.0], ["red", "green", "blue"],
    ],
)  # fmt: skip
def test_keys_of_every_kind_become_letters(tmp_path: Path, keys: list[object]) -> None:
    records = [
        {"question": f"Which? {n}", "options": OPTIONS, "answer": keys[n % 3]} for n in range(30)
    ]
    assert gold_letters(tmp_path / "a.jsonl", records) == [*"ABC"] * 10


@pytest.mark.parametrize("listed", [False, True])
def test_options_with_labels(tmp_path: Path, listed: bool) -> None:
    labels = [["A", "B", "C"], ["1", "2", "3"]]  # ARC has both in one file
    records = []
    for n in range(30):
        names = labels[n % 2]
        options: Any = {"label": names, "text": OPTIONS}
        if listed:
            options = [{"label": a, "text": b} for a, b in zip(names, OPTIONS, strict=True)]
        records.append({"question": f"Which? {n}", "options": options, "answer": names[n % 3]})
    assert gold_letters(tmp_path / "a.jsonl", records) == [*"ABC"] * 10


def test_options_in_columns_of_their_own_and_inside_records(tmp_path: Path) -> None:
    records = [
        {"stem": {"text": f"Q{n}"}, "kind": "effect", "label": 3 if n % 2 else 1,
         "o1": "x", "o2": "y", "o3": "z" if n % 2 else ""}
        for n in range(40)
    ]  # fmt: skip
    questions = by_text(
        write_jsonl(tmp_path / "a.jsonl", records), kind="multiple_choice", answer_kind="choice",
        question="stem.text, kind", options="o1, o2, o3", answer="label",
    )  # fmt: skip
    assert (questions["Q0\neffect"].options, questions["Q0\neffect"].gold) == (("x", "y"), "A")
    assert (questions["Q1\neffect"].options, questions["Q1\neffect"].gold) == (("x", "y", "z"), "C")


def test_the_same_question_with_other_options_is_another_question(tmp_path: Path) -> None:
    records = [
        {"question": "Which?", "options": ["x", f"y{n}"], "answer": "AB"[n % 2]} for n in range(30)
    ]
    path = write_jsonl(tmp_path / "a.jsonl", [*records, records[0]])
    data = load_task(table(path, kind="multiple_choice", answer_kind="choice"))
    assert (len(data.questions), data.duplicates) == (30, 1)


@pytest.mark.parametrize(
    ("options", "keys", "message"),
    [
        (
            OPTIONS,
            ["A", "D", "B"],
            "line 2: key 'D' of column 'answer' names none of the 3 options",
        ),
        (OPTIONS, [0, 3, 1], "names none of the 3 options"),
        (OPTIONS, [1, 2, 2], "an index from 0 or as an index from 1"),
        (["2", "3", "1"], ["1", "2", "3"], "an index from 1 or as the text of an option"),
        (["only"], ["A", "A", "A"], "gives no list of 2 to 26 options"),
        (["x", ""], ["A", "A", "A"], "gives no list of 2 to 26 options"),
        ("x, y", ["A", "A", "A"], "gives no list of 2 to 26 options"),
    ],
)
def test_keys_and_options_that_do_not_fit(
    tmp_path: Path, options: object, keys: list[object], message: str
) -> None:
    records = [
        {"question": f"Q{n}", "options": options, "answer": key} for n, key in enumerate(keys)
    ]
    with pytest.raises(InputError) as caught:
        gold_letters(tmp_path / "a.jsonl", records)
    assert message in str(caught.value)


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".tsv", ".parquet"])
def test_every_format_gives_the_same_questions(tmp_path: Path, suffix: str) -> None:
    records = [{"question": f'Say "{n}",\nthen ½ + {n}\t?', "answer": f"{n} ½"} for n in range(40)]
    path = tmp_path / f"a{suffix}"
    if suffix == ".jsonl":
        write_jsonl(path, records)
    elif suffix == ".json":
        path.write_text("\ufeff" + json.dumps(records), encoding="utf-8")
    elif suffix == ".parquet":
        pa.parquet.write_table(pa.Table.from_pylist(records), path)
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(
                file, ["question", "answer"], delimiter="\t" if suffix == ".tsv" else ","
            )
            writer.writeheader()
            writer.writerows(records)
    expected = load_task(table(write_jsonl(tmp_path / "expected.jsonl", records)))
    assert load_task(table(str(path))) == expected
    assert len(expected.questions) == 40


def test_a_table_may_name_its_columns_and_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"Capital {n}?,City {n}\n" for n in range(30))
    path.write_text("prompt,target\n" + rows, encoding="utf-8")
    questions = by_text(str(path), question="prompt", answer="target", answer_kind="text")
    assert questions["Capital 3?"].gold == "City 3"


def test_labels_of_a_task_are_on_every_question(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", sums(30))
    questions = load_task(table(path, labels={"language": "de", "domain": "arithmetic"})).questions
    assert len(questions) == 30
    labels = {(question.language, question.objective, question.domain) for question in questions}
    assert labels == {("de", "", "arithmetic")}
    # They say something about a question, but make no other question of it.
    plain = load_task(table(path)).questions
    assert [question.id for question in plain] == [question.id for question in questions]
    assert {(question.language, question.objective, question.domain) for question in plain} == {
        ("", "", "")
    }


def test_a_hub_data_set_and_its_held_out_split(tmp_path: Path) -> None:
    import datasets

    folder = tmp_path / "hub"
    folder.mkdir()
    write_jsonl(folder / "train.jsonl", sums(60))
    write_jsonl(folder / "test.jsonl", sums(20, start=50))
    cache, datasets.config.HF_DATASETS_CACHE = datasets.config.HF_DATASETS_CACHE, tmp_path / "cache"
    try:
        config = table(None, dataset=str(folder), test_source_split="test")
        data = load_task(config)
        with pytest.raises(InputError, match="split 'dev' cannot be loaded"):
            load_task(table(None, dataset=str(folder), source_split="dev"))
        with pytest.raises(InputError, match=r"task\.dataset=.*gone: split 'train'"):
            load_task(table(None, dataset=str(tmp_path / "gone")))
        # A local file is read instead of the data set, whose test split then says nothing.
        local = table(str(folder / "train.jsonl"), dataset="a/b", test_source_split="test")
        assert len(load_task(local).questions) == 60
    finally:
        datasets.config.HF_DATASETS_CACHE = cache
    held_out = {question.text for question in data.questions if question.split == "test"}
    assert held_out == {record["question"] for record in sums(20, start=50)}
    assert data.duplicates == 10
