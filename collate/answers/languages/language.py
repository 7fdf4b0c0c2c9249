"""What a language brings to the reading of answers, as data.

Every language has one small file with one `LANGUAGE`; nothing in it is code or a pattern. Words and
phrases are written in small letters, as they stand in a text with one blank between words. Letters
that differ only by case, width or accents written in two characters are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Language:
    """One language.

    The words of an answer:
      yes, no         answers of kind boolean: "yes", "true"
      introductions   phrases that may stand before an answer: "the answer is", "so", "answer"
      verbs           words right before a number that end an introducing sentence of any words:
                      the "has" of "Janet has 18"
      closings        phrases that may stand behind a number: "in total", "each"
      confirmations   phrases behind any answer that only say that it is one: "is correct"
      articles        words that may be left out of a text: "the"
      clauses         words that begin a clause right behind yes or no: the "it" of "No it is"
      headings        words that make a line behind a marker a heading and no answer: "solution"

    The words of a number's unit:
      units           units, abbreviations, nouns without a plural of the usual form: "km", "people"
      plural_endings  how a noun of more than one ends, where that can be told: "s"
      not_units       words that end so and are no nouns: "plus", "less"
      capital_nouns   whether nouns begin with a capital letter
      links           words that lead on from a unit to more words: the "per" of "18 eggs per day"
      number_words    small numbers as words, which may stand in brackets: "five": 5

    Words that change an answer, so that it is not read:
      denials         "not", "never", "wrong", "impossible"
      hedges          "but", "if", "maybe", "or"
      bounds          "at least", "more than", "almost"
      operators       "twice", "half", "squared", "minus"
      adjectives      operators that are plain adjectives before a noun: the "double" of "12 double
                      rooms"
      scales          words that multiply a number: "million": 10**6

    How it is written:
      decimal_comma   whether 1,5 is one and a half, and 1.234 a thousand and more
      verb_first      whether a sentence may begin with its verb, the subject behind it
      spaced          whether blanks separate its words
      scripts         names of its letters in Unicode: "LATIN"
    """

    code: str
    name: str
    yes: tuple[str, ...]
    no: tuple[str, ...]
    introductions: tuple[str, ...]
    verbs: tuple[str, ...]
    closings: tuple[str, ...]
    headings: tuple[str, ...]
    units: tuple[str, ...]
    denials: tuple[str, ...]
    hedges: tuple[str, ...]
    bounds: tuple[str, ...]
    operators: tuple[str, ...]
    scales: Mapping[str, int]
    confirmations: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    number_words: Mapping[str, int] = field(default_factory=dict)
    plural_endings: tuple[str, ...] = ()
    not_units: tuple[str, ...] = ()
    capital_nouns: bool = False
    decimal_comma: bool = False
    verb_first: bool = False
    spaced: bool = True
    scripts: tuple[str, ...] = ("LATIN",)
