"""The vote: what counts as the same answer, who wins, what a tie does, what it must not see."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest

from collate.evaluation.votes import (
    agreement,
    disagree,
    has_confidence,
    majority,
    routed,
    weighted_vote,
    winning_index,
)
from collate.tables import RIGHT, UNKNOWN, WRONG, Answer
from tests.evaluation.rows import make_answer


def slow_winning_index(ballots: Sequence[str | None]) -> int | None:
    best_index, most_votes = None, 0
    for index, ballot in enumerate(ballots):
        votes = 0
        for other in ballots:
            votes += ballot is not None and other == ballot
        if votes > most_votes:
            best_index, most_votes = index, votes
    return best_index


def test_the_winning_index_agrees_with_counting_by_hand() -> None:
    for ballots in product([None, "x", "y", "z"], repeat=5):
        assert winning_index(ballots) == slow_winning_index(ballots)


def test_the_majority_is_over_what_answers_say() -> None:
    ballots = [
        make_answer("7", WRONG, writer="a"),
        make_answer("18.0", RIGHT, writer="b"),
        make_answer("18", RIGHT, writer="c"),
    ]
    vote = majority(ballots)
    assert (vote.writer, vote.text) == ("vote", "text of b")
    assert (vote.stated, vote.verdict) == ("18.0", RIGHT)
    assert vote.tokens == 30


def test_a_tie_goes_to_the_agent_listed_first() -> None:
    ballots = [make_answer("7", WRONG, writer="a"), make_answer("18", RIGHT, writer="b")]
    assert majority(ballots).stated == "7"
    assert majority(ballots[::-1]).stated == "18"


def test_an_unstated_answer_does_not_vote() -> None:
    unstated = make_answer(None, UNKNOWN)
    vote = majority([unstated, unstated, make_answer("18", RIGHT, writer="c")])
    assert (vote.stated, vote.verdict, vote.text) == ("18", RIGHT, "text of c")
    nobody = majority([unstated, unstated])
    assert (nobody.stated, nobody.verdict, nobody.found_verdict) == (None, UNKNOWN, UNKNOWN)


def test_strict_and_lenient_votes_are_counted_apart() -> None:
    ballots = [
        make_answer("7", WRONG, writer="a"),
        make_answer(None, UNKNOWN, writer="b", found="18", found_key="18", found_verdict=RIGHT),
        make_answer(None, UNKNOWN, writer="c", found="18", found_key="18", found_verdict=RIGHT),
    ]
    vote = majority(ballots)
    assert (vote.stated, vote.verdict) == ("7", WRONG)
    assert (vote.found, vote.found_verdict) == ("18", RIGHT)


def test_the_gold_answer_counts_no_votes() -> None:
    """Right answers in spellings that no reading joins stay apart, as wrong ones would."""
    ballots = [make_answer("seven", WRONG), make_answer("seven", WRONG)]
    for spelling in ("eighteen", "18", "a dozen and six"):
        ballots.append(make_answer(spelling, RIGHT))
    assert majority(ballots).verdict == WRONG


def test_a_vote_is_on_the_task_and_labels_of_its_question() -> None:
    labels = {"language": "de", "objective": "sums", "domain": "school"}
    answers = [make_answer(stated, task="t", confidence=0.5, **labels) for stated in ("1", "2")]
    for vote in (majority(answers), weighted_vote(answers), routed(answers)):
        assert (vote.task, vote.model) == ("t", "m")
        assert {name: getattr(vote, name) for name in labels} == labels


def test_disagreement_counts_an_unstated_answer_as_one_of_its_own() -> None:
    assert not disagree([make_answer("18"), make_answer("18.0")])
    assert disagree([make_answer("18"), make_answer(None)])
    assert not disagree([make_answer(None), make_answer(None)])


def test_agreement_is_the_share_of_equal_answers() -> None:
    answers = {
        "a": [make_answer("1"), make_answer("2"), make_answer(None), make_answer("4")],
        "b": [make_answer("1.0"), make_answer("3"), make_answer(None), make_answer(None)],
        "c": [make_answer("9"), make_answer("2"), make_answer("3"), make_answer("4")],
    }
    assert agreement(answers) == {("a", "b"): 0.5, ("a", "c"): 0.5, ("b", "c"): 0.0}


def rated(stated: str | None, confidence: float | None, **changes: object) -> Answer:
    return make_answer(stated, confidence=confidence, **changes)


def test_one_confident_answer_outweighs_two_unsure_ones() -> None:
    answers = [rated("4", 0.2), rated("4.0", 0.3), rated("5", 0.6, writer="b", verdict=RIGHT)]
    vote = weighted_vote(answers)
    assert (vote.writer, vote.stated, vote.verdict) == ("weighted_vote", "5", RIGHT)
    # A vote costs what all of its answers cost, and has no confidence of its own.
    assert (vote.tokens, vote.confidence) == (30, None)
    assert majority(answers).stated == "4"
    answers[0] = replace(answers[0], confidence=0.31)
    assert weighted_vote(answers).stated == "4"


def test_equal_confidence_is_the_plain_vote() -> None:
    for stated_texts in product([None, "1", "2", "2.0"], repeat=4):
        for confidence in (0.0, 0.25):
            answers = [
                rated(text, confidence, writer=str(number))
                for number, text in enumerate(stated_texts)
            ]
            plain = replace(majority(answers), writer="weighted_vote")
            assert weighted_vote(answers) == plain


def test_routing_takes_the_most_confident_answer_whole() -> None:
    answers = [rated("1", 0.5), rated(None, None), rated("2", 0.7, writer="b"), rated("3", 0.7)]
    assert routed(answers) == replace(answers[2], writer="routed", tokens=40)
    assert routed([rated(None, None, text="x"), rated(None, None)]).text == "x"
    assert routed([rated("1", 0.0), rated(None, None)]).stated == "1"


def test_neither_looks_at_verdicts() -> None:
    answers = [rated("1", 0.5), rated("2", 0.4), rated("2", 0.3)]
    for verdicts in product([RIGHT, WRONG, UNKNOWN], repeat=3):
        judged = [
            replace(answer, verdict=verdict)
            for answer, verdict in zip(answers, verdicts, strict=True)
        ]
        assert weighted_vote(judged).stated == "2"
        assert routed(judged).stated == "1"


def test_confidence_is_a_probability_of_what_is_stated() -> None:
    assert has_confidence([rated("1", 0.5), rated(None, None)])
    assert not has_confidence([rated("1", 0.5), rated("1", None)])
    assert not has_confidence([rated(None, None)]) and not has_confidence([])
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="expected a probability"):
            weighted_vote([rated("1", wrong)])
        with pytest.raises(ValueError, match="expected a probability"):
            routed([rated("1", wrong)])
