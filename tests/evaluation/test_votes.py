"""The vote: what counts as the same answer, who wins, what a tie does, what it must not see."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from time import perf_counter

import pytest

from collate.evaluation.votes import (
    Reader,
    agreement,
    disagree,
    has_confidence,
    majority,
    routed,
    weighted_vote,
    winner,
)
from collate.tables import RIGHT, UNKNOWN, WRONG, Answer

NUMBERS = Reader("number")


def answer(
    stated: str | None, verdict: str = WRONG, *, agent: str = "a", **other: object
) -> Answer:
    fields: dict[str, object] = {
        "question_id": "q",
        "split": "test",
        "agent": agent,
        "sample": 0,
        "text": f"text of {agent}",
        "tokens": 10,
        "finish_reason": "stop",
        "stated": stated,
        "verdict": verdict,
        "found": stated,
        "found_verdict": verdict,
    }
    return Answer(**(fields | other))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "same"),
    [
        ("number", ["18", "18.0", " 18 ", "+18", "$18", "18.", "36/2", "18.000"]),
        ("number", ["-1,234.5", "\N{MINUS SIGN}1234.50", "-2469/2"]),
        ("number", ["1/3", "2/6"]),
        ("choice", ["B", "(b)", "b.", "[B]"]),
        ("boolean", ["Yes", "yes.", "TRUE", "y"]),
        ("text", ["New  York", "new york.", "**New York**"]),
    ],
)
def test_spellings_of_one_answer_are_one_group(kind: str, same: list[str]) -> None:
    assert len({Reader(kind).key(text, "q") for text in same}) == 1


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
    assert len({Reader(kind).key(text, "q") for text in distinct}) == len(distinct)


@pytest.mark.parametrize(
    "text", ["9" * 1_000_000, "1/" * 500_000, " " * 1_000_000 + "1", "." * 999_999]
)
def test_a_hostile_answer_costs_little(text: str) -> None:
    start = perf_counter()
    NUMBERS.key(text, "q")
    assert perf_counter() - start < 1.0


def slow_winner(ballots: Sequence[str | None]) -> int | None:
    best, most = None, 0
    for place, ballot in enumerate(ballots):
        votes = 0
        for other in ballots:
            votes += ballot is not None and other == ballot
        if votes > most:
            best, most = place, votes
    return best


def test_winner_agrees_with_counting_by_hand() -> None:
    for ballots in product([None, "x", "y", "z"], repeat=5):
        assert winner(ballots) == slow_winner(ballots)


def test_the_majority_is_over_what_answers_say() -> None:
    ballots = [
        answer("7", WRONG, agent="a"),
        answer("18.0", RIGHT, agent="b"),
        answer("18", RIGHT, agent="c"),
    ]
    vote = majority(ballots, NUMBERS)
    assert (vote.agent, vote.text) == ("vote", "text of b")
    assert (vote.stated, vote.verdict) == ("18.0", RIGHT)
    assert vote.tokens == 30


def test_a_tie_goes_to_the_agent_named_first() -> None:
    two = [answer("7", WRONG, agent="a"), answer("18", RIGHT, agent="b")]
    assert majority(two, NUMBERS).stated == "7"
    assert majority(two[::-1], NUMBERS).stated == "18"


def test_an_unstated_answer_does_not_vote() -> None:
    silent = answer(None, UNKNOWN)
    vote = majority([silent, silent, answer("18", RIGHT, agent="c")], NUMBERS)
    assert (vote.stated, vote.verdict, vote.text) == ("18", RIGHT, "text of c")
    nobody = majority([silent, silent], NUMBERS)
    assert (nobody.stated, nobody.verdict, nobody.found_verdict) == (None, UNKNOWN, UNKNOWN)


def test_strict_and_lenient_votes_are_counted_apart() -> None:
    ballots = [
        answer("7", WRONG, agent="a"),
        answer(None, UNKNOWN, agent="b", found="18", found_verdict=RIGHT),
        answer(None, UNKNOWN, agent="c", found="18", found_verdict=RIGHT),
    ]
    vote = majority(ballots, NUMBERS)
    assert (vote.stated, vote.verdict) == ("7", WRONG)
    assert (vote.found, vote.found_verdict) == ("18", RIGHT)


def test_the_gold_answer_counts_no_votes() -> None:
    """Right answers in spellings that no reading joins stay apart, as wrong ones would."""
    ballots = [
        answer("seven", WRONG), answer("seven", WRONG),
        answer("eighteen", RIGHT), answer("18", RIGHT), answer("a dozen and six", RIGHT),
    ]  # fmt: skip
    assert majority(ballots, NUMBERS).verdict == WRONG


def test_disagreement_counts_an_unstated_answer_as_one_of_its_own() -> None:
    assert not disagree([answer("18"), answer("18.0")], NUMBERS)
    assert disagree([answer("18"), answer(None)], NUMBERS)
    assert not disagree([answer(None), answer(None)], NUMBERS)


def test_agreement_is_the_share_of_equal_answers() -> None:
    answers = {
        "a": [answer("1"), answer("2"), answer(None), answer("4")],
        "b": [answer("1.0"), answer("3"), answer(None), answer(None)],
        "c": [answer("9"), answer("2"), answer("3"), answer("4")],
    }
    assert agreement(answers, NUMBERS) == {("a", "b"): 0.5, ("a", "c"): 0.5, ("b", "c"): 0.0}


def test_an_option_is_read_by_its_letter_or_its_text() -> None:
    reader = Reader("choice", {"q": ("Paris", "Rome"), "other": ("Rome", "Paris")})
    assert reader.key("B", "q") == reader.key("(b) Rome", "q") == reader.key("rome", "q")
    assert reader.key("Rome", "other") == reader.key("A", "q")
    ballots = [answer("A"), answer("Rome", RIGHT, agent="b"), answer("B", RIGHT, agent="c")]
    assert majority(ballots, reader).verdict == RIGHT
    assert disagree(ballots, reader) and not disagree(ballots[1:], reader)


def test_a_missing_answer_has_no_key() -> None:
    assert NUMBERS.key(None, "q") is None
    assert NUMBERS.key("no number", "q") is not None


def sure(stated: str | None, confidence: float | None, **other: object) -> Answer:
    return answer(stated, confidence=confidence, **other)  # type: ignore[arg-type]


def test_one_sure_answer_outweighs_two_unsure_ones() -> None:
    answers = [sure("4", 0.2), sure("4.0", 0.3), sure("5", 0.6, agent="b", verdict=RIGHT)]
    vote = weighted_vote(answers, NUMBERS)
    assert (vote.agent, vote.stated, vote.verdict, vote.tokens) == ("weighted_vote", "5", RIGHT, 30)
    assert majority(answers, NUMBERS).stated == "4"
    answers[0] = replace(answers[0], confidence=0.31)
    assert weighted_vote(answers, NUMBERS).stated == "4"


def test_equal_confidence_is_the_plain_vote() -> None:
    for said in product([None, "1", "2", "2.0"], repeat=4):
        for weight in (0.0, 0.25):
            answers = [sure(text, weight, agent=str(n)) for n, text in enumerate(said)]
            plain = replace(majority(answers, NUMBERS), agent="weighted_vote")
            assert weighted_vote(answers, NUMBERS) == plain


def test_the_surest_answer_is_taken_whole() -> None:
    answers = [sure("1", 0.5), sure(None, None), sure("2", 0.7, agent="b"), sure("3", 0.7)]
    taken = routed(answers)
    assert taken == replace(answers[2], agent="routed", tokens=40)
    assert routed([sure(None, None, text="x"), sure(None, None)]).text == "x"
    assert routed([sure("1", 0.0), sure(None, None)]).stated == "1"


def test_neither_looks_at_verdicts() -> None:
    answers = [sure("1", 0.5), sure("2", 0.4), sure("2", 0.3)]
    for verdicts in product([RIGHT, WRONG, UNKNOWN], repeat=3):
        judged = [replace(a, verdict=v) for a, v in zip(answers, verdicts, strict=True)]
        assert weighted_vote(judged, NUMBERS).stated == "2"
        assert routed(judged).stated == "1"


def test_confidence_is_a_probability_of_what_is_stated() -> None:
    assert has_confidence([sure("1", 0.5), sure(None, None)])
    assert not has_confidence([sure("1", 0.5), sure("1", None)])
    assert not has_confidence([sure(None, None)]) and not has_confidence([])
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="expected a probability"):
            weighted_vote([sure("1", wrong)], NUMBERS)
        with pytest.raises(ValueError, match="expected a probability"):
            routed([sure("1", wrong)])
