"""Events reach every listener; one that fails is dropped, and the run goes on."""

import json
from pathlib import Path

from rich.console import Console

from collate.console.events import Event, EventFile, Events, LogFile
from collate.console.terminal import Terminal


def emit_some(events: Events) -> None:
    with events.stage("tune", round=1, unit="steps", total=2) as tick:
        events.emit("tuning_step", numbers={"step": 1, "loss": 0.69}, labels={"agent": "agent-1"})
        tick(1, 40)
        events.emit("tuning_step", numbers={"step": 2, "loss": 0.5}, labels={"agent": "agent-1"})
        tick(2, 80)
    events.message("68 preferences for 2 agents")
    events.message("warning: a loss rose")


def test_a_listener_is_ten_lines() -> None:
    losses: list[float] = []
    warnings: list[str] = []

    def listen(event: Event) -> None:
        if event.name == "tuning_step":
            losses.append(event.numbers["loss"])
        if event.name == "warning":
            warnings.append(event.text)

    emit_some(Events([], [listen]))
    assert losses == [0.69, 0.5]
    assert warnings == ["warning: a loss rose"]


def test_a_further_listener_that_fails_is_dropped_with_a_warning() -> None:
    heard: list[Event] = []

    def fail(event: Event) -> None:
        raise ConnectionError("no server")

    emit_some(Events([heard.append], [fail]))
    warnings = [event.text for event in heard if event.name == "warning"]
    assert warnings == [
        "warning: a listener of this run failed and is dropped (ConnectionError: no server)",
        "warning: a loss rose",
    ]
    assert [event.name for event in heard].count("tuning_step") == 2


def test_the_file_has_a_line_of_json_for_every_event_but_progress(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    emit_some(Events([EventFile(path)]))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["event"] for line in lines] == [
        "stage_started", "tuning_step", "tuning_step", "stage_finished", "message", "warning",
    ]  # fmt: skip
    assert lines[1]["loss"] == 0.69 and lines[1]["agent"] == "agent-1"
    assert lines[3]["total"] == 2 and lines[3]["tokens"] == 80 and lines[3]["unit"] == "steps"
    assert all(line["time"].endswith("+00:00") for line in lines)


def test_the_log_has_what_was_said_and_when_stages_ended(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    emit_some(Events([LogFile(path)]))
    text = path.read_text()
    assert "round 1 tune started: 2 steps\n" in text
    assert "round 1 tune finished: 2 steps in 0.0 s" in text
    assert "68 preferences for 2 agents" in text and "warning: a loss rose" in text


def test_the_terminal_has_a_line_for_a_stage_that_ended(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        emit_some(Events([Terminal(Console(file=out, width=100))]))
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines[0].startswith("  round 1  tune        2 steps, 80 tokens")
    assert lines[0].endswith(" s")
    assert lines[1] == "                       68 preferences for 2 agents"
    assert lines[2] == "  warning: a loss rose"


def test_what_was_done_before_is_told_apart(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        events = Events([Terminal(Console(file=out, width=100))])
        with events.stage("generate", round=0, unit="answers", total=9, stored=4):
            pass
    assert "before  generate" in (tmp_path / "out").read_text()
    assert "9 answers, 4 of them from before" in (tmp_path / "out").read_text()
