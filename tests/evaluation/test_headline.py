"""The one answer that stands for a run is the one that its table of results is about."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from collate.config.schema import EvaluationConfig, RunConfig
from collate.evaluation.headline import headline
from collate.evaluation.metrics import READER, measure
from collate.store.run_folder import RunFolder
from collate.tables import Answer, Question

QUESTIONS = [Question(f"{s}{n}", "t", s, "?", "1") for s in ("validation", "test") for n in "123"]


def answers(agent: str, stated: str) -> list[Answer]:
    verdict = "right" if stated == "1" else "wrong"
    return [
        Answer(
            question_id=q.id, split=q.split, agent=agent, sample=0, text="", tokens=1,
            finish_reason="stop", stated=stated, verdict=verdict, found=stated,
            found_verdict=verdict, confidence=0.5,
        )
        for q in QUESTIONS
    ]  # fmt: skip


def folder_of(rounds: list[int], *, read: bool = False) -> tuple[RunFolder, dict[str, float]]:
    """Agent 2 is right and agent 1 is not, so that every vote is a tie."""
    base, own = answers("base", "2"), [*answers("agent-1", "2"), *answers("agent-2", "1")]
    metrics = measure(
        own, base=base, round=1, agents=["agent-1", "agent-2"], answer_kind="number",
        bootstrap=100, seed=0,
    )  # fmt: skip
    after = [*own, *(answers(READER, "1") if read else [])]
    tables: dict[str, list[Any]] = {
        "round-00/answers": [*base, *own], "round-01/answers": after, "questions": QUESTIONS,
        "round-00/metrics": [replace(m, round=0) for m in metrics], "round-01/metrics": metrics,
    }  # fmt: skip
    folder = SimpleNamespace(
        evaluated=lambda: rounds, rows=lambda table, _: tables[table],
        round=lambda number: Path(f"round-{number:02d}"),
    )  # fmt: skip
    shown = {m.agent: m.value for m in metrics if (m.split, m.name) == ("test", "accuracy")}
    return cast(RunFolder, folder), shown


@pytest.mark.parametrize("how", ["best", "vote", "weighted_vote", "routed"])
def test_a_run_answers_as_its_table_says(how: str) -> None:
    folder, shown = folder_of([0, 1])
    config = RunConfig(evaluation=EvaluationConfig(answer_by=how, confidence=True))
    right, base = headline(folder, config)
    assert sum(right.values()) / len(right) == shown[how] == 1.0
    assert right.keys() == base.keys() and not any(base.values())


def test_where_no_round_was_finished_the_best_agent_stands_for_a_reader() -> None:
    config = RunConfig(evaluation=EvaluationConfig(answer_by="reader", reader="base"))
    assert len(headline(folder_of([0, 1], read=True)[0], config)[0]) == 3
    assert len(headline(folder_of([0])[0], config)[0]) == 3
