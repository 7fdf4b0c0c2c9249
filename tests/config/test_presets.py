"""Every preset in `conf/` composes into a valid configuration, and overrides mean what they say."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from collate.config.build import build
from collate.config.compose import (
    checked_overrides,
    conf_folder,
    groups,
    register_schema,
    settings_of,
)
from collate.config.schema import SUPERVISED, RunConfig
from collate.errors import InputError

PRESETS = [(g, option) for g, options in groups([conf_folder()]).items() for option in options]


def composed(*overrides: str) -> RunConfig:
    register_schema()
    with initialize_config_dir(str(conf_folder().resolve()), version_base="1.3"):
        checked = checked_overrides(overrides, [conf_folder()])
        return build(settings_of(compose("run", checked)))


@pytest.mark.parametrize(("group", "preset"), PRESETS)
def test_every_shipped_preset_is_valid(group: str, preset: str) -> None:
    extra = ["task.path=questions.jsonl"] if group == "task" else []
    if preset in SUPERVISED:
        extra = ["tuning=sft"]
    if preset == "posterior":
        extra = ["task=multiple_choice", "task.path=questions.jsonl"]
    composed(f"{group}={preset}", *extra)
    if group == "experiment":  # a rival is put on a preset of task, model and sizes
        composed(f"experiment=[quickstart,{preset}]")


def test_a_model_goes_by_its_own_name() -> None:
    assert composed("model=Qwen/Qwen2.5-0.5B-Instruct").model.name == "Qwen/Qwen2.5-0.5B-Instruct"


def test_commas_belong_to_a_text_outside_of_a_multirun() -> None:
    assert composed("task=multiple_choice", "task.options=a,b").task.options == "a,b"
    with pytest.raises(InputError, match="several values need a multirun"):
        composed("tuning.beta=0.1,0.3")


def test_settings_of_a_data_set_need_no_plus() -> None:
    made = composed("task=procedural", "task.dataset=gcd", "task.dataset_args.min_value=3")
    assert made.task.dataset_args["min_value"] == 3


def test_unknown_keys_and_presets_are_named_together_with_their_neighbours() -> None:
    with pytest.raises(InputError) as raised:
        checked_overrides(["tuning.betta=1", "task=gsm8", "agents.cuont=3"], [conf_folder()])
    text = str(raised.value)
    assert "did you mean tuning.beta?" in text
    assert "did you mean task=gsm8k?" in text
    assert "did you mean agents.count?" in text


def test_interpolations_stay_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    assert composed("task.system='${oc.env:SECRET}'").task.system == "${oc.env:SECRET}"


def collate(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "collate", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False
    )


def test_the_command_line_prints_its_settings_and_stops(tmp_path: Path) -> None:
    done = collate("run", "--cfg", "job", "tuning.beta=0.3", cwd=tmp_path)
    assert done.returncode == 0
    assert "beta: 0.3" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_help_lists_every_setting_with_its_meaning(tmp_path: Path) -> None:
    done = collate("run", "--help", cwd=tmp_path)
    assert done.returncode == 0
    for text in ("tuning.beta=0.1", "strength of the pull towards the reference", "task", "gsm8k"):
        assert text in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rn"], "did you mean run?"),
        (["run", "tuning.betta=1"], "did you mean tuning.beta?"),
        (["run", "rounds=-1"], "rounds=-1: 0 (only measure) or more"),
        (["run", "rounds"], "rounds: expected key=value"),
        (["run", "task=table", "task.path=nowhere.jsonl"], "nowhere.jsonl"),
        (["run", "model=./nowhere"], "no such folder"),
        (["run", "-m", "tuning.beta=0,-1"], "tuning.beta=-1.0: above 0"),
        (["evaluate", "run=nowhere"], "run=nowhere: no run there"),
        (["evaluate"], "needs one run=FOLDER"),
        (["submit", "run"], "no cluster named"),
    ],
)
def test_bad_requests_end_with_status_2_and_write_nothing(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = collate(*arguments, cwd=tmp_path)
    assert message in done.stderr
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "module", ["collate.config.build", "collate.config.schema", "collate.cli", "collate"]
)
def test_settings_import_neither_torch_nor_ray_nor_vllm(module: str) -> None:
    code = (
        f"import sys, {module}; "
        "print([m for m in ('torch', 'ray', 'vllm', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_schema_has_help_for_every_setting() -> None:
    from collate.config.build import known_keys

    keys: dict[str, Any] = known_keys()
    assert all(field.metadata["help"] for field in keys.values())
