"""The words of a task's languages, ready to be looked for in a text.

`lexicon(("de", "en"))` joins the data of `languages/`. A phrase is found as a sequence of words, as
`tokens.py` cuts them, so that "at least" is found in "at least 12" and "no" not in "another".
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache

from collate.answers.languages import LANGUAGES, Language
from collate.answers.tokens import script_of, words_of

Words = Sequence[str]

# Denials of languages that have no file here; a text of theirs is at least not read.
_OTHER_DENIALS = (
    "inte", "ikke", "ikkje", "değil", "nicio", "không", "bukan", "tidak", "не", "нет", "ні", "לא",
    "아니", "ไม่", "δεν", "όχι",
)  # fmt: skip
# Short words are too often another word of another language, the Italian "mai" (never) the German
# May; these few are not.
_LONG_ENOUGH = 4
_SHORT_DENIALS = frozenset(("pas", "não", "nie", "non", "nem", "不", "没", "沒", "ない"))


class Phrases:
    """A set of phrases that can be found in a sequence of words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first_word: dict[str, list[tuple[str, ...]]] = {}
        for phrase in phrases:
            words = words_of(phrase)
            self._by_first_word.setdefault(words[0], []).append(words)

    def lengths_at(self, words: Words, start: int) -> list[int]:
        """How many words the phrases have that begin at `start`."""
        return [
            len(phrase)
            for phrase in self._by_first_word.get(words[start], ())
            if tuple(words[start : start + len(phrase)]) == phrase
        ]

    def found_in(self, words: Words) -> bool:
        """Whether any phrase stands anywhere among the words."""
        return any(self.lengths_at(words, start) for start in range(len(words)))

    def make_up(self, words: Words) -> bool:
        """Whether the words are phrases of this set and nothing else, one behind the other."""
        reached = {0}
        for start in range(len(words)):
            if start in reached:
                reached.update(start + length for length in self.lengths_at(words, start))
        return len(words) in reached

    def end(self, words: Words) -> bool:
        """Whether the words end with one of the phrases."""
        return any(
            start + length == len(words)
            for start in range(len(words))
            for length in self.lengths_at(words, start)
        )


class Lexicon:
    """What the reading of answers knows of some languages' words; see `Language` for the parts."""

    def __init__(self, languages: Sequence[Language]) -> None:
        def phrases(*parts: str) -> Phrases:
            return Phrases(
                phrase
                for language in languages
                for part in parts
                for phrase in getattr(language, part)
            )

        self.languages = languages
        self.yes, self.no = phrases("yes"), phrases("no")
        self.introductions, self.verbs = phrases("introductions"), phrases("verbs")
        self.closings, self.headings = phrases("closings", "confirmations"), phrases("headings")
        self.confirmations = phrases("confirmations")
        self.units, self.links = phrases("units"), phrases("links")
        self.hedges = phrases("hedges")
        self.operators, self.bounds = phrases("operators"), phrases("bounds")
        self.adjectives = phrases("adjectives")
        self.changing = phrases("denials", "hedges", "bounds", "operators", "scales")
        self.clauses = phrases("clauses")
        self.any_denials = _with_foreign_words(languages, "denials", _OTHER_DENIALS)
        self.any_scales = _with_foreign_words(languages, "scales")
        self.any_hedges = _with_foreign_words(languages, "hedges")
        self.scales = _agreed_scales(languages)
        self.number_words = {
            " ".join(words_of(phrase.replace("-", " "))): number
            for language in languages
            for phrase, number in language.number_words.items()
        }
        self.numbers = phrases("number_words")
        self._no_units = _changing_words(languages) | self.number_words.keys()
        self.scripts = {script for language in languages for script in language.scripts}
        self.introducing_words = _words_of_parts(languages, "introductions", "articles")
        self.yes_and_no_words = _words_of_parts(languages, "yes", "no")
        self.articles = {word for language in languages for word in language.articles}
        self.decimal_comma = all(language.decimal_comma for language in languages)
        own_names = _answer_names(languages)
        self.answer_names = Phrases(own_names)
        self.foreign_answer_names = Phrases(
            _answer_names(LANGUAGES.values()) - own_names - _ordinary_words(languages)
        )

    def says(self, text: str, value: Fraction) -> bool:
        """Whether a text is the word of a small number: "twelve" of 12."""
        words = words_of(text.replace("-", " "))
        return self.number_words.get(" ".join(words)) == value

    def is_own_script(self, word: str) -> bool:
        """Whether all letters of a word are of one of the languages' scripts."""
        return script_of(word) in self.scripts

    def is_plural(self, word: str, text: str) -> bool:
        """Whether a word (as it stands: `text`) has the form of a noun for more than one thing."""
        if len(word) < 3 or not self.is_own_script(word) or word in self._no_units:
            return False
        for language in self.languages:
            if script_of(word) not in language.scripts or word in language.not_units:
                continue
            if language.plural_endings and word.endswith(language.plural_endings):
                return True
            if language.capital_nouns and text[0].isupper():
                return True
            # Where no form tells a plural, any word that changes nothing may be a noun.
            if language.spaced and not language.plural_endings and not language.capital_nouns:
                return True
        return False


