"""Which steps of a rationale are true, false and unreadable."""

import random
import sys
from collections.abc import Callable
from fractions import Fraction

import pytest

from collate.answers.steps import Step, Steps, check_steps, false_steps_in
from tests.answers.steps_by_hand import CASES


def verdicts(text: str) -> str:
    """One letter a step: `t`, `f` or `u`."""
    return "".join(step.verdict[0] for step in check_steps(text).steps)


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_cases_by_hand(text: str, expected: str) -> None:
    assert verdicts(text) == expected


def test_there_are_many_cases_of_every_verdict() -> None:
    assert len(dict(CASES)) == len(CASES) > 500
    for verdict in "tfu":
        assert sum(expected == verdict for _, expected in CASES) > 120


def test_steps_are_counted_and_their_places_are_those_in_the_text() -> None:
    text = "First, 5 + 3 = 8.\nThen x = 4 and 9 × 2 = 19 eggs,\nso \\frac{1}{2} < 1."
    checked = check_steps(text)
    assert (checked.true, checked.false, checked.unreadable) == (2, 1, 1)
    assert [text[step.start : step.end] for step in checked.steps] == [
        "5 + 3 = 8", "=", "9 × 2 = 19", "\\frac{1}{2} < 1",
    ]  # fmt: skip
    assert checked.steps[2] == Step("false", 33, 43)
    assert false_steps_in(text) == ["9 × 2 = 19"]
    assert check_steps("") == Steps(0, 0, 0, ())


# Equations at random, against values that are computed as they are made ---------------------------

Spelling = Callable[[str], str]
MINUS = "−-‐"
TIMES, OVER = ("*", "×", "·", "\\times ", "\\cdot "), ("/", "÷", "\\div ")
AROUND: list[Spelling] = [
    "{}".format, "So {}.".format, "- {}".format, "1) {}".format, "**{}**".format, "${}$".format,
    "> {}".format, "Therefore, {} in total".format, "She gets {} apples.".format, "({})".format,
    "Also {} Euro.".format, "Donc {} pommes, et voilà.".format, "所以{}个。".format,
    "Step 3: {}\n#### 8".format, "`{}`".format, "\\[ {} \\]".format, "| {} |".format,
    "First: {}; then we stop.".format, "| a | {} |".format, "y = {}".format,
]  # fmt: skip


def expression(rng: random.Random, depth: int = 0) -> tuple[str, Fraction]:
    """A random expression with its value; sums in brackets, so that no convention matters."""
    if depth > 2 or rng.random() < 0.3:
        if rng.random() < 0.25:
            tenths = rng.randrange(1, 999)
            return f"{tenths / 10:.1f}", Fraction(tenths, 10)
        number = rng.choice(
            [rng.randrange(1, 13), rng.randrange(1, 1000), rng.randrange(1, 99_999)]
        )
        return (f"{number:,}" if rng.random() < 0.5 else str(number)), Fraction(number)
    left, left_value = expression(rng, depth + 1)
    right, right_value = expression(rng, depth + 1)
    kind = rng.randrange(5)
    if kind == 0:
        return f"({left} + {right})", left_value + right_value
    if kind == 1:
        return f"({left} {rng.choice(MINUS)} {right})", left_value - right_value
    if kind == 2:
        return f"({left} {rng.choice(TIMES)} {right})", left_value * right_value
    if kind == 3 and right_value:
        return f"({left} {rng.choice(OVER)} {right})", left_value / right_value
    if right_value:
        return f"\\frac{{{left}}}{{{right}}}", left_value / right_value
    return left, left_value


def result_of(rng: random.Random, value: Fraction) -> str:
    """A value as people write results: whole, as a fraction, or rounded to some places."""
    sign = rng.choice(MINUS) if value < 0 else ""
    size = abs(value)
    if size.denominator == 1:
        return sign + (f"{size.numerator:,}" if rng.random() < 0.5 else str(size.numerator))
    if rng.random() < 0.3:
        return f"{sign}{size.numerator}/{size.denominator}"
    places = rng.randrange(1, 5)
    scaled = size * 10**places
    rounded = int(scaled) + (scaled - int(scaled) >= Fraction(1, 2))
    whole, decimals = divmod(rounded, 10**places)
    return f"{sign if rounded else ''}{whole}.{decimals:0{places}d}"


def random_equation(rng: random.Random) -> tuple[str, Fraction]:
    while True:
        text, value = expression(rng)
        if text[0] in "(\\":  # more than a number
            text = text[1:-1] if text[0] == "(" and rng.random() < 0.8 else text
            return text.replace(" ", "") if rng.random() < 0.2 and "\\" not in text else text, value


