"""What the verifier says of a table of stated answers, strictly and leniently.

Every row is (what stands behind the marker, gold answer, verdict). R, W and U are right, wrong and
unknown; nothing that cannot be read may be wrong.
"""

import random
import time
import unicodedata

import pytest

from collate.answers.judging import judge_text
from collate.answers.statements import cut_answer
from collate.tables import RIGHT, UNKNOWN, WRONG

R, W, U = RIGHT, WRONG, UNKNOWN

NUMBERS = [
    # plain numbers and signs
    ("18", "18", R), ("19", "18", W), ("-18", "18", W), ("-18", "-18", R), ("+18", "18", R),
    ("0", "0", R), ("-0", "0", R), ("007", "7", R), ("18.", "18", R), ("18,", "18", R),
    ("\N{MINUS SIGN}5", "-5", R), ("\N{EN DASH}5", "-5", R), ("- 5", "-5", R), ("5", "-5", W),
    ("--5", "5", U), ("12345678901234567890", "12345678901234567890", R),
    ("12345678901234567891", "12345678901234567890", W),
    # decimals
    ("18.00", "18", R), ("18.0", "18.00", R), (".5", "0.5", R), ("-.5", "-1/2", R),
    ("0.1", "0.10", R), ("3.14", "3.1", W), ("0.333", "1/3", W), ("18.5.", "18.5", R),
    # thousands, and the two conventions for the decimal sign
    ("1,234", "1234", R), ("1,234,567", "1234567", R), ("1 234 567", "1234567", R),
    ("1\N{NARROW NO-BREAK SPACE}234", "1234", R), ("1'234'567", "1234567", R),
    ("1_000", "1000", R), ("1,234.50", "1234.5", R), ("1.234,5", "1234.5", R),
    ("1.234.567", "1234567", R), ("12,34,567", "1234567", R), ("1.234", "1.234", R),
    ("1.234", "1234", U), ("1.234", "1235", W), ("1,234", "1.234", U), ("1,234", "2", W),
    ("1,5", "1.5", R), ("1,5", "5", U), ("1,5", "7", W), ("0,25", "1/4", R),
    ("1,2,3", "123", U), ("1,23,4", "1234", U), ("70,000", "70000", R), ("70000", "70,000", R),
    # fractions
    ("1/2", "0.5", R), ("0.5", "1/2", R), ("2/4", "1/2", R), ("3 / 4", "0.75", R),
    ("-1/2", "-0.5", R), ("1 1/2", "1.5", R), ("-1 1/2", "-1.5", R), ("\u00bd", "0.5", R),
    ("1\u00bd", "3/2", R), ("2/3", "1/2", W), ("1/0", "1", U), ("1/2/3", "1/6", U),
    ("1/3", "0.333", W), ("1\N{FRACTION SLASH}2", "1/2", R),
    # percent
    ("50%", "50%", R), ("50%", "50", R), ("50", "50%", R), ("0.5", "50%", R), ("50%", "0.5", U),
    ("0.5%", "50%", W), ("40%", "50%", W), ("50 percent", "50", R), ("50 per cent", "50%", R),
    ("12.5 %", "12.5", R), ("1/2", "50%", R), ("5\u2030", "5", U),
    # currency, units and words around
    ("$18", "18", R), ("-$5", "-5", R), ("$-5", "-5", R), ("$1,234.50", "1234.50", R),
    ("£18", "18", R), ("18€", "18", R), ("€ 18", "18", R), ("US$18", "18", R), ("Rs. 500",
    "500", R),
    ("18 dollars", "18", R), ("5 km", "5", R), ("5km", "5", R), ("5 m²", "5", R), ("5 km^2",
    "5", R),
    ("18 eggs per day", "18", R), ("18th", "18", R), ("x = 18", "18", R), ("is 18", "18", R),
    ("The answer is 18.", "18", R), ("x=-3", "-3", R), ("about 18", "18", R), ("≈ 18", "18", R),
    ("2 million", "2000000", R), ("3 dozen", "36", R), ("5k", "5000", U), ("5k", "5", R),
    ("50 cents", "0.5", U), ("50 cents", "50", R), ("60 km/h", "60", R), ("答案是18个", "18", U),
    ("90°", "90", R), ("#18", "18", R), (": 18", "18", R), ("18!", "18", R),
    # LaTeX and emphasis
    (r"\boxed{18}", "18", R), ("$18$", "18", R), (r"\$18", "18", R), (r"\frac{1}{2}", "0.5", R),
    (r"\dfrac{3}{4}", "3/4", R), (r"1\frac{1}{2}", "1.5", R), (r"\frac12", "1/2", R),
    (r"\text{18 apples}", "18", R), (r"\(18\)", "18", R), (r"18\%", "18%", R), ("**18**", "18", R),
    ("*18*", "18", R), ("`18`", "18", R), ("__18__", "18", U), (r"1{,}234", "1234", R),
    (r"$\boxed{-3}$", "-3", R), (r"\sqrt{18}", "18", U), (r"2\pi", "2", U), (r"18\,000",
    "18000", R),
    # powers of ten
    ("1.2e3", "1200", R), ("1.2E3", "1200", R), ("5e-1", "0.5", R), ("1.2 × 10^3", "1200", R),
    (r"1.2 \times 10^{3}", "1200", R), ("3*10^2", "300", R), ("1e999999", "1", U), ("10^3",
    "1000", U),
    ("9" * 301, "9", U), ("1." + "0" * 250, "1", R),
    # digits of other scripts
    ("１８", "18", R), ("٣٤", "34", R), ("१८", "18", R), ("𝟏𝟖", "18", R),
    # expressions and equations
    ("3 + 15 = 18", "18", R), ("3 + 15 = 19", "18", W), ("18 = 18", "18", R), ("x = y = 18",
    "18", R),
    ("3 + 15", "18", U), ("20 - 2", "18", U), ("5-5", "5", U), ("2*9", "18", U), ("(18)", "18", R),
    ("5 km = 5000 m", "5000", U), ("18 = 19", "18", U), ("2x", "2", U), ("3n", "3", U),
    # not one number
    ("12 or 13", "12", U), ("12 or 13", "13", U), ("12, 13", "12", U), ("12-13", "12", U),
    ("12 to 13", "13", U), ("18 18", "18", R), ("18 out of 20", "18", U), ("3:30", "3", U),
    ("2:1", "2", U), ("> 18", "18", U), ("≥18", "18", U), ("at least 18", "18", U), ("not 18",
    "18", U),
    ("more than 18", "18", U), ("18 ± 1", "18", U), ("eighteen", "18", U), ("none", "18", U),
    ("?", "18", U), ("∞", "18", U), ("x1", "1", U), ("profit - 5", "-5", U), ("COVID-19", "19", U),
    ("5'11", "5", U), ("$12 and 50 cents", "12", U), ("x" * 2000 + "18", "18", U),
]  # fmt: skip