@cache
def lexicon(codes: tuple[str, ...]) -> Lexicon:
    """The words of the languages with these codes."""
    return Lexicon([LANGUAGES[code] for code in codes])


# Words of these parts are ordinary ones, whatever they mean in another language.
_ORDINARY_PARTS = (
    "introductions", "verbs", "closings", "confirmations", "units", "links", "clauses", "yes",
)  # fmt: skip


def _agreed_scales(languages: Sequence[Language]) -> Mapping[tuple[str, ...], int]:
    """The scale words of the languages, but for those of which two say different things: "billion"
    is 10^9 in English and 10^12 in German."""
    factors: dict[tuple[str, ...], set[int]] = {}
    for language in languages:
        for phrase, factor in language.scales.items():
            factors.setdefault(words_of(phrase), set()).add(factor)
    return {words: own.pop() for words, own in factors.items() if len(own) == 1}


def _ordinary_words(languages: Sequence[Language]) -> set[str]:
    return {
        word
        for language in languages
        for part in _ORDINARY_PARTS
        for phrase in getattr(language, part)
        for word in (phrase, *words_of(phrase))
    }


def _words_of_parts(languages: Sequence[Language], *parts: str) -> set[str]:
    """The words of all phrases of some parts, each by itself."""
    return {
        word
        for language in languages
        for part in parts
        for phrase in getattr(language, part)
        for word in words_of(phrase)
    }


def _answer_names(languages: Iterable[Language]) -> set[str]:
    """ "answer", "solution": what may head an answer as well as a part of a text."""
    return {
        phrase
        for language in languages
        for phrase in language.introductions
        if phrase in language.headings
    }


def _changing_words(languages: Sequence[Language]) -> set[str]:
    """The single words of any language that change a number, and so are no unit: the "millones" of
    "12 millones" is none in English either."""
    every = {
        phrase
        for language in LANGUAGES.values()
        for part in ("denials", "hedges", "bounds", "operators", "scales")
        for phrase in getattr(language, part)
    }
    return every - _ordinary_words(languages)


def _with_foreign_words(
    languages: Sequence[Language], part: str, others: Sequence[str] = ()
) -> Phrases:
    """The languages' own phrases of one part, and those of all other languages that are no ordinary
    words of theirs (the "no" of Spanish is the "in the" of the Portuguese "no total")."""
    own = {phrase for language in languages for phrase in getattr(language, part)}
    ordinary = _ordinary_words(languages)
    foreign = {phrase for each in LANGUAGES.values() for phrase in getattr(each, part)}
    far_enough = {
        phrase
        for phrase in foreign | set(others)
        if (
            len(phrase) >= _LONG_ENOUGH
            or not phrase.isalpha()
            or phrase in _SHORT_DENIALS
            or script_of(phrase) not in ("LATIN", "")
        )
        and phrase not in ordinary
    }
    return Phrases(own | far_enough)
