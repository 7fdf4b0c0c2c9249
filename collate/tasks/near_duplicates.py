"""Training questions that nearly repeat a question kept for validation or test.

Exact repetitions never reach this module: `repeats.distinct` drops them. What is left are copies
with another name in them, a word more, or other punctuation, which let a model answer a held-out
(validation or test) question from memory. The similarity of two questions is the Jaccard index,
shared over all, of their *shingles*: the runs of three words in the text and in each option
(Broder, 1997). Three conditions keep questions apart that only look alike:

* Numbers and signs of arithmetic must be the same, in the same order. A story told again with other
  numbers has another answer, and procedural tasks consist of nothing else.
* Shingles that stand in more than 1 % of the questions (and in more than 20) are the wording of the
  task rather than of a question, and do not count.
* Where a question has several lines, the last one must be similar by itself: two questions about
  one passage are two questions.

Pairs are found exactly and not by comparing all with all: two sets whose Jaccard index is at least
t have one of their floor((1 - t) n) + 1 rarest elements in common (prefix filtering; Chaudhuri,
Ganti and Kaushik, 2006), so only questions that share a rare shingle are compared.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from collate.tables import Question

LEAST_SIMILARITY = 0.7
"""Similarity from which two questions count as near duplicates. One word changed in the middle of n
costs 3 of n - 2 shingles and brings 3 new ones: from 19 words on, such a pair counts."""
_SHINGLE_WORDS = 3
# Shingles in more than both of these belong to the wording of the task.
_COMMON_SHARE, _COMMON_COUNT = 0.01, 20
_ROUNDING = 1e-9  # so that a whole number of shingles is not missed by a bit: 2.9999... is 3

# A sign of arithmetic or logic.
_SIGN = r"[-+*/^=<>%&|~×÷−∧∨¬→]"
_TOKEN = re.compile(
    r"\d+(?:[.,]\d+)*"  # 1,234.5
    r"|[\u3040-\u30ff\u3400-\u9fff]"  # a letter of a script without blanks: 何, の
    r"|[^\W\d_\u3040-\u30ff\u3400-\u9fff]+"  # a word
    rf"|(?<![^\W\d_]){_SIGN}|{_SIGN}(?![^\W\d_])"  # the - of "9 - 6" and "9-6", not of "well-known"
    # A bracket beside a number or another bracket, "4 * (7 - 2)"; not that of "(the mayor)".
    r"|\((?=\s?[-\d(])|(?<=[\d)])\)|(?<=[\d)]\s)\)"
)

_Words = tuple[str, ...]
_Shingles = Set[int]  # 64-bit hashes: among ten million, two are equal with a chance of 3 in 10^6


@dataclass(frozen=True)
class Leak:
    """A training question, the held-out one that it nearly repeats, and how similar they are.

    `similarity` is from 0.7 to 1, and 1 where they differ in case and punctuation at most.
    """

    train_id: str
    held_out_id: str
    similarity: float


@dataclass(frozen=True)
class _Text:
    """A question as it is compared: its words by part, its numbers and signs, its shingles.

    `parts` begins with the text, followed by the options, sorted. `last_line` has the shingles of
    the last line, and is None where the text has one line only.
    """

    parts: tuple[_Words, ...]
    figures: _Words
    shingles: _Shingles
    last_line: _Shingles | None


def leaks(questions: Sequence[Question]) -> list[Leak]:
    """Every pair of a training question and a validation or test question that is nearly the same.

    Ordered by falling similarity. 50,000 questions of 50 words take seconds.
    """
    train = [question for question in questions if question.split == "train"]
    held_out = [question for question in questions if question.split != "train"]
    train_texts = [_comparable(question) for question in train]
    held_out_texts = [_comparable(question) for question in held_out]
    shingle_counts: Counter[int] = Counter()
    for text in (*train_texts, *held_out_texts):
        shingle_counts.update(text.shingles)
    count_limit = max(_COMMON_COUNT, _COMMON_SHARE * len(questions))
    common = {shingle for shingle, count in shingle_counts.items() if count > count_limit}
    found_leaks = []
    candidates = _candidates(train_texts, held_out_texts, shingle_counts, common)
    for question, train_text, indices in zip(train, train_texts, candidates, strict=True):
        for index in indices:
            # A shared rare shingle is necessary and not sufficient.
            pair_similarity = _similarity(train_text, held_out_texts[index], common)
            if pair_similarity >= LEAST_SIMILARITY:
                found_leaks.append(Leak(question.id, held_out[index].id, pair_similarity))
    return sorted(found_leaks, key=lambda leak: (-leak.similarity, leak.train_id, leak.held_out_id))


def similarity(first: Question, second: Question) -> float:
    """How similar two questions are by themselves, from 0 to 1, whatever other questions say."""
    return _similarity(_comparable(first), _comparable(second), frozenset())


def _similarity(first: _Text, second: _Text, common: _Shingles) -> float:
    # Before the shingles: where all of them are common, equal questions would have none to share.
    if first.parts == second.parts:
        return 1.0
    if first.figures != second.figures:
        return 0.0
    whole_similarity = _jaccard(first.shingles - common, second.shingles - common)
    if first.last_line is None and second.last_line is None:
        return whole_similarity
    # A question of one line has itself as its last line.
    first_last = first.last_line or first.shingles
    second_last = second.last_line or second.shingles
    return min(whole_similarity, _jaccard(first_last, second_last))


def _jaccard(first: _Shingles, second: _Shingles) -> float:
    """The Jaccard index of two sets: shared elements over all elements; 0 for two empty ones."""
    shared_count = len(first & second)
    union_count = len(first) + len(second) - shared_count
    return shared_count / union_count if union_count else 0.0


def _comparable(question: Question) -> _Text:
    # Sorted, since the same options in another order are the same question.
    option_parts = sorted(_words_of(option) for option in question.options)
    parts = (_words_of(question.text), *option_parts)
    shingles: set[int] = set()
    figures: list[str] = []
    for words in parts:
        shingles.update(_shingles(words))
        figures += [word for word in words if not word.isalpha()]
    lines = [line for line in question.text.split("\n") if line.strip()]
    last_line = frozenset(_shingles(_words_of(lines[-1]))) if len(lines) > 1 else None
    return _Text(parts, tuple(figures), frozenset(shingles), last_line)


def _words_of(text: str) -> _Words:
    """Words, numbers and signs in lower case; `1,234` is the number 1234."""
    return tuple(token.replace(",", "") for token in _TOKEN.findall(text.casefold()))


def _shingles(words: _Words) -> list[int]:
    """Runs of three words, hashed; a shorter text is one shingle by itself."""
    if len(words) < _SHINGLE_WORDS:
        return [hash(words)] if words else []
    return list(map(hash, zip(words, words[1:], words[2:], strict=False)))


def _candidates(
    train: Sequence[_Text],
    held_out: Sequence[_Text],
    counts: Counter[int],
    common: _Shingles,
) -> Iterator[set[int]]:
    """For each training text, the indices of the held-out texts that it must be compared with.

    Those are the same as it or share a rare shingle with it.
    """
    # Equal questions are looked up by their words: they may have common shingles only.
    indices_by_parts: dict[tuple[_Words, ...], list[int]] = defaultdict(list)
    indices_by_shingle: dict[int, list[int]] = defaultdict(list)
    for index, text in enumerate(held_out):
        indices_by_parts[text.parts].append(index)
        for shingle in _rarest(text.shingles - common, counts):
            indices_by_shingle[shingle].append(index)
    for text in train:
        indices = set(indices_by_parts.get(text.parts, ()))
        for shingle in _rarest(text.shingles - common, counts):
            indices.update(indices_by_shingle.get(shingle, ()))
        yield indices


def _rarest(shingles: _Shingles, counts: Counter[int]) -> list[int]:
    """The rarest shingles of a text, as many as two similar texts must have one of in common."""
    # The order must be the same for all texts, or the argument of the prefix does not hold: ties
    # of rarity go by the hash itself.
    by_rarity = sorted(shingles, key=lambda shingle: (counts[shingle], shingle))
    prefix_length = int((1 - LEAST_SIMILARITY) * len(by_rarity) + _ROUNDING) + 1
    return by_rarity[:prefix_length]
