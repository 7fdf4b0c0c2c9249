"""What speaks against a rationale: several answers, only the answer, a copy, a false step."""

import time

import pytest

from collate.answers.flags import FLAGS, flags_of
from collate.answers.judging import judge_text
from collate.answers.steps import check_steps

SEVERAL, ONLY, COPIES, FALSE = FLAGS
EGGS = (
    "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes "
    "muffins for her friends every day with four. She sells the remainder for $2 each. How much "
    "in dollars does she make every day?"
)
SUM, SUMS = "What is 5 - 4?", "State the final answer: 1 * 1 ="
COLOURS = ("red", "green", "blue")
GRASS, LAPTOP, PERU = "Which colour has grass?", "Did Aristotle use a laptop?", "Peru's capital?"

NUMBERS = [
    (SUM, "5 - 4 = 1\n#### 1", "1", ()),
    (SUM, "5 − 4 is 1, so\n#### 1", "1", ()),
    (SUM, "Take four away from five.\n#### 1", "1", ()),
    (SUM, "What is 5 - 4? 5 - 4 = 1.\n#### 1", "1", ()),
    (SUM, "What is 5 - 4? Take four away from five, one remains.\n#### 1", "1", ()),
    (SUMS, "1 * 1 = 1\n#### 1", "1", ()),
    (EGGS, f"{EGGS}\n16 - 3 - 4 = 9. 9 * 2 = 18.\n#### 18", "18", ()),
    (EGGS, "She sells 16 - 3 - 4 = 9 eggs. 9 * 2 = 18.\n#### 18", "18", ()),
    (EGGS, "She sells nine eggs at two dollars, so eighteen.\n#### 18", "18", ()),
    (SUM, "5 - 4 = 1\n#### 1\n#### 1.0", "1", ()),
    (SUM, "5 - 4 = \\boxed{1}\n#### 1", "1", ()),
    (SUM, "I do not know.", "1", ()),
    (SUM, "", "1", ()),
    (SUM, "!!!", "1", ()),
    (SUM, "So the answer is", "1", ()),
    (SUM, "#### 1", "1", (ONLY,)),
    (SUM, "#### 2", "1", (ONLY,)),
    (SUM, "1\n#### 1", "1", (ONLY,)),
    (SUM, "**1**\n- 1\n#### 1", "1", (ONLY,)),
    (SUM, "The answer is 1.\n#### 1", "1", (ONLY,)),
    (SUM, "So the final answer is \\boxed{1}.\n#### 1", "1", (ONLY,)),
    (SUM, "1 = 1\n#### 1", "1", (ONLY,)),
    (SUM, "#### 1\nBecause 5 - 4 = 1.", "1", (ONLY,)),
    (SUM, "1", "1", (ONLY,)),
    (SUM, "It is 7.", "1", (ONLY,)),
    (SUM, "5 - 4 = 1\n#### 1\n#### 2", "1", (SEVERAL,)),
    (SUM, "5 - 4 = 1\n#### 1 or 2", "1", (SEVERAL,)),
    (SUM, "5 - 4 = \\boxed{2}, or \\boxed{1}\n#### 1", "1", (SEVERAL,)),
    (SUM, "#### 1\n#### 2", "1", (SEVERAL, ONLY)),
    (SUM, "What is 5 - 4?\n#### 1", "1", (COPIES,)),
    (SUM, "5 - 4 =\n#### 1", "1", ()),
    (SUM, "5 - 4 = 2, so 2 - 1 = 1\n#### 1", "1", (FALSE,)),
    (SUM, "5 - 4 = 2\n#### 1\n#### 2", "1", (SEVERAL, FALSE)),
    (SUMS, "1 * 1 =\n#### 1", "1", (COPIES,)),
    (SUM, "WHAT IS 5-4?? It is 1\n#### 1", "1", (COPIES,)),
    (SUM, "What is 5 - 4? What is 5 - 4?\n#### 1", "1", (COPIES,)),
    (EGGS, f"{EGGS}\n#### 18", "18", (COPIES,)),
    (EGGS, f"Question: {EGGS}\nLet me see now.\nAnswer:\n#### 18", "18", (COPIES,)),
    (EGGS, EGGS, "18", (COPIES,)),
    (EGGS, "She eats three for breakfast every morning\n#### 18", "18", (COPIES,)),
]  # fmt: skip
OTHERS = [
    ("choice", GRASS, "Grass is rich in chlorophyll.\n#### B", "B", ()),
    ("choice", GRASS, "#### B", "B", (ONLY,)),
    ("choice", GRASS, "(B) green\n#### B", "B", (ONLY,)),
    ("choice", GRASS, "The correct option is B.\n#### green", "B", (ONLY,)),
    ("choice", GRASS, "Chlorophyll.\n#### A or B", "B", ()),
    ("choice", GRASS, "Chlorophyll.\n#### A) or B)", "B", (SEVERAL,)),
    ("choice", GRASS, "Chlorophyll.\n#### A\n#### B", "B", (SEVERAL,)),
    ("choice", GRASS, f"{GRASS} A) red B) green C) blue\n#### B", "B", (COPIES,)),
    ("boolean", LAPTOP, "He died long before there were any.\n#### no", "no", ()),
    ("boolean", LAPTOP, "No.\n#### no", "no", (ONLY,)),
    ("boolean", LAPTOP, "No, he died long before.\n#### no", "no", ()),
    ("boolean", LAPTOP, "That is false.\n#### no", "no", (ONLY,)),
    ("boolean", LAPTOP, "He died before.\n#### yes and no", "no", (SEVERAL,)),
    ("boolean", LAPTOP, "He died before.\n#### yes no", "no", (SEVERAL,)),
    ("boolean", LAPTOP, f"{LAPTOP} No!\n#### no", "no", (COPIES,)),
    ("text", PERU, "Peru is ruled from the coast.\n#### Lima", "Lima", ()),
    ("text", PERU, "Lima\n#### Lima", "Lima", (ONLY,)),
    ("text", PERU, "Lima", "Lima", (ONLY,)),
    ("text", PERU, "I have no idea.", "Lima", ()),
    ("text", PERU, "It lies on the coast.\n#### Lima\n#### Cusco", "Lima", (SEVERAL,)),
    ("text", PERU, "Peru's capital? The answer is\n#### Lima", "Lima", (COPIES,)),
]  # fmt: skip