@pytest.mark.parametrize("seed", range(20))
def test_true_equations_are_never_false_in_any_spelling(seed: int) -> None:
    rng = random.Random(seed)
    true = 0
    for _ in range(100):
        text, value = random_equation(rng)
        around = rng.choice(AROUND)
        equation = around(f"{text} = {result_of(rng, value)}")
        assert "f" not in verdicts(equation), equation
        true += "t" in verdicts(equation)
    assert true > 95


@pytest.mark.parametrize("seed", range(20))
def test_equations_with_a_changed_result_are_never_true(seed: int) -> None:
    rng = random.Random(100 + seed)
    changed, false = 0, 0
    for _ in range(100):
        text, value = random_equation(rng)
        # Far enough that no rounding makes it true.
        other = Fraction(round(value + rng.choice([-13, -2, 2, 7])))
        equation = rng.choice(AROUND)(f"{text} = {result_of(rng, other)}")
        if abs(other - value) >= 1:
            assert "t" not in verdicts(equation), equation
            changed += 1
            false += "f" in verdicts(equation)
    assert false > 0.9 * changed > 80


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_read_without_an_error(seed: int) -> None:
    rng = random.Random(seed)
    pieces = [
        *"0123456789+-*/^=<>()[]{}.,:;!?%$€xX \n\\&|~#'_²½√×÷–−°、。个aé\x00\x01\x03\x04\u200b٣",
        "\\frac", "\\frac{1}{0}", " of ", "**", "<<", ">>", "...", " and ", "half", "1/0", "0^0",
        "0!",
        "9" * 50, "^9999", "e99", "<b>", "$$", "1,000", "1.000", " 000", "12:30", "per cent",
        "equals",
    ]  # fmt: skip
    for _ in range(400):
        text = "".join(rng.choice(pieces) for _ in range(rng.randrange(60)))
        for step in check_steps(text).steps:
            assert 0 <= step.start < step.end <= len(text), text


# Long texts ---------------------------------------------------------------------------------------

HOSTILE = [
    "5 + 3 = 8 ", "1+", "(", "((1)", ")", "1 = ", "= ", "\\frac{", "\\frac{1}", "<<", "<<1=1>>",
    "<",
    "$", "$1", "**", "1 apple ", "a ", "2^", "9^9^", "1,", "1.", "1 000 ", "-", "- ", "1/", "!",
    "5!",
    "%", "1%", "…", "1:", "x", "3 x ", "\\text{", "&", "&lt;", "<b", "_", "_1", "~", "1 and ",
    "(1)(2)",
    "1 = 2\n", "\n", "²", "½", "\\", "{,}", "٣", "個", "is equal to ", "of ", "1 of ", "the ",
    "so ", "'", "1'", "#",
]  # fmt: skip


def calls_of(text: str) -> int:
    """How many functions are called to check a text, those of the interpreter included."""
    count = 0

    def counting(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counting)
    try:
        check_steps(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("piece", HOSTILE)
def test_work_grows_with_the_length_and_no_faster(piece: str) -> None:
    short, long = piece * (1_000 // len(piece)), piece * (8_000 // len(piece))
    assert calls_of(long + "= 1") < 12 * calls_of(short + "= 1") + 2_000


@pytest.mark.parametrize(
    "text",
    ["1" + "%" * 9000, "$-" * 9000 + "1", "5" + "!" * 9000, "-" * 9000 + "1", "2" + "^2" * 4000,
     "2" + "²" * 9000, "1\\frac{1}{2}" * 900, "(" * 3000 + "1" + ")" * 3000, "1" + "-1" * 4000,
     "1" + "/1" * 4000, "2" + "(1)" * 3000, "1" + " a" * 4000, "1" + "$" * 4000,
     "the " * 4000 + "1",
     "\\frac{" * 1000 + "1" + "}{1}" * 1000, "1 = " * 3000 + "1", "<<" * 3000 + ">>" * 3000]
)  # fmt: skip
def test_nothing_is_too_deep(text: str) -> None:
    assert check_steps(f"{text} = 1\n1 + 1 = 2").true >= 1
    assert check_steps(f"1 = {text}\n1 + 1 = 2").true >= 1


def test_only_the_beginning_of_a_very_long_text_is_looked_at() -> None:
    assert calls_of("5 + 3 = 8\n" * 10_000) < 1.1 * calls_of("5 + 3 = 8\n" * 2_000)


@pytest.mark.parametrize(
    "text",
    ["9^9^9^9 = 1", "10^(10^10) = 1", f"{'9' * 5000} + 1 = 2", "(9^200)^200 = 1", "99!! = 1",
     "2^-99999999 = 1", "1e9999 + 1 = 1", "50!^99 = 3"]
)  # fmt: skip
def test_huge_numbers_are_not_computed(text: str) -> None:
    assert verdicts(text) in ("u", "t") and calls_of(text) < 50_000
