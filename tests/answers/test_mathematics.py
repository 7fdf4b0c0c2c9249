r"""Answers of kind `math`: what Math-Verify finds equal, read in the verifier's child processes."""

from collections.abc import Iterator

import pytest

from collate.answers import mathematics
from collate.answers.sandbox import Library, SandboxProcess
from collate.answers.verifier import REVIEW, Verifier
from collate.errors import InputError
from collate.tables import RIGHT, UNKNOWN, WRONG

R, W, U = RIGHT, WRONG, UNKNOWN

# (what stands behind the marker, gold answer, verdict); golds as MATH and AIME have them
CASES = [
    # numbers
    ("204", "204", R), ("070", "70", R), ("42.0", "42", R), ("10,\\!000", "10000", R),
    ("18^\\circ", "18", R), ("5\\text{ cm}^2", "5", R), ("25\\%", "25", R), ("2^{10}", "1024", R),
    ("\\dfrac{3}{4}", "0.75", R), ("\\frac{3}{4}", "\\frac34", R), ("10!", "3628800", R),
    ("205", "204", W), ("0.333", "\\frac13", W), ("5!", "5", W), ("-3", "3", W),
    ("1.5\\times10^{-2}", "0.015", R), ("10^{-3}", "0.001", R), ("\\$5", "5", R),
    # roots, constants, fractions
    ("\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}", R), ("11\\sqrt{2}", "11\\sqrt2", R),
    ("\\sqrt{8}", "2\\sqrt{2}", R), ("\\sin(\\pi/6)", "1/2", R),
    ("\\frac{2\\pi}{4}", "\\frac{\\pi}{2}", R), ("\\sqrt{3}", "\\sqrt{2}", W),
    ("9.42", "3\\pi", W), ("3", "3\\pi", W), ("\\pi", "3.14", W), ("-\\sqrt{2}", "\\sqrt{2}", W),
    ("\\frac{\\sqrt{3}}{2}", "\\frac{\\sqrt{2}}{2}", W),
    # expressions and equations
    ("(x+1)^2", "x^2+2x+1", R), ("p - q", "-q+p", R), ("2 - 2p", "2-2p", R),
    ("y=2x+1", "y = 2x + 1", R), ("\\frac{x}{y}+1", "\\frac{x+y}{y}", R), ("x=3", "3", R),
    ("3", "x=3", R), ("p - q", "q - p", W), ("(x-1)^2", "x^2+2x+1", W),
    ("\\frac{3}{4}x", "0.75", W), ("2x", "2", W), ("y=2x+2", "y=2x+1", W),
    # tuples, sets, intervals, matrices
    ("(0, 1)", "(0,1)", R), ("\\left(3,\\frac{\\pi}{2}\\right)", "(3, \\frac{\\pi}{2})", R),
    ("\\{2,1\\}", "\\{1,2\\}", R), ("3, 5, 7", "3,5,7", R), ("x \\in [0,2]", "[0,2]", R),
    ("[2, 5)", "[2,5)", R), ("\\begin{pmatrix}1\\\\2\\end{pmatrix}",
                             "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", R),
    ("[0,1]", "[0,1)", W), ("(2,1)", "(1,2)", W), ("\\{1,2\\}", "\\{1,3\\}", W),
    ("\\begin{pmatrix}1\\\\3\\end{pmatrix}", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", W),
    # words
    ("\\text{Evelyn}", "Evelyn", R), ("Evelyn", "\\text{Evelyn}", R), ("\\text{(C)}", "(C)", R),
    ("Carol", "\\text{Evelyn}", W), ("nylevE", "Evelyn", W), ("\\text{odd}", "\\text{even}", W),
    # introduced
    ("The answer is $\\frac{1}{2}$.", "0.5", R), ("\\boxed{\\sqrt{2}}", "\\sqrt{2}", R),
    ("$\\sqrt{2}$", "\\sqrt{2}", R), ("Answer: \\sqrt{2}", "\\sqrt{2}", R),
    # a statement that is not the answer alone
    ("not \\sqrt{2}", "\\sqrt{2}", U), ("\\sqrt{2} or 3", "\\sqrt{2}", U),
    ("at least \\sqrt{2}", "\\sqrt{2}", U), ("\\sqrt{2} is wrong", "\\sqrt{2}", U),
    ("either \\sqrt{2} or \\sqrt{3}", "\\sqrt{2}", U), ("nicht \\sqrt{2}", "\\sqrt{2}", U),
    ("\\frac{", "\\sqrt{3}", U), ("???", "\\sqrt{2}", U),
]  # fmt: skip


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier("math") as verifier:
        yield verifier


def test_every_case_gets_its_verdict(verifier: Verifier) -> None:
    judgements = verifier.judge([(f"So.\n#### {stated}", gold) for stated, gold, _ in CASES])
    differing = [
        (stated, gold, judgement.verdict, judgement.reason)
        for (stated, gold, verdict), judgement in zip(CASES, judgements, strict=True)
        if judgement.verdict != verdict
    ]
    assert differing == []


def test_what_never_ends_is_unknown_and_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mathematics, "CPU_SECONDS", 1.0)
    hostile = ["\\int_0^{99999} e^{e^{x}} dx", "\\frac{9^{9^{9}}}{7}"]
    with Verifier("math") as verifier:
        judgements = verifier.judge(
            [(f"#### {text}", "\\sqrt{2}") for text in [*hostile, "2", hostile[0]]]
        )
    assert [judgement.verdict for judgement in judgements] == [U, U, W, U]
    assert judgements[0].reason == "the verifier gave up: more than 1 s of processor time"


def test_the_child_that_has_packages_can_open_nothing_either() -> None:
    library = Library(mathematics.package_folder(), mathematics.__name__)
    process = SandboxProcess("tests.answers.fragile", "attempt", library=library,
                             memory=mathematics.MEMORY)  # fmt: skip
    outcomes, limit = process.run(["read a file", "open a socket"])
    process.close()
    assert limit == "" and set(outcomes) <= {"OSError", "BlockingIOError"}


def test_without_math_verify_the_kind_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mathematics, "PACKAGE", "math_verify_is_not_here")
    with pytest.raises(InputError, match=r"pip install 'collate\[math\]'"):
        Verifier("math")
    assert REVIEW == ("collate.answers.review", "review_request")
