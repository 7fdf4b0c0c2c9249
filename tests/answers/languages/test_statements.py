"""Statements in eleven languages, judged as a person who speaks the language would.

The tables are in the files beside this one. A task names its languages; a word of another language
never makes a statement right.
"""

from types import ModuleType

import pytest

from collate.answers.judging import judge_text
from collate.verdicts import RIGHT, UNKNOWN, WRONG
from tests.answers.languages import ar, de, en, es, fr, hi, it, ja, nl, pt, zh

TABLES = {"ar": ar, "de": de, "en": en, "es": es, "fr": fr, "hi": hi, "it": it, "ja": ja, "nl": nl,
          "pt": pt, "zh": zh}  # fmt: skip
MANY = 60  # cases of each language but English, which has tables of its own in test_verifier.py

Case = tuple[str, str, str, tuple[str, ...], frozenset[str]]


def cases_of(table: ModuleType) -> list[Case]:
    """Every case of a language: kind, whole rationale, gold answer, options, allowed verdicts."""
    kinds = {
        "number": table.NUMBERS,
        "choice": table.CHOICES,
        "boolean": table.BOOLEANS,
        "text": table.TEXTS,
    }
    cases = [
        (kind, f"#### {statement}", gold, allowed)
        for kind, rows in kinds.items()
        for statement, gold, allowed in rows
    ]
    return [
        (kind, text, gold, table.OPTIONS if kind == "choice" else (), allowed)
        for kind, text, gold, allowed in [*cases, *table.RATIONALES]
    ]


@pytest.mark.parametrize("code", TABLES)
def test_statements(code: str) -> None:
    differing = []
    for kind, text, gold, options, allowed in cases_of(TABLES[code]):
        judgement = judge_text(kind, "####", text, gold, options, languages=(code,))
        if judgement.verdict not in allowed:
            differing.append((kind, text, gold, judgement.verdict, judgement.reason))
    assert differing == []


def test_there_are_many_cases() -> None:
    counts = {code: len(set(cases_of(table))) for code, table in TABLES.items() if code != "en"}
    assert min(counts.values()) >= MANY
    assert sum(counts.values()) >= 650


# Languages of the task, kind, statement, gold answer; and the languages with which it is right.
FOREIGN = [
    (("en",), "number", "Die Antwort ist 12", "12", ("en", "de")),
    (("en",), "number", "12 Äpfel", "12", ("en", "de")),
    (("en",), "number", "La réponse est 12", "12", ("en", "fr")),
    (("en",), "number", "La respuesta es 12", "12", ("en", "es")),
    (("en",), "number", "La risposta è 12", "12", ("en", "it")),
    (("en",), "number", "A resposta é 12", "12", ("en", "pt")),
    (("en",), "number", "Het antwoord is 12", "12", ("en", "nl")),
    (("en",), "number", "答えは12です", "12", ("en", "ja")),
    (("en",), "number", "答案是12", "12", ("en", "zh")),
    (("en",), "number", "उत्तर 12 है", "12", ("en", "hi")),
    (("en",), "number", "الإجابة هي 12", "12", ("en", "ar")),
    (("en",), "number", "12 Millionen", "12000000", ("en", "de")),
    (("en",), "number", "12 millones", "12000000", ("en", "es")),
    (("en",), "number", "12 milhões", "12000000", ("en", "pt")),
    (("en",), "number", "12万", "120000", ("en", "zh")),
    (("en",), "number", "12 लाख", "1200000", ("en", "hi")),
    (("en",), "boolean", "Ja", "yes", ("en", "de")),
    (("en",), "boolean", "Nein", "no", ("en", "de")),
    (("en",), "boolean", "oui", "yes", ("en", "fr")),
    (("en",), "boolean", "sì", "yes", ("en", "it")),
    (("en",), "boolean", "はい", "yes", ("en", "ja")),
    (("en",), "boolean", "是的", "yes", ("en", "zh")),
    (("en",), "boolean", "नहीं", "no", ("en", "hi")),
    (("en",), "boolean", "نعم", "yes", ("en", "ar")),
    (("en",), "choice", "Die Antwort ist B", "B", ("en", "de")),
    (("en",), "choice", "答案是B", "B", ("en", "zh")),
    (("en",), "choice", "La bonne réponse est B", "B", ("en", "fr")),
    (("de",), "number", "The answer is 12", "12", ("de", "en")),
    (("de",), "number", "12 apples", "12", ("de", "en")),
    (("de",), "number", "La réponse est 12", "12", ("de", "fr")),
    (("de",), "number", "12 pommes", "12", ("de", "fr")),
    (("de",), "number", "12 thousand", "12000", ("de", "en")),
    (("de",), "boolean", "Yes", "yes", ("de", "en")),
    (("de",), "boolean", "Non", "no", ("de", "fr")),
    (("de",), "choice", "The correct answer is B", "B", ("de", "en")),
    (("de",), "choice", "La réponse est B", "B", ("de", "fr")),
    (("fr",), "number", "Die Antwort ist 12", "12", ("fr", "de")),
    (("fr",), "boolean", "yes", "yes", ("fr", "en")),
    (("ja",), "number", "答案是12", "12", ("ja", "zh")),
    (("zh",), "number", "答えは12です", "12", ("zh", "ja")),
    (("hi",), "number", "The answer is 12", "12", ("hi", "en")),
    (("ar",), "number", "La réponse est 12", "12", ("ar", "fr")),
]


