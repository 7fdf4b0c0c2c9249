"""Majority vote over answers that are already judged, and how far agents agree.

Answers are grouped by what they say, as the verifier reads them, and never by their verdict:
grouping the right ones together would let the gold answer count votes. A group's verdict is that of
its first voter, so nothing is judged twice. An answer that is missing does not vote.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from collate.scoring.answers import read_answer, text_key
from collate.tables import UNKNOWN, Answer

VOTE = "vote"


@dataclass(frozen=True)
class Reader:
    """How the answers of a task are read: their kind, and a question's options by its id."""

    kind: str
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def key(self, text: str | None, question_id: str) -> Hashable | None:
        """A key under which two spellings of one answer are equal, as `18`, `18.0` and `$18` are.

        None where there is no answer. What cannot be read as the kind is compared as text.
        """
        if text is None:
            return None
        key, _ = read_answer(self.kind, text, self.options.get(question_id, ()))
        return text_key(text) if key is None else key

    def stated(self, answer: Answer) -> Hashable | None:
        """The key of the answer in the form asked for."""
        return self.key(answer.stated, answer.question_id)

    def found(self, answer: Answer) -> Hashable | None:
        """The key of the answer found anywhere."""
        return self.key(answer.found, answer.question_id)


def winner(ballots: Sequence[Hashable | None]) -> int | None:
    """Place of the first ballot of the most frequent answer, or None where nobody voted.

    None is an abstention. Between equally frequent answers the one voted for first wins, so the
    order of the ballots breaks ties.
    """
    counts = Counter(ballot for ballot in ballots if ballot is not None)
    if not counts:
        return None
    # Counter keeps the order of first votes and max takes the first of equals.
    return ballots.index(max(counts, key=counts.__getitem__))


def majority(answers: Sequence[Answer], reader: Reader) -> Answer:
    """The vote of several answers to one question, as an answer of the agent `vote`.

    The order of `answers` breaks ties. The strict reading is the vote over `stated`, the lenient
    one the vote over `found`; each carries the verdict of its winner, or `unknown` where nobody
    voted. Text and finish reason are the strict winner's (else the lenient one's, else the first),
    and `tokens` is the sum: what the vote costs.
    """
    stated = winner([reader.stated(answer) for answer in answers])
    found = winner([reader.found(answer) for answer in answers])
    shown = answers[next((place for place in (stated, found) if place is not None), 0)]
    return Answer(
        question_id=shown.question_id,
        split=shown.split,
        agent=VOTE,
        sample=0,
        text=shown.text,
        tokens=sum(answer.tokens for answer in answers),
        finish_reason=shown.finish_reason,
        stated=None if stated is None else answers[stated].stated,
        verdict=UNKNOWN if stated is None else answers[stated].verdict,
        found=None if found is None else answers[found].found,
        found_verdict=UNKNOWN if found is None else answers[found].found_verdict,
    )


def disagree(answers: Sequence[Answer], reader: Reader) -> bool:
    """Whether two answers to one question are stated differently; unstated is an answer too."""
    return len({reader.stated(answer) for answer in answers}) > 1


def agreement(
    answers_K_Q: Mapping[str, Sequence[Answer]], reader: Reader
) -> dict[tuple[str, str], float]:
    """Share of questions on which two agents state the same answer, for every two agents.

    Each agent's answers are to the same questions in the same order. Both unstated agrees.
    """
    keys = {
        agent: [reader.stated(answer) for answer in answers_Q]
        for agent, answers_Q in answers_K_Q.items()
    }
    return {
        (one, other): sum(a == b for a, b in zip(keys[one], keys[other], strict=True))
        / len(keys[one])
        for one, other in combinations(keys, 2)
        if keys[one]
    }