COLOURS = ("red", "green", "blue", "red and blue")
VITAMINS = ("Vitamin A", "Vitamin B", "Vitamin C", "A dog")
FIGURES = ("4", "1", "2", "3")
CHOICES = [
    # letters
    ("B", "B", COLOURS, R), ("b", "B", COLOURS, R), ("(B)", "B", COLOURS, R), ("B)",
    "B", COLOURS, R),
    ("B.", "B", COLOURS, R), ("(b)", "B", COLOURS, R), ("[B]", "B", COLOURS, R), ("B:",
    "B", COLOURS, R),
    ("**B**", "B", COLOURS, R), (r"\boxed{B}", "B", COLOURS, R), (r"\text{B}", "B", COLOURS, R),
    ("$B$", "B", COLOURS, R), ("A", "B", COLOURS, W), ("d", "D", COLOURS, R), ("Ｂ",
    "B", COLOURS, R),
    ("Option B", "B", COLOURS, R), ("option b", "B", COLOURS, R), ("The answer is B.",
    "B", COLOURS, R),
    ("The correct answer is (B)", "B", COLOURS, R), ("Answer: B", "B", COLOURS, R),
    ("choice C", "B", COLOURS, W), ("is B", "B", COLOURS, R),
    # texts
    ("green", "B", COLOURS, R), ("Green.", "B", COLOURS, R), ("'green'", "B", COLOURS, R),
    ("blue", "B", COLOURS, W), ("red and blue", "D", COLOURS, R), ("red  and\tblue",
    "D", COLOURS, R),
    ("B) green", "B", COLOURS, R), ("B. green", "B", COLOURS, R), ("B: green", "B", COLOURS, R),
    ("B - green", "B", COLOURS, R), ("(B) green", "B", COLOURS, R), ("B green", "B", COLOURS, R),
    ("B) it is the colour of grass", "B", COLOURS, R), ("C) Vitamin C", "C", VITAMINS, R),
    ("Vitamin C", "C", VITAMINS, R), ("A dog", "D", VITAMINS, R), ("A dog", "A", VITAMINS, W),
    ("4", "A", FIGURES, R), ("1", "A", FIGURES, W), ("A", "A", FIGURES, R),
    # neither one nor the other
    ("A or B", "A", COLOURS, U), ("A) or B)", "A", COLOURS, U), ("both A and B", "B", COLOURS, U),
    ("B) blue", "B", COLOURS, U), ("B) blue", "C", COLOURS, U), ("E", "B", COLOURS, U),
    ("Option F", "B", COLOURS, U), ("yellow", "B", COLOURS, U), ("green or blue", "B", COLOURS, U),
    ("2", "B", COLOURS, U), ("A cat", "A", VITAMINS, U), ("Vitamin C tablets", "C", VITAMINS, U),
    ("...", "B", COLOURS, U), ("AB", "A", COLOURS, U), ("not B", "B", COLOURS, U),
    # no options at hand: letters only
    ("C", "C", (), R), ("z", "Z", (), R), ("C) something", "C", (), R), ("red", "A", (), U),
    # a letter that is also another option's text
    ("A", "A", ("B", "A"), U), ("first", "A", ("first", "first"), U),
]  # fmt: skip

