"""Marks: what speaks against a rationale as an example to learn from, whatever its answer.

    several answers       states different answers: behind markers, in boxes, or in one statement
    only the answer       nothing before the stated answer but the answer itself and words that
                          introduce it ("So the answer is 7.")
    copies the question   what stands before the stated answer is a piece of the question, or the
                          question and little else

An answer without reasoning can be right, and the likelihood of the gold answer is high after it, so
a loop that rewards either teaches to leave the reasoning out. A rationale that restates the
question and then reasons bears no mark. One step of arithmetic is reasoning: "5 - 4 = 1".
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from string import ascii_uppercase

from collate.answers.judging import NO_ANSWER, SEVERAL, Judgement, cut_answer
from collate.answers.reading import read_answer
from collate.tables import Question, Score

SEVERAL_ANSWERS = "several answers"
ONLY_ANSWER = "only the answer"
COPIES_QUESTION = "copies the question"
MARKS = (SEVERAL_ANSWERS, ONLY_ANSWER, COPIES_QUESTION)

LONGEST_LEAD = 20_000  # characters before the stated answer that are looked at
LITTLE_ELSE = 3  # fewer words beside a copied question are little, or an eighth of its own

_TOKEN = re.compile(r"\w+|[-+*/×÷^−=]")
_STEP = re.compile(r"\d +[-+*/×÷^−] +\d")
_BOX = re.compile(r"\\(?:boxed|fbox)\s?\{([^{}\n]{1,200})\}")
_SEVERAL_IN_ONE = re.compile(
    r"different numbers|several numbers|names [2-9] options|both yes and no"
)
_INTRODUCTION = frozenset(
    re.findall(
        r"\w+",
        "a an the so thus hence therefore then and this that it its is are be my our final correct "
        "right best answer answers result solution option choice would must boxed text here s "
        "question",
    )
)


def marks_of(
    text: str, question: Question, judgement: Judgement, *, kind: str, marker: str
) -> tuple[str, ...]:
    """The marks of one rationale, out of `MARKS` and in that order."""
    lead = _tokens(cut_answer(text, marker)[:LONGEST_LEAD])
    asked = _tokens(question.text)
    said = _answer_words(question, judgement, kind)
    found = {
        SEVERAL_ANSWERS: _states_several(text, question.options, judgement, kind),
        ONLY_ANSWER: (judgement.reason != NO_ANSWER or bool(said & set(lead)))
        and _says_only(lead, said),
        COPIES_QUESTION: _copies(lead, asked, said | set(_tokens(" ".join(question.options)))),
    }
    return tuple(mark for mark in MARKS if found[mark])


def count_marks(scores: Iterable[Score]) -> dict[str, int]:
    """How many rationales bear each mark; every mark is named."""
    counts = Counter(mark for score in scores for mark in score.marks)
    return {mark: counts[mark] for mark in MARKS}


def _states_several(text: str, options: Sequence[str], judgement: Judgement, kind: str) -> bool:
    if judgement.reason.startswith(SEVERAL):
        return True
    stated = [judgement.stated] if judgement.stated is not None else []
    keys = set()
    for answer in [*stated, *dict.fromkeys(_BOX.findall(text[-LONGEST_LEAD:]))]:
        key, reason = read_answer(kind, answer, options)
        if key is None and _SEVERAL_IN_ONE.search(reason):
            return True
        keys |= set() if key is None else {key}
    return len(keys) > 1


def _says_only(lead: Sequence[str], said: set[str]) -> bool:
    return not _STEP.search(" ".join(lead)) and not _others(lead, said)


def _copies(lead: Sequence[str], asked: Sequence[str], said: set[str]) -> bool:
    whole, question = ("".join(f" {token} " for token in tokens) for tokens in (lead, asked))
    if not lead or not asked:
        return False
    if whole in question:
        return True
    if question not in whole:
        return False
    rest = whole.replace(question, "")
    little = max(LITTLE_ELSE, len(asked) // 8)
    return not _STEP.search(rest) and len(_others(rest.split(), said)) < little


def _others(tokens: Iterable[str], said: set[str]) -> list[str]:
    """The words that neither say the answer nor introduce it."""
    trivial = said | _INTRODUCTION
    return [token for token in tokens if token not in trivial and token.isalnum()]


def _answer_words(question: Question, judgement: Judgement, kind: str) -> set[str]:
    """The words that say an answer: the stated one, the gold one, or the one found in the text."""
    answers = [question.gold, judgement.stated or ""]
    if judgement.found is not None and kind != "text":  # of a text, the whole last line is found
        answers.append(judgement.found)
    if kind == "choice":
        texts = dict(zip(ascii_uppercase, question.options, strict=False))
        answers += [texts.get(answer.strip("() .")[:1].upper(), "") for answer in answers]
    words = set(_tokens(" ".join(answers)))
    return words | {"yes", "no", "true", "false"} if kind == "boolean" else words


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
