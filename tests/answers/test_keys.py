"""Which answers count as the same, for votes, pairs and diversity."""

import pytest

from collate.answers.judging import judge_text
from tests.answers.keys import key_of


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        ("number", ["18", "18.0", " 18 ", "+18", "$18", "18.", "36/2", "18.000"]),
        ("number", ["-1,234.5", "\N{MINUS SIGN}1234.50", "-2469/2"]),
        ("number", ["1/3", "2/6"]),
        ("choice", ["B", "(b)", "b.", "[B]"]),
        ("boolean", ["Yes", "yes.", "TRUE", "y"]),
        ("text", ["New  York", "new york.", "**New York**"]),
    ],
)
def test_spellings_of_one_answer_are_one_group(kind: str, spellings: list[str]) -> None:
    assert len({key_of(text, kind) for text in spellings}) == 1


@pytest.mark.parametrize(
    ("kind", "distinct"),
    [
        ("number", ["18", "-18", "1.8", "18%", "180", "1/18", "18/0", "eighteen", "", "18 19x"]),
        ("number", ["0.3333", "1/3"]),
        ("choice", ["A", "B", "A or B"]),
        ("boolean", ["yes", "no", "maybe"]),
        ("text", ["18", "18.0"]),
    ],
)
def test_different_answers_stay_apart(kind: str, distinct: list[str]) -> None:
    assert len({key_of(text, kind) for text in distinct}) == len(distinct)


def test_an_option_is_read_by_its_letter_or_its_text() -> None:
    cities, others = ("Paris", "Rome"), ("Rome", "Paris")
    assert len({key_of(text, "choice", cities) for text in ("B", "(b) Rome", "rome")}) == 1
    assert key_of("Rome", "choice", others) == key_of("A", "choice", cities)


def test_what_cannot_be_read_has_a_key_of_its_own() -> None:
    assert key_of("no number") == key_of("No  number.") != key_of("another")
    assert key_of("? 18") != key_of("18")


def test_a_judgement_carries_the_keys_of_what_it_found() -> None:
    stated = judge_text("number", "####", "6 + 12 = 18\n#### $18.00", "18")
    assert (stated.stated_key, stated.found_key) == ("18", "18")
    found = judge_text("number", "####", "6 + 12 = 18", "18")
    assert (found.stated_key, found.found_key) == (None, "18")
    several = judge_text("number", "####", "#### 17\n#### 18", "18")
    assert (several.stated_key, several.found_key) == (None, "18")
