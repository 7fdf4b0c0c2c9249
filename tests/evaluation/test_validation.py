"""What validation questions choose: an agent, a ranking, the base's prompt, a round."""

import random

import pytest

from collate.evaluation.validation import (
    answers_of_best_prompt,
    best_agent,
    best_round,
    rank_by_validation,
)
from collate.tables import RIGHT, UNKNOWN, WRONG, Answer
from tests.evaluation.rows import make_answer, make_metric


def judged(writer: str, *verdicts: str, split: str = "validation", sample: int = 0) -> list[Answer]:
    """A writer's answers to as many questions, judged so strictly and leniently."""
    return [
        make_answer(
            "1", verdict, writer=writer, split=split, sample=sample, question_id=f"{split}-{number}"
        )
        for number, verdict in enumerate(verdicts)
    ]


def test_agents_rank_by_right_answers_on_validation_questions() -> None:
    answers = [
        *judged("a", RIGHT, WRONG, UNKNOWN),
        *judged("b", RIGHT, RIGHT, WRONG),
        *judged("c", WRONG, WRONG, UNKNOWN),
        # Neither test questions, nor samples, nor other writers have a say.
        *judged("c", RIGHT, RIGHT, RIGHT, split="test"),
        *judged("c", RIGHT, RIGHT, RIGHT, sample=1),
        *judged("base", RIGHT, RIGHT, RIGHT),
    ]
    random.Random(0).shuffle(answers)
    assert rank_by_validation(answers, ["a", "b", "c"]) == ["b", "a", "c"]
    assert rank_by_validation(answers, ["c", "a"]) == ["a", "c"]


def test_equal_agents_rank_by_lenient_answers_and_then_as_they_came() -> None:
    lenient = make_answer(
        None, UNKNOWN, writer="b", split="validation", found="1", found_verdict=RIGHT
    )
    answers = [*judged("a", WRONG), lenient, *judged("c", WRONG)]
    assert rank_by_validation(answers, ["a", "b", "c"]) == ["b", "a", "c"]
    assert rank_by_validation(answers, ["c", "a", "b"]) == ["b", "c", "a"]
    assert rank_by_validation([], ["c", "a"]) == ["c", "a"]


def test_best_agent_is_chosen_on_validation_in_the_latest_round() -> None:
    metrics = [
        make_metric("a", 0.9, round=0),
        make_metric("a", 0.2), make_metric("b", 0.4),
        make_metric("vote", 0.8), make_metric("base", 0.7),
        make_metric("a", 0.99, split="test"), make_metric("b", 0.1, split="test"),
    ]  # fmt: skip
    assert best_agent(metrics) == "b"
    assert best_agent(metrics[::-1]) == "b"


def test_best_agent_breaks_ties_by_lenient_accuracy_then_name() -> None:
    strict = [make_metric("b", 0.4), make_metric("a", 0.4), make_metric("c", 0.4)]
    assert best_agent(strict) == "a"
    lenient = [
        make_metric("c", 0.6, "accuracy_lenient"),
        make_metric("a", 0.5, "accuracy_lenient"),
    ]
    assert best_agent(strict + lenient) == "c"
    # What an agent had in an earlier round breaks no tie.
    assert best_agent([*strict, make_metric("b", 0.9, "accuracy_lenient", round=0)]) == "a"
    with pytest.raises(ValueError, match="validation"):
        best_agent([make_metric("a", 0.4, split="test")])


def test_the_base_answers_under_the_prompt_that_serves_it_best() -> None:
    answers = [
        *judged("a", RIGHT, WRONG), *judged("a", RIGHT, RIGHT, split="test"),
        *judged("b", RIGHT, RIGHT), *judged("b", WRONG, WRONG, split="test"),
        *judged("c", RIGHT, RIGHT),
        *judged("b", RIGHT, RIGHT, split="test", sample=1),
    ]  # fmt: skip
    # Of b and c, which are equally good, the first; its greedy answers alone.
    chosen = [answer for answer in answers if answer.writer == "b" and answer.sample == 0]
    assert answers_of_best_prompt(answers) == chosen
    assert {answer.split for answer in chosen} == {"validation", "test"}


@pytest.mark.parametrize(
    ("accuracy_by_round", "best"),
    [({1: 0.5, 2: 0.4}, 1), ({1: 0.5, 2: 0.5}, 1), ({3: 0.6, 1: 0.3, 2: 0.6}, 2), ({4: 0.0}, 4)],
)
def test_best_round_is_the_earliest_of_the_most_accurate(
    accuracy_by_round: dict[int, float], best: int
) -> None:
    assert best_round(accuracy_by_round) == best
