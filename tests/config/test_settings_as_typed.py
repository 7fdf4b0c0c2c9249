"""Settings as they are typed: a text stays the text that was typed, and ~ is the home folder.

A composition costs a quarter of a second, so that one holds as many cases as there are settings of
a kind.
"""

import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from collate.config.build import build, flattened, read
from collate.config.compose import jobs
from collate.config.fields import settings_of
from collate.config.presets import conf_folder, preset_problems
from collate.config.schema import RunConfig
from collate.config.typed_text import split_at_commas, typed_text, written
from collate.config.yaml_texts import altered_texts
from collate.errors import InputError
from tests.command_line import here

# What looks like a number, a truth value, a date, a list, a mapping, a function, an interpolation.
TEXTS = [
    "7e12345", "1e10", "1E5", "0x10", "1_000", "0123456", "12345678", ".5", "5.", "+5", "-0",
    "12:30",
    "1.10", "yes", "no", "on", "true", "False", "inf", "nan", "NULL", "Null", "2024-01-01", "0b1",
    "####", "###", "~", "~1", "#", "##=", "=", "a=b", "epoch=9", "==", "a (1)", "(a", "a)",
    "[INST]",
    "[a,b]", "[", "]", "{a: 1}", "{question}", "{question} Put it in \\boxed{}.", "}{", "a,b", ",",
    "a, b", "1,2", "$HOME", "$", "${seed}", "${oc.env:HOME}", "${", "ünï", "größer", "日本", "🙂",
    "It's", "don't, won't", 'say "x"', 'a "b" c', "'a' and b", "a\\b", "10\\,000", "\\boxed",
    "\\frac{1}{2}", "C:\\x\\", "a\\", "\\", "a:b", "<answer>", "a|b", "a;b", "a&b", "100%", "@",
    "*",
    "!", "?", "???", "a\nb", "a\tb", " a ", "choice(a,b)", "range(1,3)", "str(5)", "a  b", "-",
    "--x", "- a", "`a`", "^", "\u00a0", "null.", "nulls",
]  # fmt: skip


def value_of(settings: dict[str, Any], key: str) -> Any:
    return flattened(settings)[key]


def composed(*overrides: str, folders: Sequence[Path] = ()) -> dict[str, Any]:
    requested, problems = jobs(overrides, folders)
    assert problems == []
    return requested[0].settings


def text_keys() -> list[str]:
    return [setting.key for setting in settings_of(RunConfig).values() if setting.kind == "text"]


def batches(texts: Sequence[str]) -> Iterator[dict[str, str]]:
    """The texts spread over all settings that are texts, as many as go into one composition."""
    keys = text_keys()
    for start in range(0, len(texts), len(keys)):
        yield dict(zip(keys, texts[start : start + len(keys)], strict=False))


def test_a_text_is_what_was_typed() -> None:
    for texts in batches(TEXTS):
        settings = composed(*(f"{key}={text}" for key, text in texts.items()))
        assert {key: value_of(settings, key) for key in texts} == texts


def test_every_text_setting_takes_a_number_as_text() -> None:
    settings = composed(*(f"{key}=1e3" for key in text_keys()))
    config, problems = read(settings)
    assert {flattened(settings)[key] for key in text_keys()} == {"1e3"}
    assert not [problem for problem in problems if "expected a text" in problem]
    assert (config.name, config.folder, config.model.name) == ("1e3", "1e3", "1e3")


def test_quotes_around_a_text_are_taken_off() -> None:
    cases = {
        "'a b'": "a b", '"a b"': "a b", "''": "", '""': "", "'####'": "####", 
        '"/tmp/a=9"': "/tmp/a=9",
        "'null'": "null", "'It\\'s'": "It's", '"It\'s"': "It's", "'a, b'": "a, b",
        '"say \\"x\\""': 'say "x"', "'a\\\\'": "a\\", "'a\\nb'": "a\\nb", "": "", "'": "'",
        "'\\boxed{}'": "\\boxed{}", " 'a' ": "a", "'{question}'": "{question}", "'${x}'": "${x}",
    }  # fmt: skip
    for texts in batches(list(cases)):
        settings = composed(*(f"{key}={typed}" for key, typed in texts.items()))
        assert [value_of(settings, key) for key in texts] == [cases[t] for t in texts.values()]


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_null_is_null_and_a_plus_changes_nothing(sign: str) -> None:
    keys = ["agents.start", "task.test_path", "name", "task.system", "scoring.model"]
    settings = composed(*(f"{sign}{key}=null" for key in keys), f"{sign}task.path=a=b.jsonl")
    assert [value_of(settings, key) for key in keys] == [None] * 5
    assert value_of(settings, "task.path") == "a=b.jsonl"


