"""Training questions that nearly repeat a question kept for validation or test.

Exact repetitions never reach this module: `splits.distinct` drops them. What is left are copies
with another name in them, a word more, or other punctuation, which let a model answer a held-out
question from memory. The similarity of two questions is the Jaccard index, shared over all, of
their *shingles*: the runs of three words in the text and in each option (Broder, 1997). Three
conditions keep questions apart that only look alike:

* Numbers and signs of arithmetic must be the same, in the same order. A story told again with other
  numbers has another answer, and procedural tasks consist of nothing else.
* Shingles that stand in more than 1 % of the questions (and in more than 20) are the wording of the
  task rather than of a question, and do not count.
* Where a question has several lines, the last one must be alike by itself: two questions about one
  passage are two questions.

Pairs are found exactly and not by comparing all with all: two sets whose Jaccard index is at least
t have one of their floor((1 - t) n) + 1 rarest elements in common (prefix filtering; Chaudhuri,
Ganti and Kaushik, 2006), so only questions that share a rare shingle are compared.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import chain

from collate.tables import Question

LEAST = 0.7
"""Similarity from which two questions count as near duplicates. One word changed in the middle of n
costs 3 of n - 2 shingles and brings 3 new ones: from 19 words on, such a pair counts."""
_SIZE = 3  # words of a shingle
_COMMON_SHARE, _COMMON_LEAST = 0.01, 20
# A number; a letter of a script without blanks; a word; a sign of arithmetic or logic, unless it is
# a hyphen or a slash between letters; a bracket before or behind a number or another bracket.
_SIGN = r"[-+*/^=<>%&|~×÷−∧∨¬→]"
_TOKEN = re.compile(
    r"\d+(?:[.,]\d+)*|[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_\u3040-\u30ff\u3400-\u9fff]+"
    rf"|(?<![^\W\d_]){_SIGN}|{_SIGN}(?![^\W\d_])"
    r"|\((?=\s?[-\d(])|(?<=[\d)])\)|(?<=[\d)]\s)\)"
)

_Words = tuple[str, ...]
_Shingles = Set[int]  # 64-bit hashes: among ten million, two are alike with a chance of 3 in 10^6


@dataclass(frozen=True)
class Leak:
    """A training question, the held-out one that it nearly repeats, and how alike they are.

    `similarity` is from 0.7 to 1, and 1 where they differ in case and punctuation at most.
    """

    train_id: str
    held_out_id: str
    similarity: float


@dataclass(frozen=True)
class _Text:
    """A question as it is compared: its words by part, its numbers and signs, its shingles.

    `parts` begins with the text, followed by the options, sorted. `last` has the shingles of the
    last line, and is None where the text has one line only.
    """

    parts: tuple[_Words, ...]
    figures: _Words
    shingles: _Shingles
    last: _Shingles | None


def leaks(questions: Sequence[Question]) -> list[Leak]:
    """Every pair of a training question and a validation or test question that is nearly the same.

    Ordered by falling similarity. 50,000 questions of 50 words take seconds.
    """
    train = [question for question in questions if question.split == "train"]
    held_out = [question for question in questions if question.split != "train"]
    train_texts = [_text(question) for question in train]
    held_out_texts = [_text(question) for question in held_out]
    counts = Counter(chain.from_iterable(t.shingles for t in (*train_texts, *held_out_texts)))
    most = max(_COMMON_LEAST, _COMMON_SHARE * len(questions))
    common = {shingle for shingle, count in counts.items() if count > most}
    found = []
    for i, places in enumerate(_candidates(train_texts, held_out_texts, counts, common)):
        for j in places:
            alike = _similarity(train_texts[i], held_out_texts[j], common)
            if alike >= LEAST:
                found.append(Leak(train[i].id, held_out[j].id, alike))
    return sorted(found, key=lambda leak: (-leak.similarity, leak.train_id, leak.held_out_id))


def similarity(first: Question, second: Question) -> float:
    """How alike two questions are by themselves, from 0 to 1, whatever stands around them."""
    return _similarity(_text(first), _text(second), frozenset())


def _similarity(first: _Text, second: _Text, common: _Shingles) -> float:
    if first.parts == second.parts:
        return 1.0
    if first.figures != second.figures:
        return 0.0
    whole = _jaccard(first.shingles - common, second.shingles - common)
    if first.last is None and second.last is None:
        return whole
    return min(whole, _jaccard(first.last or first.shingles, second.last or second.shingles))


def _jaccard(first: _Shingles, second: _Shingles) -> float:
    shared = len(first & second)
    either = len(first) + len(second) - shared
    return shared / either if either else 0.0


def _text(question: Question) -> _Text:
    words = tuple(_tokens(question.text))
    parts = (words, *sorted(tuple(_tokens(option)) for option in question.options))
    lines = [line for line in question.text.split("\n") if line.strip()]
    return _Text(
        parts,
        tuple(word for word in chain.from_iterable(parts) if not word.isalpha()),
        frozenset(chain.from_iterable(map(_shingles, parts))),
        frozenset(_shingles(tuple(_tokens(lines[-1])))) if len(lines) > 1 else None,
    )


def _tokens(text: str) -> list[str]:
    return [token.replace(",", "") for token in _TOKEN.findall(text.casefold())]


def _shingles(words: _Words) -> list[int]:
    """Runs of three words, hashed; a shorter text is one shingle by itself."""
    if len(words) < _SIZE:
        return [hash(words)] if words else []
    return list(map(hash, zip(words, words[1:], words[2:], strict=False)))


def _candidates(
    train: Sequence[_Text],
    held_out: Sequence[_Text],
    counts: Counter[int],
    common: _Shingles,
) -> Iterator[set[int]]:
    """For each training text, the places of held-out texts that are the same as it or share a rare
    shingle with it."""
    same: dict[tuple[_Words, ...], list[int]] = defaultdict(list)
    having: dict[int, list[int]] = defaultdict(list)
    for j, text in enumerate(held_out):
        same[text.parts].append(j)
        for shingle in _rarest(text.shingles - common, counts):
            having[shingle].append(j)
    for text in train:
        rarest = _rarest(text.shingles - common, counts)
        yield set(same.get(text.parts, ())).union(*(having.get(each, ()) for each in rarest))


def _rarest(shingles: _Shingles, counts: Counter[int]) -> list[int]:
    ordered = sorted(shingles, key=lambda shingle: (counts[shingle], shingle))
    return ordered[: int((1 - LEAST) * len(ordered) + 1e-9) + 1]
