"""One answer out of several that are already judged, and how far agents agree.

Answers are grouped by what they say, as the verifier reads them, and never by their verdict:
grouping the right ones together would let the gold answer count votes. A group's verdict is that of
its first voter, so nothing is judged twice. An answer that is missing does not vote.

A vote may weigh each answer by its confidence, or the most confident answer be taken alone. All
three only read what was stated and how likely the scorer finds it, never gold or a verdict.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from collate.evaluation.subjects import ROUTED, VOTE, WEIGHTED_VOTE
from collate.tables import UNKNOWN, Answer


def winning_index(
    ballots: Sequence[Hashable | None], weights: Sequence[float] | None = None
) -> int | None:
    """Index of the first ballot of the most frequent answer, or None where nobody voted.

    None is an abstention. With weights, the answer of the largest sum of them wins, and of equal
    sums the more frequent. Between equals the one voted for first wins, so the order of the ballots
    breaks ties.
    """
    ballot_counts = Counter(ballot for ballot in ballots if ballot is not None)
    if not ballot_counts:
        return None
    weight_by_ballot = dict.fromkeys(ballot_counts, 0.0)
    # Without weights the loop does not run, and all sums stay equal: only the counts decide.
    for ballot, weight in zip(ballots, weights or (), strict=weights is not None):
        if ballot is not None:
            weight_by_ballot[ballot] += weight
    # Counter keeps the order of first votes and max takes the first of equals.
    winner = max(
        ballot_counts, key=lambda ballot: (weight_by_ballot[ballot], ballot_counts[ballot])
    )
    return ballots.index(winner)


def majority(answers: Sequence[Answer]) -> Answer:
    """The vote of several answers to one question, as an answer of the writer `vote`.

    The order of `answers` breaks ties. The strict reading is the vote over `stated`, the lenient
    one the vote over `found`; each carries the verdict of its winner, or `unknown` where nobody
    voted. Text and finish reason are the strict winner's (else the lenient one's, else the first),
    and `tokens` is the sum: what the vote costs.
    """
    return _elected(answers, VOTE, None)


def has_confidence(answers: Sequence[Answer]) -> bool:
    """Whether every answer that was stated carries a confidence, and any was stated."""
    stated_answers = [answer for answer in answers if answer.stated is not None]
    return bool(stated_answers) and all(answer.confidence is not None for answer in stated_answers)


def weighted_vote(answers: Sequence[Answer]) -> Answer:
    """The vote weighted by confidence, as an answer of the writer `weighted_vote`.

    As `majority`, but an answer counts as much as the frozen scorer finds likely what it states,
    given its own rationale. What was found but not stated has no confidence and weighs nothing,
    unless nothing weighs more. Raises ValueError for a confidence that is no probability.
    """
    return _elected(answers, WEIGHTED_VOTE, [_confidence(answer) for answer in answers])


def routed(answers: Sequence[Answer]) -> Answer:
    """The most confident of several answers to one question, as one of the writer `routed`.

    Of equals the first, and the first of all where none states an answer. `tokens` is the sum: all
    of them have to be written before one can be chosen. Raises ValueError for a confidence that is
    no probability.
    """
    confidences = [_confidence(answer) for answer in answers]
    most_confident = answers[confidences.index(max(confidences))]
    summed_tokens = sum(answer.tokens for answer in answers)
    return replace(most_confident, writer=ROUTED, sample=0, tokens=summed_tokens)


def _confidence(answer: Answer) -> float:
    # An answer that states nothing has no confidence, and must lose to every one that does.
    if answer.stated is None or answer.confidence is None:
        return 0.0
    if not 0.0 <= answer.confidence <= 1.0:
        raise ValueError(
            f"answer of {answer.writer} to {answer.question_id} has confidence "
            f"{answer.confidence}: expected a probability"
        )
    return answer.confidence


def _elected(answers: Sequence[Answer], writer: str, weights: Sequence[float] | None) -> Answer:
    stated_index = winning_index([answer.stated_key for answer in answers], weights)
    found_index = winning_index([answer.found_key for answer in answers], weights)
    # The text to show is the strict winner's, else the lenient one's, else the first.
    winning_indices = [index for index in (stated_index, found_index) if index is not None]
    shown_answer = answers[winning_indices[0] if winning_indices else 0]
    return replace(
        shown_answer,
        writer=writer,
        sample=0,
        tokens=sum(answer.tokens for answer in answers),
        stated=None if stated_index is None else answers[stated_index].stated,
        stated_key=None if stated_index is None else answers[stated_index].stated_key,
        verdict=UNKNOWN if stated_index is None else answers[stated_index].verdict,
        found=None if found_index is None else answers[found_index].found,
        found_key=None if found_index is None else answers[found_index].found_key,
        found_verdict=UNKNOWN if found_index is None else answers[found_index].found_verdict,
        confidence=None,  # the winner's would be that of one voter, not of the vote
    )


def disagree(answers: Sequence[Answer]) -> bool:
    """Whether two answers to one question are stated differently; unstated is an answer too."""
    return len({answer.stated_key for answer in answers}) > 1


def agreement(answers_K_Q: Mapping[str, Sequence[Answer]]) -> dict[tuple[str, str], float]:
    """Share of questions on which two agents state the same answer, for every two agents.

    Each agent's answers are to the same questions in the same order. Both unstated agrees.
    """
    keys_by_agent = {}
    for agent, answers_Q in answers_K_Q.items():
        keys_by_agent[agent] = [answer.stated_key for answer in answers_Q]
    share_by_pair = {}
    for first, second in combinations(keys_by_agent, 2):
        key_pairs = list(zip(keys_by_agent[first], keys_by_agent[second], strict=True))
        if key_pairs:
            same_count = sum(first_key == second_key for first_key, second_key in key_pairs)
            share_by_pair[first, second] = same_count / len(key_pairs)
    return share_by_pair