def test_models_labels_and_lists_of_texts() -> None:
    settings = composed(
        "model=/tmp/a (1)", "task.labels.language=no", "task.labels.domain=1e3",
        "task.choices=[yes, 1e3, 0x10, \"a, b\", (c, d), ####, null, true]", "tuning.modes=[whole]",
    )  # fmt: skip
    assert settings["model"]["name"] == "/tmp/a (1)"
    assert settings["task"]["labels"] == {"language": "no", "domain": "1e3"}
    assert settings["task"]["choices"] == [
        "yes", "1e3", "0x10", "a, b", "(c, d)", "####", "null", "true",
    ]  # fmt: skip
    assert settings["tuning"]["modes"] == ["whole"]
    assert composed("task.choices=[]")["task"]["choices"] == []


def test_numbers_and_records_are_read_as_before() -> None:
    settings = composed(
        "seed=1_000", "tuning.learning_rate=1e-3", "rounds=3", "agents.vary_examples=false",
        "agents.temperatures=[1.0,0.5]", "task.dataset_args.min_terms=2",
        "agents.personas=[{name: brief, system: \"It's (so).\", top_p: 0.5}]",
        "experiment=[quickstart,rft]", "task.limit=null",
    )  # fmt: skip
    config = build(settings)
    assert (config.seed, config.tuning.learning_rate, config.rounds) == (1000, 1e-3, 3)
    assert config.agents.temperatures == [1.0, 0.5] and not config.agents.vary_examples
    assert config.task.dataset_args["min_terms"] == 2 and config.task.limit is None
    assert config.agents.personas[0].system == "It's (so)."
    assert config.pairs.rule == "right_only"


def test_what_is_typed_stands_above_every_preset() -> None:
    settings = composed("name=mine", "experiment=quickstart", "task.system=Be brief.", "task=gsm8k")
    assert (settings["name"], settings["task"]["system"]) == ("mine", "Be brief.")
    assert settings["task"]["name"] == "gsm8k"


def test_a_multirun_goes_through_texts_as_they_were_typed() -> None:
    requested, problems = jobs(
        ["task.marker=####,'a, b',It's", "model=~/m,Qwen/a@1e3", "name=choice(x,y)"], [],
        multirun=True,
    )  # fmt: skip
    assert problems == [] and len(requested) == 12
    markers = [job.settings["task"]["marker"] for job in requested]
    assert list(dict.fromkeys(markers)) == ["####", "a, b", "It's"]
    assert {job.settings["model"]["name"] for job in requested} == {"~/m", "Qwen/a@1e3"}
    assert {job.settings["name"] for job in requested} == {"x", "y"}
    assert requested[0].varied == ("task.marker=####", "model.name=~/m", "name=x")


def test_runs_of_a_multirun_have_names_of_their_own(tmp_path: Path) -> None:
    arguments = ("run", "-m", "--cfg", "job", "experiment=quickstart", "task.marker=####,@@@@")
    shown = here(*arguments, cwd=tmp_path)
    names = [line for line in shown.stdout.splitlines() if line.startswith("name: ")]
    assert len(names) == len(set(names)) == 2


@pytest.mark.parametrize(
    ("typed", "shell"),
    [
        ("task.system='It's so'", "'task.system=\"It'\"'\"'s so\"'"),
        ('task.system="a "b" c"', '\'task.system="a \\"b\\" c"\''),
        ("task.dataset_args.x=a(b", "'task.dataset_args.x=\"a(b\"'"),
    ],
)
def test_the_quoting_that_a_message_shows_works(typed: str, shell: str) -> None:
    _, problems = jobs([typed], [])
    assert len(problems) == 1 and shell in problems[0]
    in_shell = subprocess.run(
        ["sh", "-c", f"printf %s {shell}"], capture_output=True, text=True, check=True
    ).stdout
    key = typed.partition("=")[0]
    expected = {"task.dataset_args.x": "a(b"}.get(key, typed.partition("=")[2][1:-1])
    assert value_of(composed(in_shell), key) == expected


def test_written_overrides_are_read_back_here_and_by_hydra() -> None:
    parser = OverridesParser.create()
    for text in [*TEXTS, "null", "", "'a'", '"a"', "runs/a-1", "Qwen/Q2.5@main", "/home/jürgen/p"]:
        override = written("folder", text)
        assert shlex.split(shlex.join([override])) == [override]
        assert typed_text("folder", override.partition("=")[2]) == text
        if "${" not in text:
            assert parser.parse_override(override).value() == text
    assert written("name", None) == "name=null"
    assert written("folder", "/home/user/runs") == "folder=/home/user/runs"


