"""The corpus of hostile and awkward rationales: no wrong one becomes right, none takes long."""

import random
import resource
import time
from collections.abc import Iterator

import pytest

from collate.answers.judging import Judgement, judge_text
from collate.answers.verifier import Verifier
from collate.tables import RIGHT, UNKNOWN
from tests.answers.awkward import CASES, KINDS, Case, megabytes

MOST_SECONDS = 5.0  # of processor time for one rationale


@pytest.fixture(scope="module", params=KINDS)
def verifier(request: pytest.FixtureRequest) -> Iterator[Verifier]:
    with Verifier(kind=request.param) as verifier:
        yield verifier


def shown(case: Case, judgement: Judgement) -> str:
    return (
        f"{case.text[-100:]!r}, gold {case.gold!r}: {judgement.verdict} ({judgement.reason}), "
        f"allowed {', '.join(sorted(case.allowed))}"
    )


def test_the_corpus_has_its_size() -> None:
    assert len({(case.kind, case.text, case.gold) for case in CASES}) >= 1500
    for kind in KINDS:
        of_kind = [case for case in CASES if case.kind == kind]
        assert sum(case.allowed == {RIGHT} for case in of_kind) >= 50
        assert sum(RIGHT not in case.allowed for case in of_kind) >= 150


def test_every_case_gets_an_allowed_verdict(verifier: Verifier) -> None:
    cases = [case for case in CASES if case.kind == verifier.kind]
    judgements = verifier.judge([(case.text, case.gold) for case in cases])
    wrongly = [
        shown(case, judgement)
        for case, judgement in zip(cases, judgements, strict=True)
        if judgement.verdict not in case.allowed
    ]
    assert wrongly == []
    assert not [each for each in judgements if each.reason.startswith("the verifier gave up")]


def test_unknown_says_which_of_its_reasons_it_has(verifier: Verifier) -> None:
    cases = [case for case in CASES if case.kind == verifier.kind]
    reasons = {
        judgement.reason.partition(":")[0]
        for judgement in verifier.judge([(case.text, case.gold) for case in cases])
        if judgement.verdict == UNKNOWN
    }
    doubts = {
        "equals the gold answer under a less usual reading only",
        "holds the gold answer among other words",
    }
    expected = {"no stated answer", "states several answers", "cannot be read"}
    assert expected - ({"cannot be read"} if verifier.kind == "text" else set()) <= reasons
    assert reasons <= expected | doubts


def processor_seconds() -> float:
    """The processor time that this process and its ended children have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_a_megabyte_takes_no_longer_than_five_seconds(part: int) -> None:
    for case in megabytes()[part::4]:
        start = processor_seconds()
        with Verifier(kind=case.kind) as verifier:
            [judgement] = verifier.judge([(case.text, case.gold)])
        assert processor_seconds() - start < MOST_SECONDS
        assert judgement.verdict in case.allowed, shown(case, judgement)


# No piece holds what could make a right answer of a wrong one.
PIECES = [
    "####", "#### ", "\n", " ", "\t", ".", ",", "-", "+", "/", "*", "**", "^", "%", "$", "=", "!=",
    "(", ")", "[", "]", "{", "}", "\\", "\\frac{", "\\boxed{", "\\text{", "|", "~~", "`", "'", '"',
    ":", ";", "?", "!", "<", ">", "_", "\u200b", "\u200f", "\u202e", "\u202c", "\x00", "\x1b[9m",
    "\x08", "\ufe0f", "\u0338", "é", "ß", "ﬁ", " or ", " and ", " not ", " is ", "the answer is ",
    "million", "e", "k", "½", "²", "₂", "٣", "３", "𝟑", "III", "\ud800", "🙂", "0", "6", "cents",
    "<|im_end|>", "\u2028", "\x1c",
]  # fmt: skip
WRONG_ANSWERS = {
    "number": ("9973", ["13", "9,937", "-997.3", "99/73", "9 9 7 3", "99,73", "1/997", "-9937"]),
    "choice": ("B", ["C", "(A)", "D) red", "A) C)", "8", "В"]),
    "boolean": ("yes", ["no", "No.", "false", "0", "no, never", "N"]),
    "text": ("Lima", ["Cusco", "Lim a", "Peru", "amiL", "Lіma"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_mutation_of_a_wrong_answer_is_right(kind: str) -> None:
    rng = random.Random(2)
    gold, answers = WRONG_ANSWERS[kind]
    for _ in range(6000):
        answer = rng.choice(answers)
        text = f"Some steps.\n#### {answer}"
        for _ in range(rng.randrange(1, 6)):
            position = rng.randrange(len("Some steps.\n"), len(text) + 1)
            text = text[:position] + rng.choice(PIECES) + text[position:]
        judgement = judge_text(kind, "####", text, gold)
        assert judgement.verdict != RIGHT, f"{text!r} of {answer!r}"
