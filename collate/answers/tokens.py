"""A short text as words and signs, the same way for every language.

    "12 eggs/day!"  ->  12  eggs  /  day  !        "答案是B。"  ->  答  案  是  B  。

Words of Chinese and Japanese are not separated by blanks, so each of their characters is a word of
its own; a phrase of a language's data is cut up the same way, and is found as a sequence. What is
left of a word before an apostrophe is a word too: the "l'" of "l'option", the "n'" of "n'est".
"""

import re
import unicodedata
from typing import NamedTuple

# Characters that are a word each: Chinese ones with 々, Hiragana and Katakana with ー.
_UNSPACED = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
# Letters, with the marks on them and the vowel signs of Arabic and Devanagari.
_MARKS = "\u0300-\u0333\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f"
_LETTER = rf"(?:[^\W\d_{_UNSPACED}]|[{_MARKS}])"
WORD = rf"[{_UNSPACED}]|(?:[^\W{_UNSPACED}]|[{_MARKS}])+"
"""Reads a word or a number, whatever is joined to it by a hyphen or an apostrophe; a part of larger
patterns."""
_TOKEN = re.compile(
    rf"""(?P<unspaced>[{_UNSPACED}])
    | (?P<elided>{_LETTER}['’](?={_LETTER}|\Z))                          # the l' of l'option
    | (?P<word>{_LETTER}+ (?:['’-]{_LETTER}+ | [\d_]+ | {_LETTER}+)*)    # don't  mile-long  m2  x_1
    | (?P<digits>\d+)
    | (?P<sign>\S)""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word, a number or a sign; `glued` says that no blank stands before it, `start` where in the
    text it stands."""

    kind: str  # "word", "number" or "sign"
    text: str
    glued: bool
    start: int

    @property
    def word(self) -> str:
        """The word without regard to case; "" for what is none."""
        return self.text.casefold().replace("’", "'") if self.kind == "word" else ""


def tokens_of(text: str) -> list[Token]:
    """The words and signs of a text, in order."""
    tokens = []
    end = -1
    for match in _TOKEN.finditer(text):
        kind = {"sign": "sign", "digits": "number"}.get(str(match.lastgroup), "word")
        tokens.append(Token(kind, match.group(), match.start() == max(end, 0), match.start()))
        end = match.end()
    return tokens


def words_of(text: str) -> tuple[str, ...]:
    """The words and signs of a text without regard to case and to the width of characters."""
    return tuple(
        token.word or token.text for token in tokens_of(unicodedata.normalize("NFKC", text))
    )


def is_unspaced(text: str) -> bool:
    """Whether a word is a character of a script that puts no blanks between words."""
    return re.fullmatch(f"[{_UNSPACED}]", text) is not None


# The names of ー and 々 begin with no script of their own.
_SCRIPTS = {"KATAKANA-HIRAGANA": "KATAKANA", "IDEOGRAPHIC": "CJK"}


def script_of(word: str) -> str:
    """The script of a word's letters ("LATIN", "CJK"), "" where they are of several."""
    names = {
        unicodedata.name(character, "?").split()[0] for character in word if character.isalpha()
    }
    scripts = {_SCRIPTS.get(name, name) for name in names}
    return scripts.pop() if len(scripts) == 1 else ""
