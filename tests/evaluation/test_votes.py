"""The vote: what counts as the same answer, who wins, what a tie does, what it must not see."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from time import perf_counter

import pytest

from collate.evaluation.votes import (
    AnswerParser,
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

NUMBERS = AnswerParser("number")


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        ("number", ["18", "18.0", " 18 ", "+18", "$18", "18.", "36/2", "18.000"]),
        ("number", ["-1,234.5", "\N{MINUS SIGN}1234.50", "-2469/2"]),
        ("number", ["1/3", "2/6"]),
        ("choice", ["B", "(b)", "b.", "[B]"]),
        ("boolean", ["Yes", "yes.", "TRUE", "y"]),
        ("text", ["New  York", "new york.", "**New York**"]),
    ],
)
def test_spellings_of_one_answer_are_one_group(kind: str, spellings: list[str]) -> None:
    assert len({AnswerParser(kind).key(text, "q") for text in spellings}) == 1


@pytest.mark.parametrize(
    ("kind", "distinct"),
    [
        ("number", ["18", "-18", "1.8", "18%", "180", "1/18", "18/0", "eighteen", "", "18 19x"]),
        ("number", ["0.3333", "1/3"]),
        ("choice", ["A", "B", "A or B"]),
        ("boolean", ["yes", "no", "maybe"]),
        ("text", ["18", "18.0"]),
    ],
)
def test_different_answers_stay_apart(kind: str, distinct: list[str]) -> None:
    assert len({AnswerParser(kind).key(text, "q") for text in distinct}) == len(distinct)


@pytest.mark.parametrize(
    "text", ["9" * 1_000_000, "1/" * 500_000, " " * 1_000_000 + "1", "." * 999_999]
)
def test_a_hostile_answer_costs_little(text: str) -> None:
    start = perf_counter()
    NUMBERS.key(text, "q")
    assert perf_counter() - start < 1.0


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
    vote = majority(ballots, NUMBERS)
    assert (vote.writer, vote.text) == ("vote", "text of b")
    assert (vote.stated, vote.verdict) == ("18.0", RIGHT)
    assert vote.tokens == 30


def test_a_tie_goes_to_the_agent_listed_first() -> None:
    ballots = [make_answer("7", WRONG, writer="a"), make_answer("18", RIGHT, writer="b")]
    assert majority(ballots, NUMBERS).stated == "7"
    assert majority(ballots[::-1], NUMBERS).stated == "18"


def test_an_unstated_answer_does_not_vote() -> None:
    unstated = make_answer(None, UNKNOWN)
    vote = majority([unstated, unstated, make_answer("18", RIGHT, writer="c")], NUMBERS)
    assert (vote.stated, vote.verdict, vote.text) == ("18", RIGHT, "text of c")
    nobody = majority([unstated, unstated], NUMBERS)
    assert (nobody.stated, nobody.verdict, nobody.found_verdict) == (None, UNKNOWN, UNKNOWN)


def test_strict_and_lenient_votes_are_counted_apart() -> None:
    ballots = [
        make_answer("7", WRONG, writer="a"),
        make_answer(None, UNKNOWN, writer="b", found="18", found_verdict=RIGHT),
        make_answer(None, UNKNOWN, writer="c", found="18", found_verdict=RIGHT),
    ]
    vote = majority(ballots, NUMBERS)
    assert (vote.stated, vote.verdict) == ("7", WRONG)
    assert (vote.found, vote.found_verdict) == ("18", RIGHT)


def test_the_gold_answer_counts_no_votes() -> None:
    """Right answers in spellings that no reading joins stay apart, as wrong ones would."""
    ballots = [make_answer("seven", WRONG), make_answer("seven", WRONG)]
    for spelling in ("eighteen", "18", "a dozen and six"):
        ballots.append(make_answer(spelling, RIGHT))
    assert majority(ballots, NUMBERS).verdict == WRONG


def test_a_vote_is_on_the_task_and_labels_of_its_question() -> None:
    labels = {"language": "de", "objective": "sums", "domain": "school"}
    answers = [make_answer(stated, task="t", confidence=0.5, **labels) for stated in ("1", "2")]
    for vote in (majority(answers, NUMBERS), weighted_vote(answers, NUMBERS), routed(answers)):
        assert (vote.task, vote.model) == ("t", "m")
        assert {name: getattr(vote, name) for name in labels} == labels


def test_disagreement_counts_an_unstated_answer_as_one_of_its_own() -> None:
    assert not disagree([make_answer("18"), make_answer("18.0")], NUMBERS)
    assert disagree([make_answer("18"), make_answer(None)], NUMBERS)
    assert not disagree([make_answer(None), make_answer(None)], NUMBERS)


def test_agreement_is_the_share_of_equal_answers() -> None:
    answers = {
        "a": [make_answer("1"), make_answer("2"), make_answer(None), make_answer("4")],
        "b": [make_answer("1.0"), make_answer("3"), make_answer(None), make_answer(None)],
        "c": [make_answer("9"), make_answer("2"), make_answer("3"), make_answer("4")],
    }
    assert agreement(answers, NUMBERS) == {("a", "b"): 0.5, ("a", "c"): 0.5, ("b", "c"): 0.0}


def test_an_option_is_read_by_its_letter_or_its_text() -> None:
    parser = AnswerParser("choice", {"q": ("Paris", "Rome"), "other": ("Rome", "Paris")})
    assert parser.key("B", "q") == parser.key("(b) Rome", "q") == parser.key("rome", "q")
    assert parser.key("Rome", "other") == parser.key("A", "q")
    ballots = [
        make_answer("A"),
        make_answer("Rome", RIGHT, writer="b"),
        make_answer("B", RIGHT, writer="c"),
    ]
    assert majority(ballots, parser).verdict == RIGHT
    assert disagree(ballots, parser) and not disagree(ballots[1:], parser)


def test_a_missing_answer_has_no_key() -> None:
    assert NUMBERS.key(None, "q") is None
    assert NUMBERS.key("no number", "q") is not None


def rated(stated: str | None, confidence: float | None, **changes: object) -> Answer:
    return make_answer(stated, confidence=confidence, **changes)


def test_one_confident_answer_outweighs_two_unsure_ones() -> None:
    answers = [rated("4", 0.2), rated("4.0", 0.3), rated("5", 0.6, writer="b", verdict=RIGHT)]
    vote = weighted_vote(answers, NUMBERS)
    assert (vote.writer, vote.stated, vote.verdict) == ("weighted_vote", "5", RIGHT)
    # A vote costs what all of its answers cost, and has no confidence of its own.
    assert (vote.tokens, vote.confidence) == (30, None)
    assert majority(answers, NUMBERS).stated == "4"
    answers[0] = replace(answers[0], confidence=0.31)
    assert weighted_vote(answers, NUMBERS).stated == "4"


def test_equal_confidence_is_the_plain_vote() -> None:
    for stated_texts in product([None, "1", "2", "2.0"], repeat=4):
        for confidence in (0.0, 0.25):
            answers = [
                rated(text, confidence, writer=str(number))
                for number, text in enumerate(stated_texts)
            ]
            plain = replace(majority(answers, NUMBERS), writer="weighted_vote")
            assert weighted_vote(answers, NUMBERS) == plain


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
        assert weighted_vote(judged, NUMBERS).stated == "2"
        assert routed(judged).stated == "1"


def test_confidence_is_a_probability_of_what_is_stated() -> None:
    assert has_confidence([rated("1", 0.5), rated(None, None)])
    assert not has_confidence([rated("1", 0.5), rated("1", None)])
    assert not has_confidence([rated(None, None)]) and not has_confidence([])
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="expected a probability"):
            weighted_vote([rated("1", wrong)], NUMBERS)
        with pytest.raises(ValueError, match="expected a probability"):
            routed([rated("1", wrong)])
