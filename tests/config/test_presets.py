"""Every preset in `conf/` composes into a valid configuration, and overrides mean what they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from collate.config.build import build
from collate.config.compose import jobs
from collate.config.presets import conf_folder, preset_summary, presets_by_group
from collate.config.schema import SUPERVISED_RULES, RunConfig
from collate.errors import InputError

PRESETS = [
    (group, name) for group, names in presets_by_group([conf_folder()]).items() for name in names
]


def composed(*overrides: str) -> RunConfig:
    """The configuration of one command line."""
    composed_jobs, problems = jobs(overrides, [])
    if problems:
        raise InputError.of(problems)
    return build(composed_jobs[0].settings)


@pytest.mark.parametrize(("group", "preset"), PRESETS)
def test_every_shipped_preset_is_valid(group: str, preset: str) -> None:
    extra = ["task.path=questions.jsonl"] if group == "task" else []
    if preset in SUPERVISED_RULES:
        extra = ["tuning=sft"]
    if preset == "posterior":
        extra = ["task=multiple_choice", "task.path=questions.jsonl"]
    composed(f"{group}={preset}", *extra)
    if group == "experiment":  # a rival is put on a preset of task, model and sizes
        composed(f"experiment=[quickstart,{preset}]")


@pytest.mark.parametrize(("group", "preset"), PRESETS)
def test_every_preset_says_what_it_is_on_lines_that_fit(group: str, preset: str) -> None:
    path = conf_folder() / group / f"{preset}.yaml"
    assert re.fullmatch(r"([A-Z]|vLLM).{5,}\.", preset_summary(path))
    comment = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert max(map(len, comment)) <= 100


def test_the_first_sentence_of_a_presets_comment_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# @package _global_\n# Mine (et al., 2024): two\n# lines. More.\nrounds: 1\n")
    assert preset_summary(path) == "Mine (et al., 2024): two lines."
    path.write_text("rounds: 1\n# behind\n")
    assert preset_summary(path) == ""


def test_a_model_goes_by_its_own_name() -> None:
    assert composed("model=Qwen/Qwen2.5-0.5B-Instruct").model.name == "Qwen/Qwen2.5-0.5B-Instruct"


def test_commas_belong_to_a_text_outside_of_a_multirun() -> None:
    assert composed("task=multiple_choice", "task.options=a,b").task.options == "a,b"
    with pytest.raises(InputError, match="several values need a multirun"):
        composed("tuning.beta=0.1,0.3")


def test_swept_values_make_a_job_each() -> None:
    made, problems = jobs(["tuning.beta=0.1,0.3", "tuning=dpo,ipo", "seed=1"], [], multirun=True)
    assert problems == []
    assert [job.varied for job in made] == [
        ("tuning.beta=0.1", "tuning=dpo"), ("tuning.beta=0.1", "tuning=ipo"),
        ("tuning.beta=0.3", "tuning=dpo"), ("tuning.beta=0.3", "tuning=ipo"),
    ]  # fmt: skip
    assert {job.settings["seed"] for job in made} == {1}


@pytest.mark.parametrize("section", ["agents", "budget"])
def test_a_section_is_not_set_as_a_whole(section: str) -> None:
    with pytest.raises(InputError, match=rf"by itself, as {section}\.NAME=value"):
        composed(f"{section}={{count: 3}}")


def test_settings_of_a_data_set_and_labels_need_no_plus() -> None:
    config = composed(
        "task=procedural", "task.dataset=gcd", "task.dataset_args.min_value=3",
        "task.labels.language=de",
    )  # fmt: skip
    assert config.task.dataset_args["min_value"] == 3
    assert config.task.labels == {"language": "de"}


def test_personas_carry_their_decoding() -> None:
    config = composed("agents.personas=[{name: a, temperature: 1}, {name: b, top_p: 0.5}]")
    assert [(each.temperature, each.top_p) for each in config.agents.personas] == [
        (1.0, None),
        (None, 0.5),
    ]


def test_unknown_keys_and_presets_are_named_together_with_their_neighbours() -> None:
    with pytest.raises(InputError) as raised:
        composed("tuning.betta=1", "task=gsm8", "agents.cuont=3", "pairs.winner=own")
    text = str(raised.value)
    assert "did you mean tuning.beta?" in text
    assert "did you mean task=gsm8k?" in text
    assert "did you mean agents.count?" in text
    assert "pairs.winner: is now pairs.chosen_from" in text


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
    for text in ("tuning.beta=0.1", "Strength of the pull towards the reference", "task", "gsm8k"):
        assert text in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rn"], "did you mean run?"),
        (["run", "tuning.betta=1"], "did you mean tuning.beta?"),
        (["run", "rounds=-1"], "rounds=-1: at least 0"),
        (["run", "rounds"], "rounds: expected key=value"),
        (["run", "task=table", "task.path=nowhere.jsonl"], "nowhere.jsonl"),
        (["run", "model=./nowhere"], "no such folder"),
        (["run", "-m", "tuning.beta=0,-1"], "tuning.beta=-1: above 0"),
        (["evaluate", "run=nowhere"], "run=nowhere: no run there"),
        (["evaluate"], "needs run=FOLDER"),
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
    "module",
    ["collate.config.build", "collate.config.schema", "collate.config.help", "collate.cli"],
)
def test_settings_import_neither_torch_nor_ray_nor_vllm(module: str) -> None:
    heavy = ("torch", "ray", "vllm", "pandas", "pyarrow", "transformers")
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["collate", "collate.config.schema", "collate.cli"])
def test_what_every_process_imports_brings_no_pydantic(module: str) -> None:
    code = f"import sys, {module}; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
