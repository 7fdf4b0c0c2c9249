"""Every task preset has only known keys, and worked examples in the form that it asks for."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from collate.answers.judging import judge_text
from collate.answers.statements import cut_answer
from collate.config.schema import Example, TaskConfig
from collate.tables import RIGHT
from collate.tasks import load_task, prompt_problems
from collate.tasks.wording import split_options
from tests.tasks.files import write_jsonl

PRESETS = sorted((Path(__file__).parents[2] / "conf" / "task").glob("*.yaml"))


def settings_of(path: Path) -> dict[str, Any]:
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    return settings | {"examples": [Example(**example) for example in settings["examples"]]}


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_says_what_a_task_must_say(path: Path) -> None:
    settings = settings_of(path)
    assert set(settings) <= {field.name for field in fields(TaskConfig)}
    assert {"name", "kind", "answer_kind", "marker", "system", "prompt", "examples"} <= set(
        settings
    )
    assert settings["name"] == path.stem
    assert prompt_problems("task.prompt", settings["prompt"]) == []


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_worked_examples_state_one_answer_behind_steps(path: Path) -> None:
    config = TaskConfig(**settings_of(path))
    assert len({example.question for example in config.examples}) == len(config.examples)
    for example in config.examples:
        gold = example.response.rsplit(config.marker, 1)[1].strip()
        options = split_options(example.question)[1]
        judged = judge_text(config.answer_kind, config.marker, example.response, gold, options)
        assert judged.verdict == RIGHT
        assert len(cut_answer(example.response, config.marker)) > 5
        assert (config.answer_kind == "choice") == (len(options) > 1)


def test_chain_sum_examples_are_right_and_of_the_tasks_own_form() -> None:
    config = TaskConfig(**settings_of(next(path for path in PRESETS if path.stem == "chain_sum")))
    assert len(config.examples) >= 6
    for example in config.examples:
        head, _, terms = example.question.partition(": ")
        assert head == "State the final answer to the following arithmetic problem"
        first, *rest = terms.removesuffix(" =").split()
        value, steps = int(first), []
        for sign, term in zip(rest[::2], rest[1::2], strict=True):
            before, value = value, value + int(term) * (1 if sign == "+" else -1)
            steps.append((str(before), sign, term, str(value)))
        rationale, _, stated = example.response.partition("\n#### ")
        assert re.findall(r"(-?\d+) ([+-]) (\d+) = (-?\d+)", rationale) == steps
        assert stated == str(value)


def test_gsm8k_reads_a_local_file_by_share(tmp_path: Path) -> None:
    records = [
        {"question": f"Q{n}?", "answer": f"{n} + 1 = {n + 1}\n#### {n + 1}"} for n in range(64)
    ]
    settings = settings_of(next(path for path in PRESETS if path.stem == "gsm8k"))
    path = write_jsonl(tmp_path / "train.jsonl", records)
    data = load_task(TaskConfig(**(settings | {"path": path})))
    assert len(data.questions) == 64
    assert {question.split for question in data.questions} == {"train", "validation", "test"}
