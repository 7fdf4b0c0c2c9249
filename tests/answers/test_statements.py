"""Every statement of the tables of `statements.py` gets the verdict that a person would give it."""

from collections import Counter

import pytest

from collate.answers.judging import judge_text
from tests.answers import awkward, statements, test_verifier
from tests.answers.statements import BEFORE_THE_MARKER, CLOSING_MARKERS, LENIENT, OPTIONS, U


@pytest.mark.parametrize("kind", ["number", "choice", "boolean", "text"])
def test_statements(kind: str) -> None:
    differing = []
    for row_kind, text, gold, options, verdict in statements.rows():
        if row_kind == kind:
            judgement = judge_text(kind, "####", f"Some steps.\n#### {text}", gold, options)
            if judgement.verdict != verdict:
                differing.append((text, gold, verdict, judgement.verdict, judgement.reason))
    assert differing == []


@pytest.mark.parametrize("kind", ["number", "choice", "boolean", "text"])
def test_between_what_opens_and_closes(kind: str) -> None:
    differing = []
    for marker, text, gold, verdict, row_kind, options in CLOSING_MARKERS:
        if row_kind == kind:
            judgement = judge_text(kind, marker, text, gold, options)
            if judgement.verdict != verdict:
                differing.append((marker, text, gold, verdict, judgement.verdict, judgement.reason))
    assert differing == []


def test_what_stands_before_the_marker() -> None:
    differing = []
    for text, verdict in BEFORE_THE_MARKER:
        judgement = judge_text("number", "####", text, "5")
        if judgement.verdict != verdict:
            differing.append((text, verdict, judgement.verdict, judgement.reason))
    assert differing == []


def test_what_is_found_without_a_marker() -> None:
    differing = []
    for text, gold, kind, verdict in LENIENT:
        options = OPTIONS if kind == "choice" else ()
        judgement = judge_text(kind, "####", text, gold, options)
        if (judgement.verdict, judgement.found_verdict) != (U, verdict):
            differing.append((text, gold, verdict, judgement.found_verdict, judgement.found))
    assert differing == []


def test_there_are_three_thousand_cases() -> None:
    """With those of the other tables, each counted once."""
    english = {(kind, text, gold) for kind, text, gold, _, _ in statements.rows()}
    english |= {(case.kind, case.text, case.gold) for case in awkward.CASES}
    english |= {("number", text, gold) for text, gold, _ in test_verifier.NUMBERS}
    english |= {("choice", text, gold) for text, gold, _, _ in test_verifier.CHOICES}
    english |= {("boolean", text, gold) for text, gold, _ in test_verifier.BOOLEANS}
    english |= {("text", text, gold) for text, gold, _ in test_verifier.TEXTS}
    english |= {(kind, text, gold) for _, text, gold, _, kind, _ in CLOSING_MARKERS}
    english |= {("number", text, "5") for text, _ in BEFORE_THE_MARKER}
    english |= {(kind, text, gold) for text, gold, kind, _ in LENIENT}
    by_kind = Counter(kind for kind, _, _ in english)
    assert min(by_kind.values()) > 300 and len(english) > 3000