BOOLEANS = [
    ("yes", "yes", R), ("Yes.", "yes", R), ("YES", "yes", R), ("**Yes**", "yes", R), ("no",
    "yes", W),
    ("No!", "no", R), ("true", "yes", R), ("False", "no", R), ("True", "no", W), ("y", "yes", R),
    ("N", "no", R), ("1", "yes", R), ("0", "no", R), ("t", "true", R), (r"\boxed{\text{yes}}",
    "yes", R),
    ("yes, they could", "yes", R), ("The answer is no", "no", R), ("yes yes", "yes", R),
    ("yes and no", "yes", U), ("not true", "no", U), ("no, it isn't", "no", R), ("maybe", "yes", U),
    ("2", "yes", U), ("yesterday", "yes", U), ("none", "no", U), ("", "yes", U), ("nope", "no", U),
]  # fmt: skip

TEXTS = [
    ("Lima", "Lima", R), ("lima", "Lima", R), ("LIMA.", "Lima", R), ("**Lima**", "Lima", R),
    ('"Lima"', "Lima", R), ("“Lima”", "Lima", R), (r"\boxed{Lima}", "lima", R), ("Lima!",
    "Lima", R),
    (r"$\text{Lima}$", "Lima", R), ("New  York", "new york", R), ("ﬁre", "fire", R), ("ＬＩＭＡ",
    "lima", R),
    ("Straße", "STRASSE", R), ("Cusco", "Lima", W), ("Lima, Peru", "Lima", U), ("-5", "5", W),
    (".5", "5", W), ("f(x)", "f(x)", R), ("1 2 3", "1 2\n3", R),
    ("cafe\N{COMBINING ACUTE ACCENT}", "café", R),
    ("x" * 2000, "x", U),
]  # fmt: skip

# (whole text, gold, options, kind, strict verdict, lenient verdict, what is found)
LENIENT = [
    ("3 + 4 = 7", "7", (), "number", U, R, "7"),
    ("First 3, then 7.", "7", (), "number", U, R, "7"),
    ("It is 7. Or 8.", "7", (), "number", U, W, "8"),
    ("The total is $1,234.50 in all.", "1234.5", (), "number", U, R, "1,234.50"),
    ("So it is -7 then", "-7", (), "number", U, R, "-7"),
    ("9 - 7", "7", (), "number", U, R, "7"),
    ("So x = 1/2.\nDone!", "0.5", (), "number", U, R, "1/2"),
    ("no numbers at all", "7", (), "number", U, U, None),
    ("", "7", (), "number", U, U, None),
    ("####\n18", "18", (), "number", U, R, "18"),
    ("The result is 4.\n#### 7", "7", (), "number", R, R, "7"),
    ("The result is 7.\n#### 4", "7", (), "number", W, W, "4"),
    ("#### 7\nThen 12 more words.", "7", (), "number", R, R, "7"),
    ("#### seven", "7", (), "number", U, U, "seven"),
    ("So it is no #### no", "no", (), "boolean", R, R, "no"),
    ("#### no #### no", "no", (), "boolean", R, R, "no"),
    ("#### 7\n#### 7.0", "7", (), "number", R, R, "7.0"),
    ("#### 8\n#### 7", "7", (), "number", U, R, "7"),
    ("#### 7\n#### 8", "7", (), "number", U, W, "8"),
    ("#### 7 #### 8", "7", (), "number", U, W, "8"),
    ("#### 7 ####", "7", (), "number", R, R, "7"),
    ("##### 7", "7", (), "number", R, R, "7"),
    ("So the answer is #### 7", "7", (), "number", R, R, "7"),
    ("**#### 7**", "7", (), "number", R, R, "7"),
    ("I think the answer is (B).", "B", COLOURS, "choice", U, R, "B"),
    ("A is wrong, so the answer is C", "C", COLOURS, "choice", U, R, "C"),
    ("the answer is b)", "B", COLOURS, "choice", U, R, "b"),
    ("It must be green", "B", COLOURS, "choice", U, R, "green"),
    ("It is red and blue.", "D", COLOURS, "choice", U, R, "red and blue"),
    ("A small dog barks", "A", COLOURS, "choice", U, U, None),
    ("evergreen", "B", COLOURS, "choice", U, U, None),
    ("#### B", "B", COLOURS, "choice", R, R, "B"),
    ("They died before that, so no.", "no", (), "boolean", U, R, "no"),
    ("Yes at first, but finally: No", "yes", (), "boolean", U, W, "No"),
    ("That is true", "yes", (), "boolean", U, R, "true"),
    ("Nobody knows", "no", (), "boolean", U, U, None),
    ("The capital is\n\nLima\n\n", "lima", (), "text", U, R, "Lima"),
    ("Lima is the capital", "Lima", (), "text", U, U, "Lima is the capital"),
    ("\n \n", "Lima", (), "text", U, U, None),
]  # fmt: skip


