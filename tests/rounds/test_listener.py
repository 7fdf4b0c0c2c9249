"""A listener of ten lines hears a run: the loss of each step while tuning goes on, the results."""

import json
from pathlib import Path

from collate.commands.run import run
from collate.config.build import build
from collate.config.compose import jobs
from collate.console.events import Event
from tests.command_line import TINY_RUN


def test_losses_arrive_while_an_agent_is_tuned(
    tiny_model: Path, tmp_path: Path, kept_workers: None
) -> None:
    losses: list[tuple[str, float]] = []
    order: list[str] = []

    def listen(event: Event) -> None:
        order.append(event.name)
        if event.name == "tuning_step":
            losses.append((event.labels["agent"], event.numbers["loss"]))

    (job,), problems = jobs(
        [f"model={tiny_model}", *TINY_RUN, "engine=transformers", "rounds=1", "name=heard",
         f"folder={tmp_path}"],
        [],
    )  # fmt: skip
    assert not problems
    path = run(build(job.settings), listeners=[listen])
    assert {agent for agent, _ in losses} == {"agent-1", "agent-2"}
    # Steps come between the start and the end of their stage, not after it.
    first, last = order.index("tuning_step"), len(order) - 1 - order[::-1].index("tuning_step")
    started = max(i for i, name in enumerate(order[:first]) if name == "stage_started")
    finished = order.index("stage_finished", started)
    assert first < finished and "stage_progress" in order[started:finished]
    assert last < order.index("run_finished")
    lines = [json.loads(line) for line in (path / "events.jsonl").read_text().splitlines()]
    written = [(line["agent"], line["loss"]) for line in lines if line["event"] == "tuning_step"]
    assert written == losses
    evaluated = [line for line in lines if line["event"] == "round_evaluated"]
    assert [line["round"] for line in evaluated] == [0, 1]
    assert "agent-1.test.accuracy" in evaluated[1]
