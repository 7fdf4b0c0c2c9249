"""What is known to fail is said before anything starts, all at once, and nothing is written."""

import importlib.util
import os
import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from collate.commands.preflight import preflight
from collate.config.schema import EngineConfig, ModelConfig, RunConfig, TaskConfig
from collate.errors import InputError
from collate.store.identity import check_same_settings, run_path
from collate.store.run_folder import RunFolder

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def config(tiny_model: Path, tmp_path: Path) -> RunConfig:
    questions = tmp_path / "questions.csv"
    rows = "\n".join(f"What is {i} + 1?,{i + 1}" for i in range(40))
    questions.write_text(f"question,answer\n{rows}\n")
    return RunConfig(
        name="a",
        folder=str(tmp_path / "runs"),
        model=ModelConfig(name=str(tiny_model)),
        task=TaskConfig(name="mine", kind="table", path=str(questions)),
    )


def test_a_good_request_gives_the_questions(config: RunConfig) -> None:
    data = preflight(config)
    assert len(data.questions) == 40
    assert {q.split for q in data.questions} == {"train", "validation", "test"}
    assert not Path(config.folder).exists()


def test_every_obstacle_is_named_at_once(
    config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "vllm" else real(n))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 2**40, 2**28))
    bad = replace(
        config,
        model=ModelConfig(name="packaged:nothing"),
        task=replace(config.task, path="nowhere.csv"),
    )
    with pytest.raises(InputError) as raised:
        preflight(bad)
    text = str(raised.value)
    assert "pip install -e '.[cpu]'" in text
    assert "no such packaged model" in text
    assert "0.2 GiB are free" in text
    assert "nowhere.csv" in text
    assert not Path(config.folder).exists()


def test_a_folder_that_cannot_be_written_to_is_named(
    config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk that is mounted read-only; the tests may run as root, whom no mode stops."""
    real, parent = os.access, Path(config.folder).parent
    monkeypatch.setattr(os, "access", lambda path, mode: path != parent and real(path, mode))
    with pytest.raises(InputError, match="cannot be written to, and the run would go to"):
        preflight(config)


def test_transformers_needs_no_vllm(config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "vllm" else real(n))
    assert preflight(replace(config, engine=EngineConfig(kind="transformers"))).questions


def test_a_run_is_bound_to_its_settings_but_not_to_where_its_work_is_spread(
    config: RunConfig,
) -> None:
    RunFolder.open(config, {"model": "m", "questions": "q"}, notify=print)
    check_same_settings(replace(config, ray=replace(config.ray, work_deadline=5.0)))
    with pytest.raises(InputError) as raised:
        check_same_settings(replace(config, seed=3))
    assert "seed: 0 when the run began, 3 now" in str(raised.value)


def test_a_changed_model_or_question_file_is_noticed(config: RunConfig) -> None:
    RunFolder.open(config, {"model": "m", "questions": "q"}, notify=print)
    with pytest.raises(InputError) as raised:
        RunFolder.open(config, {"model": "m", "questions": "other"}, notify=print)
    assert "questions: q when the run began, other now" in str(raised.value)


def test_a_run_without_a_name_is_named_by_its_task_and_settings(config: RunConfig) -> None:
    unnamed = replace(config, name=None)
    assert run_path(unnamed).name.startswith("mine-")
    assert run_path(unnamed) != run_path(replace(unnamed, seed=1))
    assert run_path(unnamed) == run_path(replace(unnamed, ray=replace(config.ray, address="auto")))