def test_the_table_has_its_size() -> None:
    rows = [*NUMBERS, *CHOICES, *BOOLEANS, *TEXTS, *LENIENT]
    assert len({repr(row) for row in rows}) == len(rows) >= 200


def judged(kind: str, stated: str, gold: str, options: tuple[str, ...] = ()) -> str:
    return judge_text(kind, "####", f"Some steps.\n#### {stated}", gold, options).verdict


@pytest.mark.parametrize(("stated", "gold", "verdict"), NUMBERS)
def test_numbers(stated: str, gold: str, verdict: str) -> None:
    assert judged("number", stated, gold) == verdict


@pytest.mark.parametrize(("stated", "gold", "options", "verdict"), CHOICES)
def test_choices(stated: str, gold: str, options: tuple[str, ...], verdict: str) -> None:
    assert judged("choice", stated, gold, options) == verdict


@pytest.mark.parametrize(("stated", "gold", "verdict"), BOOLEANS)
def test_booleans(stated: str, gold: str, verdict: str) -> None:
    assert judged("boolean", stated, gold) == verdict


@pytest.mark.parametrize(("stated", "gold", "verdict"), TEXTS)
def test_texts(stated: str, gold: str, verdict: str) -> None:
    assert judged("text", stated, gold) == verdict


@pytest.mark.parametrize("row", LENIENT)
def test_strict_and_lenient(row: tuple) -> None:
    text, gold, options, kind, verdict, lenient, found = row
    judgement = judge_text(kind, "####", text, gold, options)
    assert (judgement.verdict, judgement.found_verdict) == (verdict, lenient)
    assert judgement.found == found


@pytest.mark.parametrize(
    ("text", "stated", "reason"),
    [
        ("no marker: 7", None, "no stated answer"),
        ("#### 7\n#### 8", None, "states several answers: 2 different"),
        ("#### 7\n" * 2000, None, "the verifier gave up: more than 1000 markers"),
        ("It is not #### 7", "7", "cannot be read: denied"),
        ("#### 7\n#### 7.0", "7.0", "equals the gold answer"),
        ("#### 6", "6", "differs from the gold answer"),
        ("#### 6 or 7", "6 or 7", "cannot be read: several numbers, not one"),
        (
            "\n".join(f"#### {n}" for n in range(100)),
            None,
            "states several answers: over 32 different",
        ),
    ],
)
def test_reasons(text: str, stated: str | None, reason: str) -> None:
    judgement = judge_text("number", "####", text, "7")
    assert (judgement.stated, judgement.reason) == (stated, reason)


def test_the_marker_is_the_tasks_own() -> None:
    text = "#### 3\nAnswer: 7"
    assert judge_text("number", "Answer:", text, "7").verdict == RIGHT
    assert judge_text("number", "answer:", text, "7").verdict == UNKNOWN


