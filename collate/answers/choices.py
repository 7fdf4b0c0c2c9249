"""Answers that name one of several options, by its letter or by its text.

    B    (b)    Option B    The correct answer is B.    B) green    green

The difficulty is to tell a letter that names an option from one that is a word ("A dog", "I think")
or part of the option's text ("Vitamin C"), and a statement of one option from one of several.
"""

import re
from collections.abc import Mapping, Sequence
from string import ascii_uppercase

from collate.answers.words import DENIAL, bare_text, text_key

# The whole of a stated choice: a letter, alone or with a few words that introduce it.
_INTRODUCED_LETTER = re.compile(
    r"""(?: (?:the\ )? (?:(?:correct|right|best|final)\ )?  # "The correct answer is: "
            (?:answer|option|choice) (?:\ is)? :?\  )?
        (?: (?:is|option|choice) :?\  )?                    # "is ", "option: "
        [(\[*]{0,3} (?P<letter>[a-z]) [)\].:*]{0,3}         # "B", "(b)", "**B**", "B)." """,
    re.IGNORECASE | re.ASCII | re.VERBOSE,
)
# The whole of a letter with text behind it: "B) green", "(B) green", "B - green", "B green".
# `mark` is what stands between them; it is empty in "A dog".
_LETTER_THEN_TEXT = re.compile(
    r"[(\[*]{0,3}(?P<letter>[A-Za-z])(?P<mark> [-–]|[)\].:*]{0,3}) (?P<rest>.+)"
)
# A letter that stands alone anywhere in a text, with what tells the naming of an option from the
# article "A" and the pronoun "I": a word or a bracket before it, and what follows it.
_LONE_LETTER = re.compile(
    r"""(?: \b (?P<word>(?i:answer|option|choice)) [:\s]{1,4} )?  # the "option " of "option B"
        [(\[*]{0,3}                                               # the "(" of "(B)"
        (?<![\w'’-]) (?P<letter>[A-Za-z]) (?![\w'’-])             # B, not of "AB", "it's", "A-5"
        (?P<close>[)\].:*]{0,3})                                  # the ")" of "(B)"
        # The "d" of "A dog", which makes A an article; not the "i" of "A is right".
        (?P<next>\s(?!(?:and|or|is|because|since|as|but)\b)[a-z])?""",
    re.VERBOSE,
)
# Behind a letter: "B) is wrong", "B. No.", "B) cannot be".
_DENIED = re.compile(rf"(?i){DENIAL}|\b(?:wrong|incorrect|false|untrue|mistaken?)\b")
_WORD = re.compile(r"\w+")


def read_choice(text: str, options: Sequence[str]) -> tuple[str | None, str]:
    """The letter that a stated text names, with ""; or (None, reason) if it names none or several.

    Without options any letter may be named.
    """
    plain = bare_text(text)
    named = _options_with_text(plain, options)
    if introduced := _INTRODUCED_LETTER.fullmatch(plain):
        named.add(introduced["letter"].upper())
    if not named and (lettered := _LETTER_THEN_TEXT.fullmatch(plain)):
        rest = lettered["rest"]
        letter = lettered["letter"].upper()
        named = _options_with_text(rest, options)
        if not named and lettered["mark"]:
            if _DENIED.search(rest):
                return None, "denied"
            named = _options_named_behind(letter, rest, options)
        # "B green" names B twice over, "A dog" (without a mark, and no option's text) nothing.
        if named or lettered["mark"]:
            named.add(letter)
    if not named:
        return None, "names no option"
    if len(named) > 1:
        return None, f"names {len(named)} options"
    letter = named.pop()
    if letter not in _letters(options):
        return None, f"there is no option {letter}"
    return letter, ""


def last_choice(text: str, options: Sequence[str]) -> tuple[str, str] | None:
    """The last naming of an option in a text of any length: its words, and the option's letter.

    Of two that end at the same place the longer one counts ("red and blue" rather than "blue").
    """
    letters = _letters(options)
    last: tuple[str, str] | None = None
    last_end, last_length = -1, 0
    for match in _LONE_LETTER.finditer(text):
        letter = match["letter"].upper()
        if letter in letters and _names_an_option(match):
            last = (match["letter"], letter)
            last_end, last_length = match.end("letter"), 1
    for letter, option in zip(letters, options, strict=False):
        # "red and blue" also over a line break, but not within "evergreen".
        words = r"\s{1,4}".join(re.escape(word) for word in option.split())
        for match in re.finditer(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE):
            if (match.end(), len(option)) > (last_end, last_length):
                last = (match.group(), letter)
                last_end, last_length = match.end(), len(option)
    return last


def _letters(options: Sequence[str]) -> str:
    """The letters of the options, or all of them where the options are not known."""
    return ascii_uppercase[: len(options)] if options else ascii_uppercase


def _options_with_text(text: str, options: Sequence[str]) -> set[str]:
    """The letters of the options whose text this is (two options may have the same)."""
    key = text_key(text)
    return {
        letter
        for letter, option in zip(ascii_uppercase, options, strict=False)
        if text_key(option) == key
    }


def _options_named_behind(letter: str, rest: str, options: Sequence[str]) -> set[str]:
    """The letters of the options that a text behind `letter` names, by letter or by their text.

    "B) Vitamin C" names B alone although a C stands in it, if that is part of B's own text; an
    option whose text is a single character does not count either. "B) or C)" names C besides.
    """
    keys = dict(zip(ascii_uppercase, map(text_key, options), strict=False))
    named = set()
    for match in _LONE_LETTER.finditer(rest):
        if _names_an_option(match) or _heads_an_option(match, keys):
            named.add(match["letter"].upper())
    spaced_words = f" {' '.join(_WORD.findall(text_key(rest)))} "
    for other, key in keys.items():
        is_part_of_own_text = key in keys.get(letter, "")
        if len(key) < 2 or is_part_of_own_text:
            continue
        option_words = " ".join(_WORD.findall(key))
        if option_words and f" {option_words} " in spaced_words:
            named.add(other)
    return named


def _heads_an_option(match: re.Match[str], keys: Mapping[str, str]) -> bool:
    """Whether a small letter heads one of several listed options, as in "a. red b. green"."""
    is_an_option = not keys or match["letter"].upper() in keys
    return is_an_option and any(mark in match["close"] for mark in ".:")


def _names_an_option(match: re.Match[str]) -> bool:
    """Whether a letter that stands alone names an option, and is no article, pronoun or unit."""
    if match["word"]:  # "answer B", but not the "a" of "the answer a dog gives"
        return not (match["letter"] == "a" and match["next"])
    if ")" in match["close"] or "]" in match["close"]:
        return True
    is_article_or_pronoun = match["letter"] in "AI" and match["next"]
    return match["letter"].isupper() and not is_article_or_pronoun
