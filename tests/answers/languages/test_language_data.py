"""What every file of language data keeps: its words are written as they are looked for, and no word
both introduces an answer and changes it."""

import unicodedata
from collections.abc import Iterator
from dataclasses import fields, replace

import pytest

from collate.answers.languages import LANGUAGES, Language

PHRASE_FIELDS = [
    field.name
    for field in fields(Language)
    if field.name not in ("code", "name", "scripts")
    and isinstance(getattr(LANGUAGES["en"], field.name), (tuple, dict))
]
# Phrases that are read over, and those that change an answer.
HARMLESS = ("introductions", "verbs", "closings", "confirmations", "units", "links", "clauses")
CHANGING = ("denials", "hedges", "bounds", "operators", "scales")
# Where they stand tells what they mean: "over 12" and "12 over", which are left over.
BY_PLACE = {"over"}


def faults_of(language: Language) -> Iterator[str]:
    """Everything that a language's data gets wrong."""
    for name in PHRASE_FIELDS:
        phrases = list(getattr(language, name))
        yield from (f"{name}: {each!r} twice" for each in set(phrases) if phrases.count(each) > 1)
        yield from (f"{name}: {each!r} {why}" for each in phrases if (why := _misspelt(each)))
        yield from (
            f"{name}: {each!r} in another script" for each in phrases if not _is_own(each, language)
        )
    changing = {phrase: name for name in CHANGING for phrase in getattr(language, name)}
    for name in HARMLESS:
        for phrase in set(getattr(language, name)) & changing.keys() - BY_PLACE:
            yield f"{phrase!r} in {name} and in {changing[phrase]}"
    yield from (f"{each!r} is yes and no" for each in set(language.yes) & set(language.no))


def _misspelt(phrase: str) -> str:
    if phrase != phrase.casefold():
        return "is not in small letters"
    if phrase != unicodedata.normalize("NFC", phrase):
        return "has accents of their own"
    return "" if phrase == " ".join(phrase.split()) and phrase else "has blanks too many"


def _is_own(phrase: str, language: Language) -> bool:
    letters = [c for c in phrase if c.isalpha() and unicodedata.category(c) != "Lm"]
    return all(unicodedata.name(letter).split()[0] in language.scripts for letter in letters)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_data_of_a_language_is_whole(code: str) -> None:
    language = LANGUAGES[code]
    assert language.code == code
    assert list(faults_of(language)) == []
    for name in ("yes", "no", "introductions", "closings", "headings", "denials", "scales"):
        assert getattr(language, name), name


def test_there_are_eleven_languages() -> None:
    assert sorted(LANGUAGES) == ["ar", "de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt", "zh"]


def test_faults_are_found() -> None:
    english = LANGUAGES["en"]
    broken = [
        replace(english, yes=(*english.yes, "no")),
        replace(english, yes=(*english.yes, "yes")),
        replace(english, yes=(*english.yes, "Sure")),
        replace(english, yes=(*english.yes, "e\u0301")),
        replace(english, yes=(*english.yes, "да")),
        replace(english, closings=(*english.closings, "almost")),
        replace(english, units=(*english.units, "two  words")),
    ]
    assert all(list(faults_of(language)) for language in broken)


@pytest.mark.parametrize("code", LANGUAGES)
def test_numbers_as_words_are_numbers(code: str) -> None:
    language = LANGUAGES[code]
    assert set(range(1, 11)) <= set(language.number_words.values())
    assert all(factor >= 10 for factor in language.scales.values())