def test_commas_in_quotes_and_brackets_separate_nothing() -> None:
    assert split_at_commas("a,b") == ["a", "b"]
    assert split_at_commas("'a,b', c") == ["'a,b'", " c"]
    assert split_at_commas("[a,b],{c,d},f(e,g)") == ["[a,b]", "{c,d}", "f(e,g)"]
    assert split_at_commas("It's,Don't") == ["It's", "Don't"]
    assert split_at_commas(":(,b") == [":(", "b"]  # a bracket that does not close is a character
    assert split_at_commas("") == [""]


# Home folders -------------------------------------------------------------------------------------


def test_a_tilde_is_the_home_folder_wherever_a_path_or_a_model_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    keys = [setting.key for setting in settings_of(RunConfig).values() if setting.names]
    config, _ = read(composed(*(f"{key}=~/x" for key in keys)))
    assert [value_of(asdict(config), key) for key in keys] == ["/home/me/x"] * len(keys)
    config, _ = read(composed('model="~/m@1"', "task.system=~/x", "folder=~", "task.marker=~"))
    assert (config.model.name, config.folder) == ("/home/me/m@1", "/home/me")
    assert (config.task.system, config.task.marker) == ("~/x", "~")


def test_every_setting_that_speaks_of_files_or_folders_says_that_it_names_one() -> None:
    for setting in settings_of(RunConfig).values():
        if setting.kind == "text" and any(
            word in f"{setting.key} {setting.description}"
            for word in ("path", "File ", "file ", "older", "Hub id", "The scorer")
        ):
            assert setting.names or setting.key == "name", setting.key


def test_a_run_is_found_below_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for typed in ("run=~/no", "run='~/no'"):
        told = here("report", typed, cwd=tmp_path)
        assert told.stderr.startswith(f"collate: collate report run={tmp_path}/no: no run there")


# Presets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "content", "line"),
    [
        ("model/a.yaml", "name: 0123456\n", "line 1: name is a text, and YAML reads 0123456 as"),
        ("model/a.yaml", "dtype: auto\nname: 7e12345\n", "line 2: name is a text, and YAML reads"),
        ("task/a.yaml", "marker: 12:30\n", "line 1: marker is a text, and YAML reads 12:30 as"),
        ("task/a.yaml", "labels: {language: no}\n", "YAML reads no as a truth value"),
        ("task/a.yaml", "choices: [yes, maybe]\n", "line 1: choices is a text, and YAML reads yes"),
        ("task/a.yaml", "examples:\n  - question: 1_000\n", "line 2: question is a text"),
        ("experiment/a.yaml", "# @package _global_\nagents:\n  personas: [{name: 0x10}]\n",
         'line 3: name is a text, and YAML reads 0x10 as a number; put it in quotes: "0x10"'),
        ("experiment/a.yaml", "# @package task\nsystem: 1.10\n", "line 2: system is a text"),
        ("experiment/a.yaml", "# @package _global_\nname: 1e3\n", "line 2: name is a text"),
    ],
)  # fmt: skip
def test_a_text_that_yaml_reads_as_something_else_is_told(
    tmp_path: Path, file: str, content: str, line: str
) -> None:
    path = tmp_path / file
    path.parent.mkdir()
    path.write_text(content)
    (problem,) = preset_problems(tmp_path)
    assert line in problem


def test_texts_that_yaml_keeps_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "task" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(
        "name: 2024\nmarker: '12:30'\nlabels: {language: 'no', domain: \"1e3\"}\n"
        "system: 2024-01-01\nlimit: 1_000\ntrain: 0.5\nsubset: null\nchoices: [1, 2, 30]\n"
        "dataset_args: {a: 1e3, b: no}\n"
    )
    settings = composed("task=mine", folders=[tmp_path])
    config, _ = read(settings)
    task = config.task
    assert (task.name, task.marker, task.limit, task.subset) == ("2024", "12:30", 1000, None)
    assert task.labels == {"language": "no", "domain": "1e3"} and task.choices == ["1", "2", "30"]
    assert task.system == "2024-01-01" and task.dataset_args == {"a": 1000.0, "b": False}


def test_shipped_presets_hold_no_such_text() -> None:
    paths = sorted(conf_folder().glob("*/*.yaml"))
    assert len(paths) > 30
    assert [p for path in paths for p in altered_texts(path, path.read_text("utf-8"))] == []


@pytest.mark.parametrize("value", [1e3, True, float("inf")])
def test_other_values_are_not_made_into_texts(value: float) -> None:
    with pytest.raises(InputError, match=r"task\.marker: expected a text, found .*quotes"):
        build({"task": {"marker": value}})
