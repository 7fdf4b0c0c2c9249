"""Majority vote over answers that are already judged, and how far agents agree.

Answers are grouped by what they say, as the verifier reads them, and never by their verdict:
grouping the right ones together would let the gold answer count votes. A group's verdict is that of
its first voter, so nothing is judged twice. An answer that is missing does not vote.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations

from collate.scoring.answers import read_answer, text_key
from collate.tables import UNKNOWN, Answer

VOTE = "vote"


def canonical(text: str, answer_kind: str, options: Sequence[str] = ()) -> Hashable:
    """A key under which two spellings of one answer are equal: `18`, `18.0` and `$18` are.

    `answer_kind` is the task's (`number`, `choice`, `boolean` or `text`), `options` the question's.
    What the verifier cannot read as that kind is compared as text.
    """
    key, _ = read_answer(answer_kind, text, options)
    return text_key(text) if key is None else key


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


def majority(answers: Sequence[Answer], answer_kind: str, options: Sequence[str] = ()) -> Answer:
    """The vote of several answers to one question, as an answer of the agent `vote`.

    The order of `answers` breaks ties. The strict reading is the vote over `stated`, the lenient
    one the vote over `found`; each carries the verdict of its winner, or `unknown` where nobody
    voted. Text and finish reason are the strict winner's (else the lenient one's, else the first),
    and `tokens` is the sum: what the vote costs.
    """
    stated = winner([_ballot(answer.stated, answer_kind, options) for answer in answers])
    found = winner([_ballot(answer.found, answer_kind, options) for answer in answers])
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


def disagree(answers: Sequence[Answer], answer_kind: str, options: Sequence[str] = ()) -> bool:
    """Whether two answers to one question are stated differently; unstated is an answer too."""
    return len({_ballot(answer.stated, answer_kind, options) for answer in answers}) > 1


def agreement(
    answers_K_Q: Mapping[str, Sequence[Answer]],
    answer_kind: str,
    options: Mapping[str, Sequence[str]] | None = None,
) -> dict[tuple[str, str], float]:
    """Share of questions on which two agents state the same answer, for every two agents.

    Each agent's answers are to the same questions in the same order; `options` is by question id.
    Both unstated agrees.
    """
    offered = options or {}
    ballots = {
        agent: [
            _ballot(answer.stated, answer_kind, offered.get(answer.question_id, ()))
            for answer in answers_Q
        ]
        for agent, answers_Q in answers_K_Q.items()
    }
    return {
        (one, other): sum(a == b for a, b in zip(ballots[one], ballots[other], strict=True))
        / len(ballots[one])
        for one, other in combinations(ballots, 2)
        if ballots[one]
    }


def _ballot(text: str | None, answer_kind: str, options: Sequence[str]) -> Hashable | None:
    return None if text is None else canonical(text, answer_kind, options)
