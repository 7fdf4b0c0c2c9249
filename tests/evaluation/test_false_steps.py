"""The share of right rationales that have a false step."""

from dataclasses import replace

import pytest

from collate.evaluation.false_steps import FALSE_STEP_RATE, FalseSteps
from collate.evaluation.statistics import wilson
from collate.tables import GOLD, Metric, Rationale, Score
from tests.evaluation.rows import make_question, make_rationale

QUESTION = make_question("q1", gold="7")


def row(writer: str, sample: int, false_steps: int, **settings: str) -> tuple[Rationale, Score]:
    rationale, score = make_rationale(QUESTION, writer, sample, **settings)
    return rationale, replace(score, false_steps=false_steps)


def measured(*blocks: list[tuple[Rationale, Score]]) -> dict[str, Metric]:
    counted = FalseSteps(round=3, agents=["x", "y", "z"])
    for block in blocks:
        counted.add([rationale for rationale, _ in block], [score for _, score in block])
    metrics = counted.metrics()
    assert {(each.round, each.split, each.name) for each in metrics} <= {
        (3, "train", FALSE_STEP_RATE)
    }
    return {metric.model: metric for metric in metrics}


def test_right_rationales_with_a_false_step_are_counted_by_agent_and_over_all() -> None:
    first = [row("x", 0, 1), row("x", 1, 0), row("x", 2, 5, stated="8"), row("y", 0, 0)]
    second = [
        row("x", 3, 2),
        row("y", 1, 0),
        row("gold", 0, 1, origin=GOLD),
        row("z", 0, 1, stated="8"),
    ]
    metrics = measured(first, second)
    assert {name: (each.value, each.n) for name, each in metrics.items()} == {
        "x": (2 / 3, 3), "y": (0.0, 2), "agents": (2 / 5, 5),
    }  # fmt: skip
    low, high = wilson(2, 5)
    assert (metrics["agents"].low, metrics["agents"].high) == pytest.approx((low, high))


def test_there_is_no_share_where_nothing_is_right() -> None:
    assert measured([row("x", 0, 1, stated="8")]) == measured() == {}
