"""What counts as right: the judgement of one rationale, to be read from top to bottom.

A rationale states its answer behind a marker, on the marker's line: `#### 18`. Where it does so
once (or several times the same), the stated answer is read as the task's kind of answer and
compared with the gold answer. That is the strict reading. Its verdict is `right`, `wrong` or
`unknown`; it is `unknown`, never `wrong`, where one cannot tell what the rationale answers. The
reason of an unknown verdict begins with one of

    no stated answer            nothing stands behind a marker
    states several answers:     and how many different ones
    cannot be read:             what is stated is no answer of the kind, or denied, and why
    the verifier gave up:       a limit was met, and which

or says why it is in doubt: the answer equals the gold answer under a less usual reading only (`5k`
and 5000), or holds it among other words (`Lima, Peru` and Lima).

The lenient reading takes the last stated answer, or where none is stated the last thing in the text
that could be one, so that a gain in following the form can be told from a gain in reasoning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from collate.answers.lexicon import Lexicon, lexicon
from collate.answers.reading import (
    Key,
    key_text,
    last_answer,
    read_answer,
    read_gold,
    same_answer,
)
from collate.answers.statements import Statement, marker_of, statements_in
from collate.answers.texts import LONGEST_ANSWER, text_key
from collate.verdicts import RIGHT, UNKNOWN, WRONG

NO_ANSWER = "no stated answer"
SEVERAL = "states several answers"
UNREADABLE = "cannot be read"
GAVE_UP = "the verifier gave up"
_ANOTHER_READING = "equals the gold answer under a less usual reading only"
_DOUBTS = {
    "text": "holds the gold answer among other words",
    "math": "cannot be compared as mathematics",
}

# A model may write anything: these keep the work on one rationale small.
LONGEST_TEXT = 2_000_000  # characters of a rationale
MOST_MARKERS = 1000  # in one rationale
MOST_STATEMENTS = 32  # different answers stated in one rationale that are read at all


@dataclass(frozen=True)
class Judgement:
    """What the verifier says of one rationale.

    `stated` is the answer in the form asked for, or None where none or several different ones are
    stated; `verdict` judges it, and `reason` says why. `found` is the answer found anywhere, or
    None; `found_verdict` judges that. Answers that say the same have the same key, however they
    are spelled: whatever compares answers later (votes, pairs, diversity) compares these.
    """

    verdict: str
    stated: str | None
    reason: str
    found: str | None
    found_verdict: str
    stated_key: str | None = None
    found_key: str | None = None


def judge_text(
    kind: str,
    marker: str,
    text: str,
    gold: str,
    options: Sequence[str] = (),
    languages: Sequence[str] = ("en",),
) -> Judgement:
    """The judgement of one rationale, made in this process.

    Raises ValueError where the gold answer cannot be read as the kind.
    """
    words = lexicon(tuple(languages))
    gold_key = read_gold(kind, gold, options, languages)
    if len(text) > LONGEST_TEXT:
        return gave_up(f"longer than {LONGEST_TEXT} characters")
    if len(marker_of(marker).opening.findall(text)) > MOST_MARKERS:
        return gave_up(f"more than {MOST_MARKERS} markers")
    statements = statements_in(text, marker, words, kind)
    if statements:
        return _judge_statements(kind, statements, gold_key, options, words)
    # The strict reading has nothing to read; the lenient one searches the whole text.
    found, found_key = last_answer(kind, text, options, words) or (None, None)
    found_verdict, _ = _compare(kind, found_key, gold_key, words)
    found_text = None if found is None else key_text(found_key, found)
    return Judgement(UNKNOWN, None, NO_ANSWER, found, found_verdict, None, found_text)


def _judge_statements(
    kind: str,
    statements: Sequence[Statement],
    gold_key: Key,
    options: Sequence[str],
    words: Lexicon,
) -> Judgement:
    """The judgement of a rationale that states at least one answer, from all that it states."""
    last = statements[-1].text[:LONGEST_ANSWER]
    last_key, unreadable_reason = _read_statement(kind, statements[-1], options, words)
    last_verdict, comparison = _compare(kind, last_key, gold_key, words)
    last_text = key_text(last_key, last)
    different = _count_different(kind, statements, options, words)
    if different > 1:
        count = different if different <= MOST_STATEMENTS else f"over {MOST_STATEMENTS}"
        reason = f"{SEVERAL}: {count} different"
        return Judgement(UNKNOWN, None, reason, last, last_verdict, None, last_text)
    reason = f"{UNREADABLE}: {unreadable_reason}" if last_key is None else comparison
    return Judgement(last_verdict, last, reason, last, last_verdict, last_text, last_text)


def _compare(kind: str, key: Key | None, gold_key: Key, words: Lexicon) -> tuple[str, str]:
    """The verdict on an answer, and the reason. An answer that could not be read has no key."""
    if key is None:
        return UNKNOWN, UNREADABLE
    same = same_answer(kind, key, gold_key, words)
    if same is None:
        return UNKNOWN, _DOUBTS.get(kind, _ANOTHER_READING)
    return (RIGHT, "equals the gold answer") if same else (WRONG, "differs from the gold answer")


def _count_different(
    kind: str, statements: Sequence[Statement], options: Sequence[str], words: Lexicon
) -> int:
    """How many different answers are stated: "7" and "7.0" are one. Many are not read but counted
    by their texts, so that the number is above `MOST_STATEMENTS` at least."""
    different_texts = list({(each.text, each.denied): each for each in statements}.values())
    if len(different_texts) > MOST_STATEMENTS:
        return len(different_texts)
    answers: set[Key] = set()
    for statement in different_texts:
        key, _ = _read_statement(kind, statement, options, words)
        answers.add(text_key(statement.text[:LONGEST_ANSWER]) if key is None else key)
    return len(answers)


def _read_statement(
    kind: str, statement: Statement, options: Sequence[str], words: Lexicon
) -> tuple[Key | None, str]:
    """The key of a stated answer and "", or None and the reason why it cannot be read."""
    if statement.denied:
        return None, "denied"
    return read_answer(kind, statement.text, options, words)


def gave_up(limit: str) -> Judgement:
    """The judgement of a rationale that met a limit."""
    return Judgement(UNKNOWN, None, f"{GAVE_UP}: {limit}", None, UNKNOWN)
