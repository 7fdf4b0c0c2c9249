"""Agents' weights are made once, committed together, and taken for what they are."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from collate.config.schema import ModelConfig, RunConfig, TaskConfig
from collate.errors import RunFolderError
from collate.models.weights import FINISHED, AgentWeights
from collate.store.run_folder import RunFolder
from collate.store.run_weights import committed_weights, copy_weights, make_weights

INPUTS = {"agent-1": {"seed": "1"}, "agent-2": {"seed": "2"}}


def opened(folder: Path) -> RunFolder:
    config = RunConfig(
        name="a", folder=str(folder), model=ModelConfig(name="m"), task=TaskConfig(name="t")
    )
    return RunFolder.open(config, {"model": "digest"}, notify=print)


def written(places: Mapping[str, Path]) -> None:
    for agent, place in places.items():
        (place / FINISHED).mkdir(parents=True)
        (place / FINISHED / "adapter.txt").write_text(agent)


def never(places: Mapping[str, Path]) -> None:
    raise AssertionError(f"{list(places)} made again")


def test_what_is_made_is_not_made_again_unless_it_comes_from_something_else(
    tmp_path: Path,
) -> None:
    asked: list[list[str]] = []

    def work(places: Mapping[str, Path]) -> None:
        asked.append(list(places))
        written(places)

    make_weights(opened(tmp_path), 1, INPUTS, work)
    make_weights(opened(tmp_path), 1, INPUTS, never)
    made = committed_weights(opened(tmp_path), 1, "adapter")
    assert sorted(made) == ["agent-1", "agent-2"]
    assert made["agent-1"].digest != made["agent-2"].digest
    make_weights(opened(tmp_path), 1, INPUTS | {"agent-2": {"seed": "3"}}, work)
    assert asked == [["agent-1", "agent-2"], ["agent-2"]]
    assert not list((tmp_path / "a" / "round-01" / "agents").glob(".agent-*"))


def test_work_that_was_done_before_a_crash_is_taken_over(tmp_path: Path) -> None:
    def crash(places: Mapping[str, Path]) -> None:
        written({"agent-1": places["agent-1"]})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_weights(opened(tmp_path), 1, INPUTS, crash)
    asked: list[str] = []

    def rest(places: Mapping[str, Path]) -> None:
        asked.extend(places)
        written(places)

    make_weights(opened(tmp_path), 1, INPUTS, rest)
    assert asked == ["agent-2"]


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    make_weights(folder, 1, INPUTS, written)
    (folder.path / "round-01" / "agents" / "agent-1" / "adapter.txt").write_text("other")
    with pytest.raises(RunFolderError, match="not the file that the run wrote"):
        committed_weights(folder, 1, "adapter")


def test_another_runs_weights_are_copied(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "adapter.txt").write_text("warm")
    start = {"agent-1": AgentWeights("agent-1", "d", str(source), "adapter")}
    folder = opened(tmp_path)
    make_weights(folder, 0, {"agent-1": {"start": "d"}}, lambda at: copy_weights(start, at))
    (made,) = committed_weights(folder, 0, "adapter").values()
    assert (Path(str(made.folder)) / "adapter.txt").read_text() == "warm"