@pytest.mark.parametrize(
    ("kind", "gold", "options"),
    [
        ("number", "eighteen", ()), ("number", "12 or 13", ()), ("boolean", "maybe", ()),
        ("choice", "b", COLOURS), ("choice", "E", COLOURS), ("choice", "", COLOURS), ("text",
        " ", ()),
    ],
)  # fmt: skip
def test_a_gold_answer_that_cannot_be_read_is_the_callers_fault(
    kind: str, gold: str, options: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="gold answer"):
        judge_text(kind, "####", "#### 1", gold, options)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("6 + 1 = 7.\n#### 7", "6 + 1 = 7."), ("  6 + 1 = 7. #### 7\n", "6 + 1 = 7."),
        ("6 + 1\n**#### 7**\nThat was it: 7", "6 + 1"), ("#### 7", ""), (" no answer \n",
        "no answer"),
        ("a\n\n#### 7\nb\n#### 8", "a"), ("a\n####\nb", "a\n####\nb"), ("", ""),
    ],
)  # fmt: skip
def test_cut_answer(text: str, cut: str) -> None:
    assert cut_answer(text, "####") == cut


def garbage(rng: random.Random, length: int) -> str:
    """Random text over all of Unicode, thick with what the patterns look for."""
    pieces = [
        "####",
        "\\boxed{",
        "\\frac{",
        "}",
        "1",
        ",",
        ".",
        "/",
        "-",
        "=",
        "%",
        "(",
        "A)",
        "\n",
    ]
    pieces += [
        " yes ",
        "$",
        "e",
        "10^",
        "½",
        "٣",
        "\ud800",
        "\0",
        "\u202e",
        " or ",
        "**",
        "million",
    ]
    return "".join(
        rng.choice(pieces) if rng.random() < 0.7 else chr(rng.randrange(0x110000))
        for _ in range(length)
    )


@pytest.mark.parametrize(
    ("kind", "gold", "options"),
    [
        ("number", "18", ()),
        ("choice", "A", ("1", "yes")),
        ("boolean", "yes", ()),
        ("text", "1", ()),
    ],
)
def test_nothing_that_a_model_writes_raises(kind: str, gold: str, options: tuple[str, ...]) -> None:
    rng = random.Random(0)
    for _ in range(1500):
        text = garbage(rng, rng.randrange(1, 60))
        for whole in (text, f"#### {text}"):
            judgement = judge_text(kind, "####", whole, gold, options)
            assert judgement.verdict in (RIGHT, WRONG, UNKNOWN)
            assert judgement.verdict == UNKNOWN or judgement.stated is not None
        cut_answer(text, "####")


DRESSES = [
    "{}", "{}.", "${}", "{} eggs", "**{}**", r"\boxed{{{}}}", "x = {}", "The answer is {}.", "({})",
    "{} %", "£{} per day", "about {}", "{:,}", "{}.0", "{}/1", r"\text{{{}}}", "1 * {}", "{} = {}",
]  # fmt: skip


def test_a_different_number_is_never_right_and_the_same_never_wrong() -> None:
    rng = random.Random(1)
    for _ in range(4000):
        gold, other = rng.randrange(-20000, 20000), rng.randrange(-20000, 20000)
        dress = rng.choice(DRESSES)
        if gold != other:
            assert judged("number", dress.format(other, other), str(gold)) != RIGHT, dress
        assert judged("number", dress.format(gold, gold), str(gold)) != WRONG, dress


HOSTILE = {
    "digits": "9", "blanks": " ", "markers": "#### ", "statements": "#### 7\n", "equals": "=",
    "fractions": "\\frac{", "boxes": "\\boxed{", "brackets": "(", "letters": "A ",
    "answers": "answer ",
    "commas": "1,", "numbers": "1 ", "newlines": "\n", "words": "yes no ", "signs": "-",
    "dots": "1.",
    "wide": "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}", "halves": "\u00bd", "options": "a",
    "slashes": "1/", "powers": "10^", "apostrophes": "1'", "commands": "\\text{\\text{",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_hostile_text_takes_seconds(name: str) -> None:
    piece = HOSTILE[name]
    text = piece * (1_000_000 // len(piece))
    options = ("a", "b" * 40, "a" * 40 + "b", "yes")
    for kind, gold in (("number", "7"), ("choice", "A"), ("boolean", "yes"), ("text", "x")):
        for whole in (text, "#### " + text):
            start = time.process_time()
            judge_text(kind, "####", whole, gold, options if kind == "choice" else ())
            cut_answer(whole, "####")
            assert time.process_time() - start < 5


def test_digits_of_every_script_are_read() -> None:
    tens = [chr(c) for c in range(0x110000) if unicodedata.decimal(chr(c), None) == 8]
    assert len(tens) > 50
    assert {judged("number", ten, "8") for ten in tens} == {RIGHT}
