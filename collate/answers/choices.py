"""Answers that name one of several options, by its letter or by its text.

    B    (b)    Option B    The correct answer is B.    B) green    green

The difficulty is to tell a letter that names an option from one that is a word ("A dog", "I think")
or part of the option's text ("Vitamin C"), and a statement of one option from one of several.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import NamedTuple

from collate.answers.lexicon import Lexicon
from collate.answers.texts import bare_text, text_key, without_confirmation
from collate.answers.tokens import tokens_of

# The whole of a letter, in brackets or not: "B", "(b)", "**B**", "B).", "<B>", "{B}"
_LETTER = re.compile(
    r"(?:[(\[*'\"]{0,3}(?P<letter>[A-Za-z])[)\].,:;!*'\"]{0,3}|<(?P<angled>[A-Za-z])>|\{(?P<braced>[A-Za-z])\})"
)
# A letter with text behind it: "B) green", "(B) green", "B, green", "B — green", "B (green)". What
# stands between them is `mark`; it is a blank in "B green" and "A dog".
_LETTER_THEN_TEXT = re.compile(
    r"[(\[*]{0,3}(?P<letter>[A-Za-z])"
    r"(?P<mark>[)\]*]{0,3}\s?[-–—=:：,、./]\s?|[)\]*]{1,3}\s?|\s(?=\()|\s)(?P<rest>.+)"
)
# The same the other way round: "green (B)", "green / B", "green, B"
_TEXT_THEN_LETTER = re.compile(
    r"(?P<rest>.+?)\s?(?P<mark>[(\[]|[-–—=:,/]\s?)\s?(?P<letter>[A-Z])[)\]]?"
)
_LATEX_TEXT = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|textrm|mathrm|mathbf|mbox)\s?\{([^{}]*)\}"
)
_DECORATIONS = "✅✔☑🎉👉➡️ "
_INTRODUCING_SIGNS = (":", "：", ",", ".", "。", "，", "、", "،", "।", "¡")
_LONGEST_INTRODUCTION = 12  # words
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
_WORD = re.compile(r"\w+")


def read_choice(text: str, options: Sequence[str], lexicon: Lexicon) -> tuple[str | None, str]:
    """The letter that a stated text names, with ""; or (None, reason) if it names none or several.

    Without options any letter may be named.
    """
    plain = bare_text(_LATEX_TEXT.sub(r"\1", text)).strip(_DECORATIONS)
    named: set[str] = set()
    reason = ""
    for core in _cores(plain, lexicon):
        named, reason = _named_by(bare_text(core), options, lexicon)
        if named or reason:
            break
    if reason:
        return None, reason
    if not named:
        return None, "names no option"
    if len(named) > 1:
        return None, f"names {len(named)} options"
    letter = named.pop()
    if letter not in _letters(options):
        return None, f"there is no option {letter}"
    return letter, ""


def _cores(plain: str, lexicon: Lexicon) -> Iterator[str]:
    """The text as it is, without the words that may introduce an answer, and without those that
    confirm one ("B is correct")."""
    yield from _without_introduction(plain, lexicon)
    confirmed = without_confirmation(plain, lexicon)
    if confirmed != plain:
        yield from _without_introduction(confirmed, lexicon)


def _without_introduction(plain: str, lexicon: Lexicon) -> Iterator[str]:
    yield plain
    tokens = tokens_of(plain)
    for length in range(min(len(tokens) - 1, _LONGEST_INTRODUCTION), 0, -1):
        before = tokens[:length]
        words = [token.word for token in before if token.word]
        signs = [token.text for token in before if token.kind != "word"]
        if lexicon.introductions.make_up(words) and set(signs).issubset(_INTRODUCING_SIGNS):
            yield plain[tokens[length].start :]


def _named_by(core: str, options: Sequence[str], lexicon: Lexicon) -> tuple[set[str], str]:
    """The letters that a text without introduction names, or a reason why it cannot be read."""
    named = _options_with_text(core, options)
    if letter_alone := _LETTER.fullmatch(core):
        named.add(next(filter(None, letter_alone.groups())).upper())
    if named:
        return named, ""
    for pattern in (_LETTER_THEN_TEXT, _TEXT_THEN_LETTER):
        if lettered := pattern.fullmatch(core):
            letter = lettered["letter"].upper()
            # "B green" names B twice over, "A dog" (no option's text) nothing.
            if named := _options_with_text(lettered["rest"].strip("()[] "), options):
                return named | {letter}, ""
    lettered = _LETTER_THEN_TEXT.fullmatch(core)
    if lettered is None or not lettered["mark"].strip():
        return set(), ""
    return _named_with_remark(lettered["letter"].upper(), lettered["rest"], options, lexicon)


def _named_with_remark(
    letter: str, remark: str, options: Sequence[str], lexicon: Lexicon
) -> tuple[set[str], str]:
    """The letters named by a letter with a remark behind it, "B) it is the colour of grass"; or the
    reason why the remark makes it none: a denial, a doubt, a word of another language."""
    named = _options_named_behind(letter, remark, options) | {letter}
    own_text = dict(zip(ascii_uppercase, options, strict=False)).get(letter, "")
    words = [token.word for token in tokens_of(remark) if token.word]
    own_words = [token.word for token in tokens_of(own_text) if token.word]
    if own_words and words[: len(own_words)] == own_words:
        words = words[len(own_words) :]
    if len(named) > 1:
        return named, ""
    if lexicon.any_denials.found_in(words) or lexicon.any_hedges.found_in(words):
        return set(), "denied"
    if not all(map(lexicon.is_own_script, words)):
        return set(), "words of another language"
    return named, ""


def last_choice(text: str, options: Sequence[str], lexicon: Lexicon) -> tuple[str, str] | None:
    """The last naming of an option in a text of any length: its words, and the option's letter.

    Of two that end at the same place the longer one counts ("red and blue" rather than "blue").
    One that a word right before it denies ("not red") is none.
    """
    last = max(_namings(text, options, lexicon), default=None)
    return None if last is None else (last.shown, last.letter)


def first_choice(text: str, options: Sequence[str], lexicon: Lexicon) -> tuple[str, str] | None:
    """The first naming of an option in a short text, in the same form."""
    first = min(
        _namings(text, options, lexicon),
        key=lambda naming: (naming.end - naming.length, -naming.length),
        default=None,
    )
    return None if first is None else (first.shown, first.letter)


class _Naming(NamedTuple):
    """A place where an option is named; ordered by its end, then by its length."""

    end: int
    length: int
    shown: str
    letter: str


def _namings(text: str, options: Sequence[str], lexicon: Lexicon) -> Iterator[_Naming]:
    """All places of a text where an option is named, by its letter or by its text."""
    letters = _letters(options)
    for match in _LONE_LETTER.finditer(text):
        letter = match["letter"].upper()
        names_an_option = letter in letters and _names_an_option(match)
        if names_an_option and not _is_denied(text, match.start("letter"), lexicon):
            yield _Naming(match.end("letter"), 1, match["letter"], letter)
    for letter, option in zip(letters, options, strict=False):
        # "red and blue" also over a line break, but not within "evergreen".
        words = r"\s{1,4}".join(re.escape(word) for word in option.split())
        for match in re.finditer(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE):
            if match.group() and not _is_denied(text, match.start(), lexicon):
                yield _Naming(match.end(), len(option), match.group(), letter)


def _is_denied(text: str, start: int, lexicon: Lexicon) -> bool:
    """Whether one of the two words before a place denies: "not red", "isn't the red"."""
    before = [token.word for token in tokens_of(text[max(0, start - 30) : start])]
    return lexicon.any_denials.found_in(before[-2:])


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
