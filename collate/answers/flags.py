"""Flags: what speaks against a rationale as an example to learn from, whatever its answer.

    several answers       states different answers: behind markers, in boxes, or in one statement
    only the answer       nothing before the stated answer but the answer itself and words that
                          introduce it ("So the answer is 7.")
    copies the question   what stands before the stated answer is a piece of the question, or the
                          question and little else
    a false step          an equation or comparison in it is false (`steps/`)

An answer without reasoning can be right, and the likelihood of the gold answer is high after it, so
a loop that rewards either teaches to leave the reasoning out; one that is right by luck teaches a
false step. A rationale that restates the question and then reasons has no flag. One step of
arithmetic is reasoning: "5 - 4 = 1".
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from string import ascii_uppercase

from collate.answers.judging import NO_ANSWER, SEVERAL, Judgement
from collate.answers.lexicon import Lexicon, lexicon
from collate.answers.reading import read_answer
from collate.answers.statements import cut_answer
from collate.answers.tokens import WORD

SEVERAL_ANSWERS = "several answers"
ONLY_ANSWER = "only the answer"
COPIES_QUESTION = "copies the question"
FALSE_STEP = "a false step"
FLAGS = (SEVERAL_ANSWERS, ONLY_ANSWER, COPIES_QUESTION, FALSE_STEP)

LONGEST_READ = 20_000  # characters of a rationale that are looked at
# Words beside a copied question that are more than a little: this many, or an eighth of its own.
MANY_WORDS, MANY_WORDS_SHARE = 3, 8

# Words, numbers and signs of arithmetic: "5-4 = 1." is 5, -, 4, =, 1.
_TOKEN = re.compile(rf"{WORD}|[-+*/×÷^−=]")
# A step of arithmetic in tokens joined by blanks, "5 - 4"; not "- 4", and not the date 5-4.
_STEP = re.compile(r"\d +[-+*/×÷^−] +\d")
# \boxed{18}; the group is what is in the box.
_BOX = re.compile(r"\\(?:boxed|fbox)\s?\{([^{}\n]{1,200})\}")
# Reasons of `read_answer` that say that one statement has several answers: "2 different numbers",
# "several numbers, not one", "names 2 options", "both yes and no".
_SEVERAL_IN_ONE = re.compile(
    r"different numbers|several numbers|names [2-9] options|both yes and no"
)
# Of English fewer words than those that may introduce an answer: "we have 7 eggs" is a thought.
_INTRODUCING_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "a an the so thus hence therefore then and this that it its is are be my our final correct "
        "right best answer answers result solution option choice would must boxed text here s "
        "question",
    )
)


def flags_of(
    text: str,
    *,
    question: str,
    gold: str,
    options: Sequence[str],
    judgement: Judgement,
    false_steps: int,
    kind: str,
    marker: str,
    languages: Sequence[str] = ("en",),
) -> tuple[str, ...]:
    """The flags of one rationale, out of `FLAGS` and in that order.

    `judgement` is the verifier's of that rationale, and `false_steps` counts its false steps; the
    rest describes its question and task.
    """
    words = lexicon(tuple(languages))
    reasoning = _tokens(cut_answer(text, marker)[:LONGEST_READ])
    answer_words = _answer_words(judgement, kind, gold, options, words)
    option_words = set(_tokens(" ".join(options)))
    flags = []
    if _states_several(text, judgement, kind, options, words):
        flags.append(SEVERAL_ANSWERS)
    # A text without any answer in it is no bare answer, whatever else it may be.
    has_answer = judgement.reason != NO_ANSWER or not answer_words.isdisjoint(reasoning)
    expected_words = answer_words | _introducing_words(languages)
    if has_answer and _is_bare_answer(reasoning, expected_words):
        flags.append(ONLY_ANSWER)
    if _copies(reasoning, _tokens(question), expected_words | option_words):
        flags.append(COPIES_QUESTION)
    if false_steps:
        flags.append(FALSE_STEP)
    return tuple(flags)


def _states_several(
    text: str, judgement: Judgement, kind: str, options: Sequence[str], words: Lexicon
) -> bool:
    """Whether different answers are stated, in boxes too ("\\boxed{2} ... #### 1")."""
    if judgement.reason.startswith(SEVERAL):
        return True
    stated = [] if judgement.stated is None else [judgement.stated]
    boxed = dict.fromkeys(_BOX.findall(text[-LONGEST_READ:]))
    keys = set()
    for answer in (*stated, *boxed):
        key, reason = read_answer(kind, answer, options, words)
        if key is not None:
            keys.add(key)
        elif _SEVERAL_IN_ONE.search(reason):
            return True
    return len(keys) > 1


def _introducing_words(languages: Sequence[str]) -> set[str]:
    """The words that may introduce an answer in the languages of a task."""
    others = tuple(code for code in languages if code != "en")
    english = _INTRODUCING_ENGLISH if "en" in languages else frozenset()
    return lexicon(others).introducing_words | english


def _is_bare_answer(reasoning: Sequence[str], expected_words: set[str]) -> bool:
    """Whether there is neither a step of arithmetic nor a word that is more than the answer."""
    return not _STEP.search(" ".join(reasoning)) and not _other_words(reasoning, expected_words)


def _copies(reasoning: Sequence[str], question: Sequence[str], expected_words: set[str]) -> bool:
    """Whether the reasoning is a piece of the question, or the question and little else."""
    if not reasoning or not question:
        return False
    # Blanks on both sides of every token, so that "on" is no piece of "one".
    spaced_reasoning = "".join(f" {token} " for token in reasoning)
    spaced_question = "".join(f" {token} " for token in question)
    if spaced_reasoning in spaced_question:
        return True
    if spaced_question not in spaced_reasoning:
        return False
    rest = spaced_reasoning.replace(spaced_question, "")
    many = max(MANY_WORDS, len(question) // MANY_WORDS_SHARE)
    return not _STEP.search(rest) and len(_other_words(rest.split(), expected_words)) < many


def _other_words(tokens: Iterable[str], expected_words: set[str]) -> list[str]:
    """The words that neither say the answer nor introduce it."""
    return [token for token in tokens if token not in expected_words and token.isalnum()]


def _answer_words(
    judgement: Judgement, kind: str, gold: str, options: Sequence[str], words: Lexicon
) -> set[str]:
    """The words that say an answer: the stated one, the gold one, or the one found in the text."""
    answers = [gold, judgement.stated or ""]
    if judgement.found is not None and kind != "text":  # of a text, the whole last line is found
        answers.append(judgement.found)
    if kind == "choice":  # "(b) ..." says the text of option B as well
        text_by_letter = dict(zip(ascii_uppercase, options, strict=False))
        letters = [answer.strip("() .")[:1].upper() for answer in answers]
        answers += [text_by_letter.get(letter, "") for letter in letters]
    answer_words = set(_tokens(" ".join(answers)))
    return answer_words | words.yes_and_no_words if kind == "boolean" else answer_words


def _tokens(text: str) -> list[str]:
    """Words, numbers and signs, in one case and one form of each character."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
