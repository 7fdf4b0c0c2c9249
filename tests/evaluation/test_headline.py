"""The one answer that stands for a run is the one that its table of results is about."""

import random
from collections.abc import Sequence

import pytest

from collate.evaluation.headline import Right, run_answers
from collate.evaluation.metrics import measure
from collate.evaluation.subjects import BASE, READER
from collate.tables import RIGHT, WRONG, Answer, Metric, Question
from tests.evaluation.rows import make_answer

QUESTIONS = [
    Question(f"{split}{number}", "t", split, "?", "1")
    for split in ("validation", "test")
    for number in "123"
]


def answers_of(writer: str, stated: str, sample: int = 0) -> list[Answer]:
    """One answer to every question; 1 is the right one."""
    return [
        make_answer(
            stated, RIGHT if stated == "1" else WRONG, writer=writer, sample=sample,
            question_id=question.id, split=question.split, confidence=0.5,
        )
        for question in QUESTIONS
    ]  # fmt: skip


# Agent 2 is right and agent 1 is not, so that every vote is a tie.
BASE_ANSWERS = answers_of(BASE, "2")
AGENT_ANSWERS = [*answers_of("agent-1", "2"), *answers_of("agent-2", "1")]


def metrics_of_agents() -> list[Metric]:
    return measure(
        AGENT_ANSWERS, base=BASE_ANSWERS, round=1, agents=["agent-1", "agent-2"],
        resamples=100, seed=0,
    )  # fmt: skip


def headline(answers: Sequence[Answer], answer_by: str) -> tuple[Right, Right]:
    shuffled = random.Random(0).sample(list(answers), len(answers))
    return run_answers(
        QUESTIONS, shuffled, BASE_ANSWERS, metrics_of_agents(),
        answer_by=answer_by,
    )  # fmt: skip


@pytest.mark.parametrize("answer_by", ["best", "vote", "weighted_vote", "routed"])
def test_a_run_answers_as_its_table_says(answer_by: str) -> None:
    in_table = {
        metric.model: metric.value
        for metric in metrics_of_agents()
        if (metric.split, metric.name) == ("test", "accuracy")
    }
    # Round 0 has the base's answers among its own, and they are no candidates.
    for answers in (AGENT_ANSWERS, [*BASE_ANSWERS, *AGENT_ANSWERS]):
        right, base = headline(answers, answer_by)
        assert sum(right.values()) / len(right) == in_table[answer_by] == 1.0
        assert set(right) == set(base) == {"test1", "test2", "test3"}
        assert not any(base.values())


def test_samples_of_the_best_agent_vote_for_a_run() -> None:
    samples: list[Answer] = []
    for sample, stated in enumerate(["2", "1", "1"], start=1):
        samples += answers_of("agent-2", stated, sample)
        samples += answers_of("agent-1", "2", sample)
    right, _ = headline([*AGENT_ANSWERS, *samples], "samples")
    assert len(right) == 3 and all(right.values())


def test_a_reader_answers_alone_where_there_is_one() -> None:
    right, _ = headline([*AGENT_ANSWERS, *answers_of(READER, "2")], "reader")
    assert len(right) == 3 and not any(right.values())
    # And nowhere else.
    right, _ = headline([*AGENT_ANSWERS, *answers_of(READER, "2")], "best")
    assert len(right) == 3 and all(right.values())


def test_where_no_round_was_finished_the_best_agent_stands_for_a_reader() -> None:
    right, _ = headline([*BASE_ANSWERS, *AGENT_ANSWERS], "reader")
    assert len(right) == 3 and all(right.values())
