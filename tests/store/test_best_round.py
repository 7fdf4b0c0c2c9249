"""A run that ends early is measured by the round that was best on validation questions."""

from dataclasses import replace
from pathlib import Path

import pytest

from collate.config.schema import ModelConfig, RunConfig
from collate.evaluation.headline import best_round, headline
from collate.store.run_folder import RunFolder
from collate.tables import RIGHT, WRONG, Answer, Metric, Question

CONFIG = RunConfig(name="a", model=ModelConfig(name="m"))


def given(agent: str, right: bool) -> Answer:
    return Answer(
        question_id="q", split="test", agent=agent, sample=0, text="", tokens=1,
        finish_reason="stop", stated="1", verdict=RIGHT if right else WRONG, found="1",
        found_verdict=RIGHT if right else WRONG,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("validation", "patience", "wanted"),
    [
        ([0.2, 0.5, 0.4], None, 2),
        ([0.2, 0.5, 0.4], 1, 1),
        ([0.2, 0.5, 0.5], 1, 1),
        ([0.6, 0.3, 0.4], 2, 2),  # none is better than before: the best of the rounds
    ],
)
def test_the_round_that_stands_for_a_run(
    tmp_path: Path, validation: list[float], patience: int | None, wanted: int
) -> None:
    config = replace(CONFIG, folder=str(tmp_path), patience=patience)
    folder = RunFolder.open(config, {"model": "m", "questions": "q"})
    folder.stage("questions", {"questions": Question},
                 lambda: [{"questions": [Question("q", "t", "test", "?", "1")]}])  # fmt: skip
    for number, value in enumerate(validation):
        at = f"round-{number:02d}"
        metrics = [
            Metric(number, "validation", agent, "accuracy", height, None, None, 10)
            for agent, height in (("agent-1", value), ("agent-2", 0.0), ("vote", 1.0))
        ]
        answers = [given("agent-1", number == wanted), given("base", False)]
        rows = {f"{at}/answers": answers, f"{at}/metrics": metrics}
        tables = {f"{at}/answers": Answer, f"{at}/metrics": Metric}
        folder.stage(f"{at}/evaluate", tables, lambda rows=rows: [rows])
    assert best_round(folder, config) == wanted
    assert headline(folder, config) == ({"q": True}, {"q": False})
