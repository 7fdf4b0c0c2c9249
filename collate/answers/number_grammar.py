r"""What may stand around the number of a statement without changing it.

A statement states a number if it *is* that number: with words that introduce it before it, and a
unit and words that close the statement behind it. Everything else makes it unknown, whatever it
may mean: another script, a sign, mathematics, a denial, a word of a language that the task does not
have. The words come from `languages/`.

    before   "The answer is 12"  "x = 12"  "Total cost: 12"  "Janet has 12"  "✅ 12"
    behind   "12 eggs per day"  "12 red marbles left"  "12 km/h"  "12°C"  "12 (twelve)"  "12人"
    neither  "just shy of 12"  "12 doubled"  "nicht 12"  "12 ❌"  "12x"  "2h 12"
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from collate.answers.lexicon import Lexicon, Phrases
from collate.answers.tokens import Token, is_unspaced

MOST_WORDS_BEFORE = 12  # of an introducing sentence of any words
MOST_WORDS_OF_A_SUBJECT = 4  # with the verb before it
MOST_ADJECTIVES = 3  # of a unit: "12 small red glass marbles"
_SHORTEST_OF_A_RATE = 3  # letters
MOST_UNSPACED = 40  # characters of a phrase whose words are not separated

# Units as they are written, capital and small letters apart.
_UNIT_NAMES = """
km m cm mm dm nm mi ft in yd ha ac sqft kg g mg lb lbs oz t kt l L ml mL dl cl gal qt pt h hr
hrs min mins s sec secs ms d wk wks mo mos yr yrs mph kph kmh rpm W kW MW kWh Wh V A mA J kJ N
Pa kPa Hz kHz MHz GHz dB cal kcal C F K GB MB KB kB TB px dpi deg pcs pc ea lbs. USD EUR GBP INR CHF
JPY CNY CAD AUD SEK NOK DKK PLN BRL MXN zł Kč kr kn lei Ft R$ Rs rs mn cc µm µg µs ℃ ℉
"""
_UNITS = frozenset(_UNIT_NAMES.split())
_COMPOUNDED = frozenset(("m", "s", "h", "kg", "g", "mol", "K", "A", "V", "W", "J", "N"))
_WITH_POWER = re.compile(r"(?:[kcmd]?m|ft|in|yd|mi)[23]")  # m2, cm3
# Counters and currencies that are signs rather than words of one language.
_UNIT_SIGNS = Phrases((*"元円人個个月日年時时分秒本枚台匹頭头歳岁", "ドル"))
_ORDINAL_ENDINGS = frozenset(("st", "nd", "rd", "th"))
_SINGULAR_NO_NOUN = ("ed", "ing", "ly", "est")  # "1 doubled"

_DECORATIONS = frozenset("✅✔☑🎉⭐🎯👉➡→⇒∴•*\ufe0f")
_OPENING = {"(": ")", "[": "]", "{": "}"}
_INTRODUCING_SIGNS = frozenset(":,.'\"¡“”„«»：，。、「」،।")
_CLOSING_SIGNS = frozenset(".,;!…'\"”“’„«»、。！，；「」،؛।")


def obstacle_before(tokens: Sequence[Token], lexicon: Lexicon) -> str | None:
    """Why the words and signs before a number keep it from being the answer; None if they do not.

    Brackets that open right before the number, and its own sign, are not among them.
    """
    tokens = [token for token in tokens if token.text not in _DECORATIONS]
    if any(token.kind == "sign" and token.text not in _INTRODUCING_SIGNS for token in tokens):
        return "signs before it that are not read"
    words = [token.word for token in tokens if token.kind == "word"]
    if not words:
        return None
    if lexicon.introductions.make_up(words):
        return None
    if lexicon.changing.found_in(words) or lexicon.any_denials.found_in(words):
        return "denied, bounded or changed by words before it"
    if not all(map(lexicon.is_own_script, words)) or len(words) > MOST_UNSPACED:
        return "words before it that are not read"
    if lexicon.foreign_answer_names.found_in(words):  # "Het antwoord is 12" where English is read
        return "words of another language before it"
    is_short = len(words) <= MOST_WORDS_BEFORE or not lexicon.languages[0].spaced
    is_name = tokens[-1].text in (":", "：")
    # "Also hat Janet 12"
    ends_with_a_subject = tokens[-1].text[0].isupper() and lexicon.verbs.end(words[:-1])
    leads_to_it = (
        is_name
        or ends_with_a_subject
        or lexicon.verbs.end(words)
        or _begins_with_a_verb(words, lexicon)
    )
    return None if is_short and leads_to_it else "words before it that are not read"


def _begins_with_a_verb(words: Sequence[str], lexicon: Lexicon) -> bool:
    """Whether the words are a verb and its subject, in a language that puts them in this order."""
    is_verb_first = any(language.verb_first for language in lexicon.languages)
    return bool(
        is_verb_first
        and len(words) <= MOST_WORDS_OF_A_SUBJECT
        and lexicon.verbs.lengths_at(words, 0)
    )


class Behind:
    """What stands behind a number, read word by word."""

    def __init__(self, tokens: Sequence[Token], value: Fraction, lexicon: Lexicon) -> None:
        self._tokens = [token for token in tokens if token.text not in _DECORATIONS]
        self._words = [token.word for token in self._tokens]
        self._value = value
        self._lexicon = lexicon

    def obstacle(self, *, has_unit: bool) -> str | None:
        """Why it keeps the number from being the answer; None if it does not.

        `has_unit` says that the number has a unit already, such as a percent sign.
        """
        tokens, words = self._tokens, self._words
        if tokens and self._is_ordinal(tokens[0]):
            tokens, words = tokens[1:], words[1:]
            self._tokens, self._words = tokens, words
        place = unit_start = word_before = 0
        while place < len(tokens):
            token = tokens[place]
            if token.kind == "number":
                return "several numbers, not one"
            if length := self._length_read_over(place, has_unit=has_unit):
                place += length
                word_before = place
            elif token.text in _OPENING:
                end = self._bracket_end(place)
                if end is None:
                    return "a bracket behind it that is not read"
                place = end
            elif token.text == "°":
                has_unit = True
                place += 1
            elif not has_unit and (length := self._unit_length(place)):
                has_unit = True
                unit_start = place
                place += length
                word_before = place - 1
            elif self._leads_on(place):
                return self._obstacle_in_tail(place, word_before)
            elif has_unit and place and is_unspaced(token.text) and is_unspaced(words[place - 1]):
                return self._obstacle_in_tail(place, unit_start)  # the noun of "12个苹果"
            else:
                kind = "words" if token.kind == "word" else "signs"
                return f"{kind} behind it that are not read"
        return None

    def _length_read_over(self, place: int, *, has_unit: bool) -> int:
        """The length of what may end a statement or goes on with a unit; 0 for all else."""
        text = self._tokens[place].text
        length = self._closing_length(place)
        if length and not self._begins_a_tail(place, length):
            return length
        if text == "/" and self._is_word(place + 1):
            is_long = len(self._words[place + 1]) >= _SHORTEST_OF_A_RATE
            return 2 if has_unit or is_long else 0  # km/h, and "$18/hour"; not 18/x
        if not has_unit or place == 0:
            return 0
        is_degree = self._tokens[place - 1].text == "°" and text in "CFK"
        return int(is_degree or self._is_capital_noun(place))  # the "Milch" of "12 Liter Milch"

    def _is_ordinal(self, token: Token) -> bool:
        return token.glued and token.word in _ORDINAL_ENDINGS

    def _is_word(self, place: int) -> bool:
        return place < len(self._words) and bool(self._words[place])

    def _is_capital_noun(self, place: int) -> bool:
        return (
            any(language.capital_nouns for language in self._lexicon.languages)
            and self._tokens[place].text[0].isupper()
            and self._lexicon.is_plural(self._words[place], self._tokens[place].text)
            and not self._changes(place)
        )

    def _leads_on(self, place: int) -> bool:
        """Whether a word leads on from a unit, or from the number itself: "per day", "of them"."""
        is_link = self._is_word(place) and self._lexicon.links.lengths_at(self._words, place)
        return bool(is_link) and not self._is_on_the_number(place)

    def _begins_a_tail(self, place: int, length: int) -> bool:
        """Whether a closing word is the link to more words: the "each" of "18 eggs each day"."""
        follows = place + length
        leads_on = self._leads_on(place) and self._is_word(follows)
        return leads_on and not self._leads_on(follows)

    def _closing_length(self, place: int) -> int:
        """The length of a sign or phrase that may end a statement: ".", "in total"."""
        if self._tokens[place].text in _CLOSING_SIGNS:
            return 1
        if self._is_on_the_number(place):
            return 0
        return max(self._lexicon.closings.lengths_at(self._words, place), default=0)

    def _is_on_the_number(self, place: int) -> bool:
        """Whether a word of separated words follows without a blank: "2h", "12left"."""
        token = self._tokens[place]
        return place == 0 and token.glued and not is_unspaced(token.text)

    def _unit_length(self, start: int) -> int:
        """How many words from `start` on are a unit: "km", "red marbles", "m2"; 0 if none are."""
        token = self._tokens[start]
        if token.kind != "word":
            return 0
        if token.text in _UNITS or _WITH_POWER.fullmatch(token.text):
            return self._compound_length(start)
        if self._is_on_the_number(start):
            return 0  # algebra, a base, a time
        lengths = self._lexicon.units.lengths_at(self._words, start)
        lengths += _UNIT_SIGNS.lengths_at(self._words, start)
        return max(*lengths, 0, self._noun_length(start))

    def _compound_length(self, start: int) -> int:
        """The length of units that are multiplied: "N·m", "m s^-1"."""
        place = start + 1
        while place < len(self._tokens):
            step = 2 if self._tokens[place].text == "*" else 1
            unit = place + step - 1
            if unit >= len(self._tokens) or self._tokens[unit].text not in _COMPOUNDED:
                break
            place = unit + 1
        return place - start

    def _noun_length(self, start: int) -> int:
        """The length of a noun with its adjectives, in the plural where the number asks for it."""
        if is_unspaced(self._tokens[start].text):
            return 0
        length = 0
        for place in range(start, min(start + MOST_ADJECTIVES + 1, len(self._words))):
            word, text = self._words[place], self._tokens[place].text
            if not word or any(character.isdigit() or character == "_" for character in word):
                break
            if place > start and self._ends_a_noun(place):
                break
            if self._lexicon.introductions.lengths_at(self._words, place):
                break  # "12 is nonsense"
            is_plural = (
                self._lexicon.is_plural(word, text)
                or text in _UNITS
                or bool(self._lexicon.units.lengths_at(self._words, place))
            )
            is_adjective = not self._changes(place) and self._lexicon.is_own_script(word)
            is_singular = (
                abs(self._value) <= 1
                and len(word) > 1
                and is_adjective
                and not word.endswith(_SINGULAR_NO_NOUN)
            )
            if (is_plural and is_adjective) or is_singular:
                length = place - start + 1
            if not is_adjective:
                break
        return length

    def _ends_a_noun(self, place: int) -> bool:
        lexicon = self._lexicon
        return bool(
            lexicon.links.lengths_at(self._words, place)
            or lexicon.closings.lengths_at(self._words, place)
        )

    def _changes(self, place: int) -> bool:
        """Whether the word at a place could change the number: "12 not", "12 below", "12 squared";
        not the "negative" of "12 negative reviews"."""
        if self._lexicon.adjectives.lengths_at(self._words, place):
            return place + 1 == len(self._words) or not self._words[place + 1]
        return bool(
            self._lexicon.changing.lengths_at(self._words, place)
            or self._lexicon.any_denials.lengths_at(self._words, place)
            or self._lexicon.any_scales.lengths_at(self._words, place)
        )

    def _bracket_end(self, start: int) -> int | None:
        """The place behind a bracket that repeats the number in words or holds its unit; None if it
        holds anything else."""
        closing = _OPENING[self._tokens[start].text]
        places = [i for i in range(start + 1, len(self._tokens)) if self._tokens[i].text == closing]
        if not places:
            return None
        words = [word for word in self._words[start + 1 : places[0]] if word]
        if words and self._lexicon.number_words.get(" ".join(words).replace("-", " ")) is not None:
            return places[0] + 1 if self._lexicon.says(" ".join(words), self._value) else None
        apart = [token._replace(glued=False) for token in self._tokens[start + 1 : places[0]]]
        inner = Behind(apart, self._value, self._lexicon)
        return places[0] + 1 if words and inner.obstacle(has_unit=False) is None else None

    def _names_a_number(self, start: int) -> bool:
        """Whether a number stands among the words of a tail, other than the "one" of "each one"."""
        numbers = self._lexicon.number_words
        return any(numbers.get(word, 1) != 1 for word in self._words[start:])

    def _obstacle_in_tail(self, start: int, changing_start: int) -> str | None:
        """Why the words that a unit leads on to, "per day in the week", are not read.

        What may change the number is looked for from `changing_start` on, since in "12個半" (twelve
        and a half) the counter is part of it.
        """
        if self._lexicon.numbers.lengths_at(self._words, start):  # 12点五
            return "several numbers, not one"
        if self._names_a_number(start):  # 12 of twenty, 12 fewer than zero
            return "several numbers, not one"
        words = [word for word in self._words[changing_start:] if word]
        signs = [token.text for token in self._tokens[start:] if token.kind == "sign"]
        if any(token.kind == "number" for token in self._tokens[start:]):
            return "several numbers, not one"
        if not all(sign in _CLOSING_SIGNS for sign in signs):
            return "signs behind it that are not read"
        if self._lexicon.changing.found_in(words) or self._lexicon.any_denials.found_in(words):
            return "denied, bounded or changed by words behind it"
        if not all(map(self._lexicon.is_own_script, words)):
            return "words behind it that are not read"
        return None
