"""Yes and no.

    Yes    No.    **True**    The answer is no    Yes, it can    No, otters are not plants    y    0

A statement says yes or no if it is that word, with words that introduce it before it, and behind it
nothing but a clause that explains it. A clause behind yes may not deny (`Yes, not really`), one
behind no may (`No, it cannot`); neither may doubt (`but`, `if`) nor hold the other answer.
"""

from collections.abc import Iterator, Sequence

from collate.answers.lexicon import Lexicon
from collate.answers.texts import bare_text
from collate.answers.tokens import Token, is_unspaced, tokens_of

_ALONE = {"y": "yes", "t": "yes", "1": "yes", "1.0": "yes", "n": "no", "f": "no", "0": "no",
          "0.0": "no"}  # fmt: skip
_INTRODUCING_SIGNS = frozenset(":,.¡：，。、،।\"'“”„«»*")
_CLAUSE_SIGNS = frozenset(
    ",.;:!—–-，。；：！、،؛।"
)  # what may stand between the answer and a clause
_SIGNS_OF_A_CLAUSE = _CLAUSE_SIGNS | frozenset("'’\"“”„«»()「」（）")
_DECORATIONS = frozenset("✅✔☑🎉\ufe0f")
_MOST_WORDS = 60  # of a clause


def read_boolean(text: str, lexicon: Lexicon) -> tuple[str | None, str]:
    """("yes", "") or ("no", ""), or (None, reason) where a stated text is neither or both."""
    plain = bare_text(text)
    if plain.lower() in _ALONE:
        return _ALONE[plain.lower()], ""
    tokens = [token for token in tokens_of(plain) if token.text not in _DECORATIONS]
    words = [token.word for token in tokens]
    places = [
        place for place in _answers_in(words, lexicon) if _stands_apart(words, place, lexicon)
    ]
    if not places:
        return None, "neither yes nor no"
    start, length, answer = places[0]
    if any(other != answer for _, _, other in places):
        return None, "both yes and no"
    if not _introduces(tokens[:start], lexicon):
        return None, "words before it that are not read"
    end = start + length
    for place, length, _ in places[1:]:  # "yes yes"
        if place == end:
            end += length
    if lexicon.hedges.found_in(words[:end]):
        return None, "a doubt"
    end += max(lexicon.confirmations.lengths_at(words, end), default=0) if words[end:] else 0
    reason = _reason_against_clause(answer, tokens[end:], lexicon)
    return (None, reason) if reason else (answer, "")


def _answers_in(words: Sequence[str], lexicon: Lexicon) -> Iterator[tuple[int, int, str]]:
    """Where words of yes and no stand: their place, length and meaning."""
    place = 0
    while place < len(words):
        lengths = {length: "yes" for length in lexicon.yes.lengths_at(words, place)}
        lengths |= {length: "no" for length in lexicon.no.lengths_at(words, place)}
        if lengths:
            length = max(lengths)
            yield place, length, lengths[length]
            place += length
        else:
            place += 1


def _stands_apart(words: Sequence[str], place: tuple[int, int, str], lexicon: Lexicon) -> bool:
    """Whether a yes or no whose script has no blanks is one, and no part of other words, as 是 is
    in 因为水是液体: nothing or a sign follows, or words that confirm it."""
    start, length, _ = place
    end = start + length
    if end >= len(words) or not (is_unspaced(words[start]) and is_unspaced(words[end])):
        return True
    return any(
        end + confirmed >= len(words) or not words[end + confirmed]
        for confirmed in lexicon.confirmations.lengths_at(words, end)
    )


def _introduces(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    words = [token.word for token in tokens if token.word]
    signs = [token.text for token in tokens if token.kind != "word"]
    return lexicon.introductions.make_up(words) and all(
        sign in _INTRODUCING_SIGNS for sign in signs
    )


def _reason_against_clause(answer: str, tokens: Sequence[Token], lexicon: Lexicon) -> str:
    """Why what stands behind a yes or no makes it none; "" if it does not."""
    if not tokens:
        return ""
    words = [token.word for token in tokens if token.word]
    signs = [token.text for token in tokens if token.kind == "sign"]
    if not words:
        return "" if all(sign in _CLAUSE_SIGNS for sign in signs) else "signs that are not read"
    begins_a_clause = tokens[0].text in _CLAUSE_SIGNS or lexicon.clauses.lengths_at(
        [token.word for token in tokens], 0
    )
    if not begins_a_clause:
        return "a phrase, not an answer"
    if any(sign not in _SIGNS_OF_A_CLAUSE for sign in signs) or len(words) > _MOST_WORDS:
        return "signs that are not read"
    if not all(map(lexicon.is_own_script, words)):
        return "words of another language"
    if lexicon.any_hedges.found_in(words):
        return "a condition or a doubt"
    if answer == "yes" and lexicon.any_denials.found_in(words):
        return "a negation"
    return ""


def last_boolean(text: str, lexicon: Lexicon) -> tuple[str, str | None] | None:
    """The last yes/no word of a text as it stands there, with "yes" or "no"; None without one.

    Where a word before it denies it ("not true"), it is neither.
    """
    return _found(tokens_of(text), -1, lexicon)


def first_boolean(text: str, lexicon: Lexicon) -> tuple[str, str | None] | None:
    """The first yes/no word of a short text, in the same form."""
    return _found(tokens_of(text), 0, lexicon)


def _found(tokens: Sequence[Token], index: int, lexicon: Lexicon) -> tuple[str, str | None] | None:
    words = [token.word for token in tokens]
    found = list(_answers_in(words, lexicon))
    if not found:
        return None
    place, length, answer = found[index]
    shown = " ".join(token.text for token in tokens[place : place + length])
    is_denied = lexicon.any_denials.found_in(words[max(0, place - 2) : place])
    return shown, None if is_denied else answer
