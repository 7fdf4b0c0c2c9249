"""Answers that are texts, and what all kinds of answer share: a text stripped to its core.

Two texts are the same answer if their keys (`text_key`) are: case, spacing, quotes, dashes and the
like do not count. Nothing else is guessed; a text that holds the gold answer among other words is
neither right nor wrong.
"""

import re
import unicodedata

from collate.answers.lexicon import Lexicon, Phrases
from collate.answers.tokens import tokens_of

LONGEST_ANSWER = 1000  # characters of a text that may be an answer; longer ones are not read

POWERS = {power: f"^{digit}" for digit, power in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
"""Raised digits as powers: 10⁶ is 10^6. Unicode's own decomposition would make it 106."""
_POWERS_TABLE = str.maketrans(POWERS)

# The whole of "\boxed{Lima}" or "\text {Lima}"; the group is what the braces hold.
_LATEX_WRAPPING = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|mathrm|mathbf|mbox)\s?\{(.*)\}", re.DOTALL
)
_MOST_WRAPPINGS = 4  # taken off one within the other; "$\boxed{\text{Lima}}$" has two
_QUOTES = "\"'“”„‘’‚«»「」『』*`"
_FINAL_PUNCTUATION = ".,;:!?。、।،؛؟"
_FACTORIAL = re.compile(r"[\d)]!+$")
_LONGEST_INTRODUCTION = 8  # words

# How the same sign is typed: don’t and don't, 1990–1995 and 1990-1995, −5 and -5.
_SAME_SIGNS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ′´`", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    }
)
_LATEX = (
    (re.compile(r"\\[dtc]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\(?:left|right|displaystyle)(?![A-Za-z])"), ""),
    (re.compile(r"\\[,;:! ]|\\q?quad(?![A-Za-z])"), " "),
    (re.compile(r"\\([$%#&{}])"), r"\1"),
)
# Blanks that do not change a formula or a list: (0, 1) and (0,1), x^2 + 1 and x^2+1. The one of
# "5 -3" does.
_BLANKS_OF_FORMULAS = (
    (re.compile(r" ?([,;]) ?"), r"\1"),
    (re.compile(r"([(\[{]) "), r"\1"),
    (re.compile(r" ([)\]}])"), r"\1"),
    (re.compile(r" ([-+*/=<>^|]) "), r"\1"),
)


def text_key(text: str) -> str:
    """The text without regard to case, spacing, typography, LaTeX wrapping and final punctuation.

    "**Lima.**", "lima" and "\\boxed{LIMA}" have the same key, and so have (0, 1) and (0,1).
    """
    key = bare_text(text).translate(_SAME_SIGNS)
    if "\\" in key:
        for pattern, replacement in _LATEX:
            key = pattern.sub(replacement, key)
        key = " ".join(key.split())
    for pattern, replacement in _BLANKS_OF_FORMULAS:
        key = pattern.sub(replacement, key)
    # The capital of Turkish has a dot that stays behind as a mark.
    return key.casefold().replace("i\N{COMBINING DOT ABOVE}", "i")


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
    if _FACTORIAL.search(text):
        return text.strip(_QUOTES + " ")
    # Punctuation may be what a question asks for: where nothing else is left, it stays.
    stripped = text.strip(_QUOTES + " ").rstrip(_FINAL_PUNCTUATION + _QUOTES + " ")
    return stripped or text


def without_format_characters(text: str) -> str:
    """The text without zero-width characters, soft hyphens and marks of direction."""
    if text.isascii():
        return text
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def read_text(text: str, lexicon: Lexicon) -> str:
    """The key of a stated text, without the words that introduce it ("The answer is Lima.")."""
    return text_key(without_introduction(text, lexicon)) or text_key(text)


def without_introduction(text: str, lexicon: Lexicon) -> str:
    """A stated text without the words that introduce it."""
    plain = bare_text(text)
    tokens = tokens_of(plain)
    words = [token.word or token.text for token in tokens]
    for length in range(min(len(words) - 1, _LONGEST_INTRODUCTION), 0, -1):
        introduction = [word for word in words[:length] if word not in (":", "：", ",")]
        names_an_answer = lexicon.answer_names.found_in(introduction)
        if names_an_answer and lexicon.introductions.make_up(introduction):
            return without_confirmation(plain[tokens[length].start :], lexicon)
    return plain


def without_confirmation(plain: str, lexicon: Lexicon) -> str:
    """A text without the words at its end that only say that it is the answer ("is correct"), where
    anything is left of it then."""
    tokens = tokens_of(plain)
    words = [token.word for token in tokens]
    for start in range(max(1, len(tokens) - _LONGEST_INTRODUCTION), len(tokens)):
        if lexicon.confirmations.make_up(words[start:]):
            return plain[: tokens[start].start].rstrip()
    return plain


def same_text(stated: str, gold: str, lexicon: Lexicon) -> bool | None:
    """Whether two keys are the same text; None where one is the other with an article or with
    other words around it, as in "Lima, Peru" for Lima."""
    if stated == gold:
        return True
    words, gold_words = _words(stated), _words(gold)
    articles = [word for word in gold_words if word not in lexicon.articles]
    if articles and articles == [word for word in words if word not in lexicon.articles]:
        return None
    if any(map(str.isalpha, gold_words)) and Phrases([gold]).found_in(words):
        return None
    return False


def _words(key: str) -> list[str]:
    return [token.word or token.text for token in tokens_of(key)]
