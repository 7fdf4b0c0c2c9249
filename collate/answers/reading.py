r"""Reading answers of the four kinds: number, choice, boolean and text.

`read_answer` reads a stated answer strictly: it must be the answer and nothing that contradicts it.
`last_answer` searches a whole rationale for the last thing that could be an answer. Both give a key
that `same_answer` compares with the key of a gold answer:

    number    a `numbers.Number`, exact
    choice    the option's letter, from a letter ("B", "(b)", "B) text") or the option's text
    boolean   "yes" or "no", from one such word (or true/false), or y/n/t/f/1/0 standing alone
    text      the text without regard to case, spacing, quotes, emphasis and final punctuation

Every pattern is linear in the length of the text; what is read as an answer is capped first.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from string import ascii_uppercase

from collate.answers.numbers import (
    CODE,
    DENIAL,
    LONGEST,
    POWERS,
    Number,
    last_number,
    read_number,
    same_number,
)

KINDS = ("number", "choice", "boolean", "text")
Key = Number | str

_WRAPPED = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|mathrm|mathbf|mbox)\s?\{(.*)\}", re.DOTALL
)
_QUOTES = "\"'“”‘’«»*`"
_FINAL = ".,;:!?。"
_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_ALONE = {"y": "yes", "t": "yes", "1": "yes", "n": "no", "f": "no", "0": "no"}
_YES_NO_WORD = re.compile(r"\b(yes|no|true|false)\b", re.IGNORECASE)
_DENIAL = re.compile(rf"(?i){DENIAL}|\b(?:wrong|incorrect|false|untrue|mistaken?)\b")
# "No" and "false" are answers here. A yes or no that goes on in a phrase ("no doubt") is none.
_NEGATION = re.compile(
    rf"(?i)(?!\bno\b){DENIAL}|\b(?:wrong|incorrect|untrue|mistaken?|if|either|or|whether|maybe"
    r"|perhaps|possibly|doubts?)\b"
)
_PHRASE = re.compile(
    r"(?i)\b(yes|no|true|false)\s(?!(?:\1|it|they|he|she|you|we|i|there|this|that|these|those"
    r"|because|since|as)\b)\w"
)
_WORD = re.compile(r"\w+")
_POWERS = str.maketrans(POWERS)  # 10⁶ is not 106
_CODE = re.compile(rf"(?i){CODE}|\\")
_STRUCK = re.compile(r"[\u0334-\u0338\u20d2\u20d3\u20d8-\u20da\u20dd-\u20eb]|~~")
# Bidirectional overrides show another order of characters than the one that is compared.
_UNSEEN = re.compile(r"[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202d\u202e]")
# The whole of a stated choice: a letter, or a letter with a few words that introduce it.
_INTRODUCED = re.compile(
    r"(?:(?:the )?(?:(?:correct|right|best|final) )?(?:answer|option|choice)(?: is)?:? )?"
    r"(?:(?:is|option|choice):? )?[(\[*]{0,3}(?P<letter>[a-z])[)\].:*]{0,3}",
    re.IGNORECASE | re.ASCII,
)
_LETTERED = re.compile(r"[(\[*]{0,3}(?P<letter>[A-Za-z])(?P<mark> [-–]|[)\].:*]{0,3}) (?P<rest>.+)")
# A letter that stands alone, with what tells a naming of an option from the article "A": a word
# or bracket before it, and what follows.
_LETTER = re.compile(
    r"(?:\b(?P<word>(?i:answer|option|choice))[:\s]{1,4})?[(\[*]{0,3}"
    r"(?<![\w'’-])(?P<letter>[A-Za-z])(?![\w'’-])"
    r"(?P<close>[)\].:*]{0,3})(?P<next>\s(?!(?:and|or|is|because|since|as|but)\b)[a-z])?"
)


def read_answer(kind: str, text: str, options: Sequence[str]) -> tuple[Key | None, str]:
    """What a stated answer says, as (key, ""), or as (None, reason) where it cannot be read."""
    if len(text) > LONGEST:
        return None, f"longer than {LONGEST} characters"
    if _UNSEEN.search(text):
        return None, "control characters in it"
    if kind != "text" and _STRUCK.search(text):
        return None, "struck out"
    if kind == "number":
        number = read_number(_without_format_characters(text))
        return (None, number) if isinstance(number, str) else (number, "")
    if kind == "choice":
        return _read_choice(text, options)
    if kind == "boolean":
        return _read_boolean(text)
    key = text_key(text)
    return (key, "") if key else (None, "nothing but punctuation")


def read_gold(kind: str, gold: str, options: Sequence[str]) -> Key:
    """The key of a gold answer. Raises ValueError, with what was expected, where it has none."""
    if kind not in KINDS:
        raise ValueError(f"an answer is one of {', '.join(KINDS)}; found {kind!r}")
    if kind != "choice":
        key, reason = read_answer(kind, gold, ())
        if key is None:
            raise ValueError(f"gold answer {gold[:80]!r} cannot be read as {kind}: {reason}")
        return key
    letters = ascii_uppercase[: len(options) or None]
    if len(gold) != 1 or gold not in letters:
        raise ValueError(
            f"gold answer {gold[:80]!r} is no letter from {letters[0]} to {letters[-1]}"
        )
    return gold


def last_answer(kind: str, text: str, options: Sequence[str]) -> tuple[str, Key | None] | None:
    """The last thing in a text that could be an answer, as it stands there, and its key."""
    if kind == "number":
        number = last_number(text)
        if number is None:
            return None
        return number[0], None if isinstance(number[1], str) else number[1]
    if kind == "choice":
        return _last_choice(text, options)
    if kind == "boolean":
        words = list(_YES_NO_WORD.finditer(text))
        return (words[-1].group(), _YES_NO[words[-1].group().lower()]) if words else None
    lines = text.rstrip().rsplit("\n", 1)
    line = lines[-1].strip()[:LONGEST]
    return (line, text_key(line) or None) if line else None


def same_answer(key: Key, gold: Key) -> bool | None:
    """Whether two keys of one kind agree; None where the text may be read either way."""
    if isinstance(key, Number) and isinstance(gold, Number):
        return same_number(key, gold)
    return key == gold


def answer_key(kind: str, text: str | None, options: Sequence[str]) -> Key | None:
    """A key under which two spellings of one answer are equal, as `18`, `18.0` and `$18` are.

    None where there is no answer. What cannot be read as the kind is compared as text.
    """
    if text is None:
        return None
    key, _ = read_answer(kind, text, options)
    return text_key(text) if key is None else key


def text_key(text: str) -> str:
    """Text without regard to case, spacing, LaTeX wrapping, quotes and final punctuation."""
    return _bare(text).casefold()


def _bare(text: str) -> str:
    text = _without_format_characters(text).translate(_POWERS)
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    for _ in range(4):
        if len(text) > 2 and text[0] == text[-1] == "$":
            text = text[1:-1].strip()
        wrapped = _WRAPPED.fullmatch(text.rstrip(_FINAL))
        if wrapped is not None:
            text = wrapped.group(1).strip()
    stripped = text.strip(_QUOTES + " ").rstrip(_FINAL + _QUOTES + " ")
    return stripped or text


def _without_format_characters(text: str) -> str:
    """Without zero-width characters, soft hyphens and marks of direction."""
    if text.isascii():
        return text
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def _read_choice(text: str, options: Sequence[str]) -> tuple[str | None, str]:
    plain = _bare(text)
    named = _letters_of(plain, options)
    if introduced := _INTRODUCED.fullmatch(plain):
        named.add(introduced["letter"].upper())
    if not named and (lettered := _LETTERED.fullmatch(plain)):
        # "B) Vitamin C" names B, although a C stands alone in it; "B) or C)" names two.
        rest = lettered["rest"]
        named = _letters_of(rest, options)
        if not named and lettered["mark"]:
            if _DENIAL.search(rest):
                return None, "denied"
            named = _named_within(rest, lettered["letter"].upper(), options)
        if named or lettered["mark"]:
            named.add(lettered["letter"].upper())
    if len(named) != 1:
        return None, f"names {len(named)} options" if named else "names no option"
    (letter,) = named
    if letter not in ascii_uppercase[: len(options) or None]:
        return None, f"there is no option {letter}"
    return letter, ""


def _named_within(text: str, letter: str, options: Sequence[str]) -> set[str]:
    """The options that a text behind a letter names, by letter or by their text.

    An option whose text is part of the named one's own, or is a single character, does not count.
    """
    keys = dict(zip(ascii_uppercase, map(text_key, options), strict=False))
    named = {m["letter"].upper() for m in _LETTER.finditer(text) if _names(m) or _lists(m, keys)}
    words = f" {' '.join(_WORD.findall(text_key(text)))} "
    for other, key in keys.items():
        if len(key) > 1 and key not in keys.get(letter, ""):
            spoken = " ".join(_WORD.findall(key))
            named |= {other} if spoken and f" {spoken} " in words else set()
    return named


def _lists(match: re.Match[str], keys: Mapping[str, str]) -> bool:
    """Whether a small letter heads one of several listed options, as in "a. red b. green"."""
    within = not keys or match["letter"].upper() in keys
    return within and any(mark in match["close"] for mark in ".:")


def _letters_of(text: str, options: Sequence[str]) -> set[str]:
    key = text_key(text)
    return {ascii_uppercase[i] for i, option in enumerate(options) if text_key(option) == key}


def _names(match: re.Match[str]) -> bool:
    """Whether a letter that stands alone names an option, and is no article, pronoun or unit."""
    if match["word"] or ")" in match["close"] or "]" in match["close"]:
        return not (match["word"] and match["letter"] == "a" and match["next"])
    return match["letter"].isupper() and not (match["letter"] in "AI" and match["next"])


def _last_choice(text: str, options: Sequence[str]) -> tuple[str, str] | None:
    letters = ascii_uppercase[: len(options) or None]
    end, size, found = -1, 0, None
    for match in _LETTER.finditer(text):
        letter = match["letter"].upper()
        if letter in letters and _names(match):
            end, size, found = match.end("letter"), 1, (match["letter"], letter)
    for letter, option in zip(letters, options, strict=False):
        words = r"\s{1,4}".join(re.escape(word) for word in option.split())
        for match in re.finditer(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE):
            if (match.end(), len(option)) > (end, size):
                end, size, found = match.end(), len(option), (match.group(), letter)
    return found


def _read_boolean(text: str) -> tuple[str | None, str]:
    plain = _bare(text)
    if plain.lower() in _ALONE:
        return _ALONE[plain.lower()], ""
    says = {_YES_NO[match.group().lower()] for match in _YES_NO_WORD.finditer(plain)}
    if _CODE.search(plain):
        return None, "code"
    if len(says) != 1:
        return None, "both yes and no" if says else "neither yes nor no"
    if _NEGATION.search(plain) or _PHRASE.search(plain):
        return None, "a negation, a condition or a phrase"
    return says.pop(), ""
