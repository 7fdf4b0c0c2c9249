"""Options in every shape that files have, keys in every coding, and the place of the right one."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from collate.errors import InputError
from collate.tables import Question
from collate.tasks import TaskData, load_task
from collate.tasks.written_lists import read_written
from tests.tasks.files import table, write_jsonl

ROWS = 24
OPTIONS = ["red", "green", "blue"]
CHOICE = {"kind": "multiple_choice", "answer_kind": "choice"}


def load(path: str | Path, **settings: Any) -> TaskData:
    return load_task(table(str(path), **(CHOICE | settings)))


def right(question: Question) -> str:
    return question.options[ord(question.gold) - ord("A")]


def right_texts(path: str | Path, **settings: Any) -> list[str]:
    """The right option of each question, in the order of the file."""
    questions = load(path, **settings).questions
    return [right(each) for each in sorted(questions, key=lambda q: int(q.text.split()[1]))]


def write_keys(path: Path, options: Any, keys: list[Any]) -> str:
    records = [
        {"question": f"Q {n} ?", "options": options, "answer": keys[n % len(keys)]}
        for n in range(ROWS)
    ]
    return write_jsonl(path, records)


SHAPES: list[tuple[str, Any]] = [
    ("a record of labels and texts", {"label": ["A", "B", "C"], "text": OPTIONS}),
    ("a record of labels and choices", {"labels": ["A", "B", "C"], "choices": OPTIONS}),
    ("records of id and text",
     [{"id": "A", "text": "red"}, {"id": "B", "text": "green"}, {"id": "C", "text": "blue"}]),
    ("a record by letters", {"A": "red", "B": "green", "C": "blue", "D": None}),
    ("their own letters", ["A)red", "B)green", "C)blue"]),
    ("their own letters in brackets", ["(a) red", "(b) green", "(c) blue"]),
    ("their own letters with dots", ["A. red", "B. green", "C. blue"]),
    ("a JSON list in a text", '["red", "green", "blue"]'),
    ("a JSON record in a text", '{"A": "red", "B": "green", "C": "blue"}'),
]  # fmt: skip


@pytest.mark.parametrize("options", [row[1] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_shapes_of_options(tmp_path: Path, options: Any) -> None:
    path = write_keys(tmp_path / "a.jsonl", options, ["A", "B", "C"])
    assert right_texts(path) == OPTIONS * 8
    assert {question.options for question in load(path).questions} == {tuple(OPTIONS)}


CODINGS: list[tuple[str, list[Any]]] = [
    ("letters in brackets", ["(A)", "[B]", "C."]),
    ("letters behind a word", ["Option A", "option b", "Answer: C"]),
    ("numbers behind a word", ["option 1", "option 2", "option 3"]),
    ("another case", ["Red", "GREEN", "blue"]),
    ("a final stop and quotes", ['"red"', "green.", "blue "]),
    ("letters and texts", ["A. Red", "(B) green", "C) blue"]),
    ("letters, a colon and texts", ["A: red", "B: green", "C: blue"]),
    ("whole numbers as real ones", ["0.0", "1.0", "2.0"]),
    ("flags", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    ("true and false", [[True, False, False], [False, True, False], [False, False, True]]),
    ("lists of one letter", [["A"], ["B"], ["C"]]),
]


@pytest.mark.parametrize("keys", [row[1] for row in CODINGS], ids=[row[0] for row in CODINGS])
def test_codings_of_keys(tmp_path: Path, keys: list[Any]) -> None:
    assert right_texts(write_keys(tmp_path / "a.jsonl", OPTIONS, keys)) == OPTIONS * 8


@pytest.mark.parametrize("first", [0, 1])
def test_options_that_carry_their_own_numbers(tmp_path: Path, first: int) -> None:
    options = [f"{n + first}. {option}" for n, option in enumerate(OPTIONS)]
    keys = [str(n + first) for n in range(3)]
    assert right_texts(write_keys(tmp_path / "a.jsonl", options, keys)) == OPTIONS * 8


@pytest.mark.parametrize(
    "options", [["B) red", "A) green", "C) blue"], ["A) red", "green", "C) blue"],
                ["1.5", "2.5", "3.5"]],
)  # fmt: skip
def test_what_is_no_letter_of_its_own_stays(tmp_path: Path, options: list[str]) -> None:
    data = load(write_keys(tmp_path / "a.jsonl", options, ["A", "B", "C"]))
    assert {question.options for question in data.questions} == {tuple(options)}


def test_one_row_without_letters_keeps_the_letters_of_all(tmp_path: Path) -> None:
    records = [
        {"question": f"Q {n} ?", "options": ["A) x", "B) y"] if n else ["x", "y"],
         "answer": "AB"[n % 2]}
        for n in range(ROWS)
    ]  # fmt: skip
    data = load(write_jsonl(tmp_path / "a.jsonl", records))
    assert {question.options for question in data.questions} == {("A) x", "B) y"), ("x", "y")}


def test_keys_that_name_a_column(tmp_path: Path) -> None:
    records = [
        {"question": f"Q {n} ?", "option1": "red", "option2": "green",
         "answer": f"Option{n % 2 + 1}"}
        for n in range(ROWS)
    ]  # fmt: skip
    path = write_jsonl(tmp_path / "a.jsonl", records)
    assert right_texts(path, options="option1,option2") == ["red", "green"] * 12
    # The column that the key names, wherever it stands.
    assert right_texts(path, options="option2,option1") == ["red", "green"] * 12


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["gren", "blu", "re"],
         r"key 'gren' .* names none of the 3 options \('red', 'green', 'blue'\); did you mean "
         r"'green'\? a key may be the label of an option, a letter, an index"),
        (["Red", "GREEN", "gren"],
         r"lines 3, 6, .*key 'gren' .*; most keys read as the text of an option in another "
         "spelling, 8 of 24 do not"),
        (["B. red", "A. green", "C. blue"], "read as a letter and its option's text, 16 of 24"),
    ],
)  # fmt: skip
def test_keys_that_name_nothing(tmp_path: Path, keys: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(write_keys(tmp_path / "a.jsonl", OPTIONS, keys))


# Lists as other tools write them into a CSV.
WRITTEN: list[tuple[str, str]] = [
    ("Python", "['red', 'green', 'blue']"),
    ("a tuple", "('red', 'green', 'blue')"),
    ("numpy", "['red' 'green' 'blue']"),
    ("numpy over lines", "['red' 'green'\n 'blue']"),
    ("pandas", "array(['red', 'green', 'blue'], dtype=object)"),
    ("a record of arrays", "{'text': array(['red', 'green', 'blue'], dtype=object), "
     "'label': array(['A', 'B', 'C'], dtype=object)}"),
    ("numpy's scalars", "[np.str_('red'), np.str_('green'), np.str_('blue')]"),
    ("records", "[{'label': 'A', 'text': 'red'}, {'label': 'B', 'text': 'green'}, "
     "{'label': 'C', 'text': 'blue'}]"),
    ("JSON", json.dumps(OPTIONS)),
]  # fmt: skip


@pytest.mark.parametrize("cell", [row[1] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_lists_in_the_cells_of_a_csv(tmp_path: Path, cell: str) -> None:
    with (tmp_path / "a.csv").open("w", newline="") as file:
        rows = [[f"Q {n} ?", cell, "ABC"[n % 3]] for n in range(ROWS)]
        csv.writer(file).writerows([["question", "options", "answer"], *rows])
    assert right_texts(tmp_path / "a.csv") == OPTIONS * 8


@pytest.mark.parametrize(
    "value",
    [
        ["don't", 'say "no"', "both ' and \""],
        ["a\nb", "tab\t", "back\\slash", "é", "\x07", "日本"], ["", "[", "],", "'"],
        [True, False, None], [["a"], ("b", "c")], [], {"a": ["b"], "c": {}},
    ],
)  # fmt: skip
def test_what_python_prints_is_read_back(value: Any) -> None:
    def plain(each: Any) -> Any:
        if isinstance(each, (list, tuple)):
            return [plain(item) for item in each]
        return {key: plain(item) for key, item in each.items()} if isinstance(each, dict) else each

    assert read_written(repr(value)) == plain(value)


@pytest.mark.parametrize(
    "array",
    [np.array(["don't", 'say "no"', "a b"], dtype=object), np.array(["x"] * 40),
     np.array(["a\\b", "c\nd"])],
)  # fmt: skip
def test_what_numpy_prints_is_read_back(array: np.ndarray) -> None:
    assert read_written(str(array)) == read_written(repr(array)) == array.tolist()


def test_numbers_of_numpy_keep_their_digits() -> None:
    assert read_written(str(np.array([1.0, 2.5]))) == ["1", "2.5"]
    assert read_written(repr([np.float64(0.5), np.int64(3)])) == ["0.5", "3"]


@pytest.mark.parametrize(
    "text",
    [
        "[red, green]", "['a' 'b', 'c']", "['a', 'b'", "['a', 'b']]", "__import__('os')",
        "[open('x')]", "[1 + 1, 2]", "['a'.upper(), 'b']", "[x for x in y]", "['a' * 9, 'b']",
        "{'a', 'b'}", "['a', ...]", "['a' if 1 else 'b']", "[f'{1}', 'b']",
        "['a', " + "[" * 100 + "]" * 101,
        "['a', '" + "x" * 2**20 + "']",
    ],
)  # fmt: skip
def test_nothing_but_literals_is_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError):
        read_written(text)
    records = [{"question": "Q", "options": text, "answer": "A"}]
    with pytest.raises(InputError, match="gives no list of 2 to 26 options"):
        load(write_jsonl(tmp_path / "a.jsonl", records))


# The right answer always in one place.


def check_mixed(path: str, count: int, **settings: Any) -> None:
    data = load(path, **settings)
    letters = [question.gold for question in data.questions]
    assert len(letters) == ROWS
    for letter in "ABCD"[:count]:  # even places would be 24 / 4 = 6
        assert 1 <= letters.count(letter) <= ROWS - 4
    assert all(right(question).startswith("right") for question in data.questions)
    assert any("options are mixed" in note for note in data.notes)
    again = load(path, **settings)
    assert again == data


def test_a_right_answer_in_a_column_of_its_own_is_mixed_among_the_others(tmp_path: Path) -> None:
    records = [
        {"question": f"Q {n} ?", "correct": f"right {n}\n", "d1": f"a{n}", "d2": f"b{n}",
         "d3": f"c{n}"}
        for n in range(ROWS)
    ]  # fmt: skip
    path = write_jsonl(tmp_path / "a.jsonl", records)
    for options in ("correct,d1,d2,d3", "d1,d2,d3,correct"):
        check_mixed(path, 4, options=options, answer="correct")
    # The order depends on the question alone, and not on the order of the columns.
    first = load(path, options="correct,d1,d2,d3", answer="correct").questions
    last = load(path, options="d3,correct,d2,d1", answer="correct").questions
    assert first == last
    with pytest.raises(InputError, match=r"right option's text belongs to task\.options too"):
        load(path, options="d1,d2,d3", answer="correct")


def test_wrong_answers_may_stand_in_a_list(tmp_path: Path) -> None:
    records = [
        {"question": f"Q {n} ?", "correct": f"right {n}", "wrong": [f"a{n}", f"b{n}", f"c{n}"]}
        for n in range(ROWS)
    ]
    path = write_jsonl(tmp_path / "a.jsonl", records)
    check_mixed(path, 4, options="correct,wrong", answer="correct")


def test_a_key_that_is_the_same_in_every_row_is_mixed_too(tmp_path: Path) -> None:
    records = [
        {"question": f"Q {n} ?", "options": [f"right {n}", f"a{n}", f"b{n}"], "answer": 0}
        for n in range(ROWS)
    ]
    check_mixed(write_jsonl(tmp_path / "a.jsonl", records), 3)


def test_places_that_differ_or_options_that_are_one_set_stay(tmp_path: Path) -> None:
    records = [
        {"question": f"Q {n} ?", "options": [f"a{n}", f"b{n}"], "answer": "AB"[n == 5]}
        for n in range(ROWS)
    ]
    data = load(write_jsonl(tmp_path / "a.jsonl", records))
    assert data.notes == ()
    assert all(question.options[0].startswith("a") for question in data.questions)
    data = load(write_keys(tmp_path / "b.jsonl", ["yes", "no"], ["A"]))
    assert data.notes == ()
    assert {(question.options, question.gold) for question in data.questions} == {
        (("yes", "no"), "A")
    }


def test_options_that_speak_of_places_keep_them(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {"question": f"Q {n} ?", "options": [f"right {n}", "None of the above", f"b{n}"],
         "answer": "A"}
        for n in range(ROWS)
    ]  # fmt: skip
    records[7]["options"] = ["right 7", "Both A and C", "c7"]
    data = load(write_jsonl(tmp_path / "a.jsonl", records))
    for question in data.questions:
        if question.text == "Q 7 ?":
            assert question.options == ("right 7", "Both A and C", "c7")
        else:
            assert question.options[-1] == "None of the above"
