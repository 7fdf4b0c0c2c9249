"""Answers that are words, and what all kinds of answer share: how a text is stripped to its core.

A yes/no answer is read from one such word (or true/false), or from y/n/t/f/1/0 that stands alone.
Texts are compared by `text_key`. The patterns `DENIAL` and `CODE` find what makes a text of any
kind no plain statement of an answer.
"""

import re
import unicodedata

LONGEST_ANSWER = 1000  # characters of a text that may be an answer; longer ones are not read

DENIAL = (
    r"(?:\b(?:not|never|neither|nor|no|none|nobody|nothing|cannot|except|excluding|without|unless"
    r"|besides|hardly|unlikely|instead of|rather than|other than|anything but|all but|far from)\b"
    r"|n['’]t\b)"
)
"""Reads a word that denies what stands near it: "not 12", "isn't B", "anything but yes". A part of
larger patterns, to be used without regard to case."""

CODE = (
    r"(?:[A-Za-z_]\d*\(|\(\)|\$[({]|__|://|['\"][.\]]|[!¬]\w|\b(?:def|echo|lambda)\b"
    r"|\b(?:if|while)\s\w+\s?:)"
)
"""Reads what makes a text look like code, no part of which is an answer: "f(12)", "$(echo 12)",
"__class__", "file://12", "'12'.upper", "!true", "lambda", "while 12:"."""

POWERS = {power: f"^{digit}" for digit, power in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
"""Raised digits as powers: 10⁶ is 10^6. Unicode's own decomposition would make it 106."""
_POWERS_TABLE = str.maketrans(POWERS)

# The whole of "\boxed{Lima}" or "\text {Lima}"; the group is what the braces hold.
_LATEX_WRAPPING = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|mathrm|mathbf|mbox)\s?\{(.*)\}", re.DOTALL
)
_MOST_WRAPPINGS = 4  # taken off one within the other; "$\boxed{\text{Lima}}$" has two
_QUOTES = "\"'“”‘’«»*`"
_FINAL_PUNCTUATION = ".,;:!?。"

_YES_OR_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_YES_OR_NO_ALONE = {"y": "yes", "t": "yes", "1": "yes", "n": "no", "f": "no", "0": "no"}
# The "Yes" of "Yes, it is."; nothing of "yesterday".
_YES_OR_NO_WORD = re.compile(r"\b(yes|no|true|false)\b", re.IGNORECASE)
# "yes if it rains", "whether yes", "maybe yes", "yes is wrong", "not true". "No" and "false" are
# answers here, so that "no, he died before" and "The answer is no" are read.
_DENIED_OR_DOUBTED = re.compile(
    rf"(?i)(?!\bno\b){DENIAL}|\b(?:wrong|incorrect|untrue|mistaken?|if|either|or|whether|maybe"
    r"|perhaps|possibly|doubts?)\b"
)
# A yes or no that goes on as a phrase is no answer: "no problem", "true lies", "yes men". It is one
# where it is repeated or a sentence about it begins: "yes yes", "No it is", "yes because".
_PHRASE = re.compile(
    r"(?i)\b(yes|no|true|false)\s(?!(?:\1|it|they|he|she|you|we|i|there|this|that|these|those"
    r"|because|since|as)\b)\w"
)
# Code, or LaTeX that is left over: "bool('no')", "\phantom{yes}".
_CODE_OR_LATEX = re.compile(rf"(?i){CODE}|\\")


def text_key(text: str) -> str:
    """The text without regard to case, spacing, LaTeX wrapping, quotes and final punctuation.

    "**Lima.**", "lima" and "\\boxed{LIMA}" have the same key.
    """
    return bare_text(text).casefold()


def bare_text(text: str) -> str:
    """The text as a person reads it: `**B**`, `$B$`, `\\text{B}` and `"B."` are all `B`."""
    text = without_format_characters(text).translate(_POWERS_TABLE)
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    for _ in range(_MOST_WRAPPINGS):
        if len(text) > 2 and text[0] == text[-1] == "$":
            text = text[1:-1].strip()
        wrapped = _LATEX_WRAPPING.fullmatch(text.rstrip(_FINAL_PUNCTUATION))
        if wrapped is not None:
            text = wrapped.group(1).strip()
    # Punctuation may be what a question asks for: where nothing else is left, it stays.
    stripped = text.strip(_QUOTES + " ").rstrip(_FINAL_PUNCTUATION + _QUOTES + " ")
    return stripped or text


def without_format_characters(text: str) -> str:
    """The text without zero-width characters, soft hyphens and marks of direction."""
    if text.isascii():
        return text
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def read_boolean(text: str) -> tuple[str | None, str]:
    """("yes", "") or ("no", ""), or (None, reason) where a stated text is neither or both."""
    plain = bare_text(text)
    if plain.lower() in _YES_OR_NO_ALONE:
        return _YES_OR_NO_ALONE[plain.lower()], ""
    meanings = {_YES_OR_NO[match.group().lower()] for match in _YES_OR_NO_WORD.finditer(plain)}
    if _CODE_OR_LATEX.search(plain):
        return None, "code"
    if not meanings:
        return None, "neither yes nor no"
    if len(meanings) > 1:
        return None, "both yes and no"
    if _DENIED_OR_DOUBTED.search(plain) or _PHRASE.search(plain):
        return None, "a negation, a condition or a phrase"
    return meanings.pop(), ""


def last_boolean(text: str) -> tuple[str, str] | None:
    """The last yes/no word of a text as it stands there, with "yes" or "no"; None without one."""
    words = _YES_OR_NO_WORD.findall(text)
    return (words[-1], _YES_OR_NO[words[-1].lower()]) if words else None