@pytest.mark.parametrize(("languages", "kind", "statement", "gold", "with_it"), FOREIGN)
def test_a_word_of_another_language_makes_unknown(
    languages: tuple[str, ...], kind: str, statement: str, gold: str, with_it: tuple[str, ...]
) -> None:
    options = ("x1", "x2", "x3") if kind == "choice" else ()
    text = f"#### {statement}"
    alone = judge_text(kind, "####", text, gold, options, languages=languages)
    both = judge_text(kind, "####", text, gold, options, languages=with_it)
    assert (alone.verdict, both.verdict) == (UNKNOWN, RIGHT), (alone.reason, both.reason)


# Denied, bounded, rescaled, with a sign or mathematics: whatever the task's languages are.
CHANGED = [
    "nicht 12", "pas 12", "n'est pas 12", "não 12", "не 12", "不是12", "12ではない", "12 değil",
    "ليس 12", "12 ist falsch", "alles außer 12", "mindestens 12", "más de 12", "moins de 12",
    "12以上", "12 тыс", "12 Millionen", "12万", "12億", "12 lakh", "12 crore", "минус 12",
    "moins 12", "menos 12", "负12", "マイナス12", "˗12", "➖ 12", "12 millones", "12 milliards",
    "12 milhões", "12 miljoen", "12 milioni", "12 करोड़", "12 مليون", "कम से कम 12", "12 नहीं",
    "على الأقل 12", "almeno 12", "niet 12", "non 12", "no 12", "nunca 12", "almost 12", "twice 12",
    "至少12", "12未満", "साढ़े 12", "12 ونصف", "12 ❌", "✗ 12", "12 docenas", "12 douzaines",
    "12 Dutzend", "12 dozijn", "12 ダース", "quase 12", "bijna 12", "fast 12",
]  # fmt: skip


@pytest.mark.parametrize("code", TABLES)
def test_what_changes_a_number_in_one_language_is_right_in_none(code: str) -> None:
    texts = [f"#### {statement}" for statement in CHANGED]
    judgements = [judge_text("number", "####", text, "12", (), (code,)) for text in texts]
    verdicts = [judgement.verdict for judgement in judgements]
    assert [text for text, verdict in zip(texts, verdicts, strict=True) if verdict == RIGHT] == []


DENIED_BEFORE = [
    "Nicht", "Die Antwort ist nicht", "La respuesta no es", "La réponse n'est pas", "答案不是",
    "答えではない", "उत्तर नहीं", "الإجابة ليست", "La risposta non è", "A resposta não é",
    "Het antwoord is niet", "Svaret är inte", "Ответ не",
]  # fmt: skip
# The Spanish and Italian "no" is short and a word of other languages too.
OWN_ONLY = {"La respuesta no es": "es"}


@pytest.mark.parametrize("code", TABLES)
@pytest.mark.parametrize("sentence", DENIED_BEFORE)
def test_a_denial_before_the_marker_counts_in_every_language(code: str, sentence: str) -> None:
    text = f"{sentence} #### 12"
    languages = tuple(dict.fromkeys((code, OWN_ONLY.get(sentence, code))))
    assert judge_text("number", "####", text, "12", (), languages=languages).verdict == UNKNOWN


def test_a_scale_that_two_languages_read_differently_is_unknown() -> None:
    verdicts = {
        languages: judge_text(
            "number", "####", "#### 2 billion", "2000000000", (), languages=languages
        ).verdict
        for languages in (("en",), ("de",), ("de", "en"))
    }
    assert verdicts == {("en",): RIGHT, ("de",): WRONG, ("de", "en"): UNKNOWN}