def flagged(kind: str, question: str, text: str, gold: str) -> tuple[str, ...]:
    options = COLOURS if kind == "choice" else ()
    judgement = judge_text(kind, "####", text, gold, options)
    return flags_of(
        text, question=question, gold=gold, options=options, judgement=judgement,
        false_steps=check_steps(text).false, kind=kind, marker="####",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "question", "text", "gold", "flags"),
    [*(("number", *case) for case in NUMBERS), *OTHERS],
)
def test_flags(kind: str, question: str, text: str, gold: str, flags: tuple[str, ...]) -> None:
    assert flagged(kind, question, text, gold) == flags


@pytest.mark.parametrize("piece", ["4 ", "What is 5 - 4? ", "\\boxed{", "#### 7\n", "-", "é", "\n"])
def test_a_megabyte_is_flagged_within_seconds(piece: str) -> None:
    start = time.process_time()
    flagged("number", "What is 5 - 4?", piece * (1_000_000 // len(piece)), "1")
    assert time.process_time() - start < 5


# (languages, kind, rationale, flags)
IN_OTHER_LANGUAGES = [
    (("de",), "number", "Die Antwort ist 7.\n#### 7", (ONLY,)),
    (("fr",), "number", "La réponse est 7.\n#### 7", (ONLY,)),
    (("es",), "number", "Entonces, la respuesta es 7.\n#### 7", (ONLY,)),
    (("zh",), "number", "答案是7。\n#### 7", (ONLY,)),
    (("ja",), "number", "答えは7\n#### 7", (ONLY,)),
    (("hi",), "number", "उत्तर 7\n#### 7", (ONLY,)),
    (("ar",), "number", "الإجابة هي 7\n#### 7", (ONLY,)),
    (("de",), "boolean", "Ja.\n#### ja", (ONLY,)),
    (("de",), "number", "Sie hat drei Eier und kauft vier.\n#### 7", ()),
    (("zh",), "number", "她有三个鸡蛋，又买了四个。\n#### 7", ()),
    (("de",), "number", "3 + 4 = 7\n#### 7", ()),
    (("en",), "number", "Die Antwort ist 7.\n#### 7", ()),
]  # fmt: skip


@pytest.mark.parametrize(("languages", "kind", "text", "flags"), IN_OTHER_LANGUAGES)
def test_only_the_answer_in_other_languages(
    languages: tuple[str, ...], kind: str, text: str, flags: tuple[str, ...]
) -> None:
    gold = "7" if kind == "number" else "ja"
    judgement = judge_text(kind, "####", text, gold, (), languages)
    assert judgement.verdict == "right"
    found = flags_of(
        text, question="?", gold=gold, options=(), judgement=judgement, false_steps=0, kind=kind,
        marker="####", languages=languages,
    )  # fmt: skip
    assert found == flags
