"""Denied, doubted, bounded and rescaled answers are never right, in whatever language or sign."""

import pytest

from collate.answers.verifier import Verifier
from collate.tables import RIGHT

NUMBERS = {
    "denials": ["nicht 12", "pas 12", "n'est pas 12", "não 12", "не 12", "不是12", "12ではない",
                "12 değil", "ليس 12", "12 ist falsch", "alles außer 12"],
    "bounds": ["mindestens 12", "más de 12", "moins de 12", "12以上", "just shy of 12",
               "exceeds 12"],
    "scales": ["12 Millionen", "12 тыс", "12万", "12億", "12 lakh", "12 crore"],
    "signs": ["минус 12", "moins 12", "menos 12", "负12", "マイナス12", "\u02d712", "\u2796 12",
              "12 below zero", "12 negative"],
    "mathematics": ["∛12", "∑ 12", "≯ 12", "!(12)", "(12)_8", "12_{\\text{hex}}", "12‱",
                    "12 doubled", "the reciprocal of 12", "12h30"],
    "crossed out": ["12 ❌", "✗ 12", "👎 12", "12 🚫"],
}  # fmt: skip
BOOLEANS = [
    "it fails to be true", "the opposite of yes", "rule out yes", "partly true", "half true",
    "barely true", "too good to be true", "yes, but actually that is impossible", "~true",
    "true != true", "yes=0", "❌ yes", "nicht yes",
]  # fmt: skip
BEFORE_THE_MARKER = [
    "Nicht #### 12", "La respuesta no es #### 12", "答案不是 #### 12",
    "It would be false to write #### 12", "Nobody would say #### 12",
]  # fmt: skip


@pytest.mark.parametrize("group", NUMBERS)
def test_numbers(group: str) -> None:
    items = [(f"Some steps.\n#### {text}", "12") for text in NUMBERS[group]]
    assert accepted("number", items) == []


def test_a_fraction_with_a_factorial() -> None:
    assert accepted("number", [("#### 1/3!", "1/3")]) == []


def test_yes_and_no() -> None:
    assert accepted("boolean", [(f"#### {text}", "yes") for text in BOOLEANS]) == []
    assert accepted("boolean", [("#### false == false", "no")]) == []


def test_what_stands_before_the_marker() -> None:
    assert accepted("number", [(text, "12") for text in BEFORE_THE_MARKER]) == []


def test_what_stands_behind_a_line_end_that_no_screen_shows() -> None:
    assert accepted("text", [("#### Lima\u2028Cusco", "Lima")]) == []
    assert accepted("choice", [("#### B \u2028C", "B")]) == []


def accepted(kind: str, items: list[tuple[str, str]]) -> list[str]:
    """The texts that the verifier calls right."""
    with Verifier(kind) as verifier:
        judgements = verifier.judge(items)
    return [
        text
        for (text, _), judgement in zip(items, judgements, strict=True)
        if judgement.verdict == RIGHT
    ]
