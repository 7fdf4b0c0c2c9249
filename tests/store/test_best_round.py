"""A run that ends early is taken by the round that was best on validation questions, everywhere."""

from dataclasses import replace
from pathlib import Path

import pytest

from collate.config.schema import ModelConfig, RunConfig
from collate.console.summary import answers_of_run
from collate.errors import InputError
from collate.models.weights import FINISHED
from collate.store.run_folder import RunFolder
from collate.store.run_weights import best_agent_of, chosen_round, make_weights, weights_of
from collate.tables import RIGHT, WRONG, Answer, Metric, Question

CONFIG = RunConfig(name="a", model=ModelConfig(name="m"))


def answer(writer: str, right: bool) -> Answer:
    return Answer(
        question_id="q", task="t", split="test", writer=writer, model="m", sample=0, text="",
        tokens=1, finish_reason="stop", stated="1", verdict=RIGHT if right else WRONG, found="1",
        found_verdict=RIGHT if right else WRONG, stated_key="1", found_key="1",
    )  # fmt: skip


def run_with(config: RunConfig, validation: list[float], right_in: int) -> RunFolder:
    """A run whose best agent has these validation accuracies, from before the first round on."""
    folder = RunFolder.open(config, {"model": "m", "questions": "q"}, notify=print)
    folder.note("agents", [{"name": "agent-1"}, {"name": "agent-2"}])
    questions = folder.stage("questions", {"questions": Question})
    questions.write([{"questions": [Question("q", "t", "test", "?", "1")]}])
    for number, value in enumerate(validation):
        metrics = [
            Metric(number, "validation", model, "accuracy", height, None, None, 10)
            for model, height in (("agent-1", value), ("agent-2", 0.0), ("vote", 1.0))
        ]
        answers = [answer("agent-1", number == right_in), answer("base", False)]
        tables = {"answers": Answer, "metrics": Metric}
        stage = folder.stage(f"round-{number:02d}/evaluate", tables)
        stage.write([{"answers": answers, "metrics": metrics}])
        if number:
            make_weights(folder, number, {"agent-1": {"round": str(number)}}, write_adapter)
    return folder


def write_adapter(scratch: dict[str, Path]) -> None:
    for place in scratch.values():
        (place / FINISHED).mkdir(parents=True)
        (place / FINISHED / "adapter.txt").write_text("weights")


@pytest.mark.parametrize(
    ("validation", "patience", "best"),
    [
        ([0.2, 0.5, 0.4], None, 2),
        ([0.2, 0.5, 0.4], 1, 1),
        ([0.2, 0.5, 0.5], 1, 1),
        ([0.6, 0.3, 0.4], 2, 2),  # none is better than before: the best of the rounds
    ],
)
def test_the_round_that_stands_for_a_run(
    tmp_path: Path, validation: list[float], patience: int | None, best: int
) -> None:
    config = replace(CONFIG, folder=str(tmp_path), patience=patience)
    folder = run_with(config, validation, right_in=best)
    assert chosen_round(folder, config) == best
    assert best_agent_of(folder, best) == "agent-1"
    assert answers_of_run(config, folder) == ({"q": True}, {"q": False})
    weights, round = weights_of(folder, config)
    assert round == best and f"round-{best:02d}" in str(weights["agent-1"].folder)
    assert weights["agent-2"].kind == "base"


def test_the_last_round_and_any_other_can_be_asked_for(tmp_path: Path) -> None:
    config = replace(CONFIG, folder=str(tmp_path), patience=1)
    folder = run_with(config, [0.2, 0.5, 0.4], right_in=1)
    assert weights_of(folder, config, "last")[1] == 2
    weights, round = weights_of(folder, config, 2)
    assert round == 2 and "round-02" in str(weights["agent-1"].folder)
    with pytest.raises(InputError, match="round 3 is not finished; there are 0, 1, 2"):
        weights_of(folder, config, 3)
