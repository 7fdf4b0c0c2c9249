"""A job gets collate's own files and what its settings name, and reads them as they were typed."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import collate
from collate.cli import main
from collate.commands import job_files
from collate.commands import submit as submit_module
from collate.commands.job_files import QUESTION_SUFFIXES
from collate.commands.submit import absolute_paths, requested_job
from collate.config.compose import jobs
from collate.config.schema import TaskConfig
from collate.config.sent_files import SENT_FILES
from collate.errors import InputError
from collate.tasks import load_task
from collate.tasks.sources import _READERS

PACKAGE = Path(collate.__file__).parent
ROWS = "".join(f'{{"question": "What is {n} + 1?", "answer": {n + 1}}}\n' for n in range(20))
PRIVATE = [
    ".env", ".netrc", ".ssh/id_rsa", ".aws/credentials", ".git-credentials", ".huggingface/token",
    ".cache/huggingface/token", "key.pem", "secrets.yaml", "id_ed25519", "notes.txt", "a.py",
    "data/other.jsonl", "conf/secrets.yaml", "secrets/prod.yaml", "runs/a/config.yaml",
    "mine/.env", "mine/prod.yaml", "mine/secrets/prod.yaml", "mine/task/.hidden.yaml",
    "mine/task/key.pem",
]  # fmt: skip
NAMES = [
    "a b", "jürgen", "epoch=9", "a (1)", "it's", 'say "x"', "a,b", "$HOME", "[x]", "{x}", "日本",
    "~x",
    "a:b@c", "null", "1e3", "#1", "a\\b", "100%", "&;|", " a ",
]  # fmt: skip


class Cluster:
    """Stands where Ray's client stands, and keeps what it is given."""

    def __init__(self) -> None:
        self.entrypoint, self.files, self.variables = "", dict[str, bytes](), dict[str, str]()

    def submit_job(self, *, entrypoint: str, runtime_env: dict[str, Any]) -> str:
        folder = Path(runtime_env["working_dir"])
        assert not [path for path in folder.rglob("*") if path.is_symlink()]
        paths = [path for path in folder.rglob("*") if path.is_file()]
        self.files = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
        self.entrypoint, self.variables = entrypoint, runtime_env["env_vars"]
        return "job-1"

    @property
    def overrides(self) -> list[str]:
        """What the job gives collate behind the verb."""
        words = shlex.split(self.entrypoint)
        assert words[1:3] == ["-m", "collate"]
        return words[4:]

    @property
    def others(self) -> set[str]:
        """What it was sent besides collate's own package and presets."""
        return {name for name in self.files if name.split("/")[0] not in ("collate", "conf")}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    made = Cluster()
    monkeypatch.setattr(submit_module, "_client", lambda _: made)
    return made


def submit(*arguments: str) -> int:
    return main(["submit", "--address", "http://127.0.0.1:9", "--no-wait", *arguments])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder full of what nobody wants to send, with a preset and questions in it."""
    for name in [*PRIVATE, "q.jsonl", "mine/task/own.yaml", "mine/experiment/x.yaml"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("password: s3cret\n")
    (tmp_path / "q.jsonl").write_text(ROWS)
    (tmp_path / "mine/task/own.yaml").write_text("kind: table\npath: q.jsonl\n")
    (tmp_path / "mine/experiment/x.yaml").write_text("# @package _global_\nrounds: 1\n")
    (tmp_path / "dangling").symlink_to("/gone")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("verb", [["run"], ["evaluate", "model=packaged:smollm2-135m-instruct"]])
def test_of_a_home_folder_nothing_is_sent(home: Path, cluster: Cluster, verb: list[str]) -> None:
    assert submit(*verb, "rounds=1") == 0
    assert cluster.others == set()
    assert b"s3cret" not in b"".join(cluster.files.values())


def test_the_whole_package_is_sent_and_the_job_starts_from_it(
    home: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def run_there(**job: Any) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "collate", "run", "--cfg", "job", "task=gsm8k"],
            cwd=job["runtime_env"]["working_dir"], env={**os.environ, "PYTHONPATH": ""},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seen.update(yaml.safe_load(done.stdout))
        return Cluster.submit_job(cluster, **job)

    monkeypatch.setattr(cluster, "submit_job", run_there)
    assert submit("run", "rounds=1") == 0
    assert seen["task"]["name"] == "gsm8k"
    own = {
        f"collate/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }  # fmt: skip
    assert own - cluster.files.keys() == set()


def test_hidden_files_keys_and_links_beside_the_package_stay(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "checkout" / "collate"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    private = [
        ".env",
        "key.pem",
        "secrets.yaml",
        "tasks/.env",
        "tasks/id_rsa",
        ".git/config",
        "../.env",
    ]
    for name in private:
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_text("s3cret")
    (package / "link.py").symlink_to("/gone")
    monkeypatch.setattr(job_files, "files", lambda _: package)
    monkeypatch.chdir(tmp_path)
    assert submit("run", "rounds=1") == 0
    assert b"s3cret" not in b"".join(cluster.files.values())
    assert "collate/link.py" not in cluster.files and "collate/cli.py" in cluster.files


def test_presets_and_questions_that_are_named_are_sent_and_nothing_beside_them(
    home: Path, cluster: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    assert submit("run", "--config-dir", "mine", "task=own", "experiment=x", "folder=out") == 0
    questions = f"sent{home}/q.jsonl"
    assert cluster.others == {
        questions, "presets-0/task/own.yaml", "presets-0/experiment/x.yaml",
    }  # fmt: skip
    assert cluster.files[questions] == ROWS.encode()
    # What the preset names relative to this folder is named absolutely.
    assert cluster.overrides == [
        "--config-dir", "presets-0", "task=own", "experiment=x", f"folder={home}/out",
        f"task.path={home}/q.jsonl",
    ]  # fmt: skip
    shown = capfd.readouterr().out
    assert f"and         {home}/q.jsonl" in shown and "s3cret" not in shown


@pytest.mark.parametrize("named", [".env", ".ssh/id_rsa", "key.pem", "notes.txt", ".", "dangling"])
def test_what_is_no_file_of_questions_is_not_sent_though_a_setting_names_it(
    home: Path, cluster: Cluster, named: str
) -> None:
    assert submit("run", "task=table", f"task.path={named}") == 0
    assert cluster.others == set()


def test_a_file_that_is_too_large_is_left_out_and_named(
    home: Path, cluster: Cluster, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_files, "LARGEST_FILE", 10)
    assert submit("run", "task=table", "task.path=q.jsonl") == 0
    assert cluster.others == set()
    assert f"left out    {home}/q.jsonl (more than" in capfd.readouterr().out


def test_the_kinds_of_files_that_are_sent_are_those_that_are_read() -> None:
    assert set(QUESTION_SUFFIXES) == set(_READERS)


def test_a_job_reads_what_was_sent_where_it_does_not_see_the_file(
    home: Path, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert submit("run", "task=table", "task.path=q.jsonl") == 0
    there = tmp_path_factory.mktemp("there")
    for name, content in cluster.files.items():
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_bytes(content)
    monkeypatch.chdir(there)
    monkeypatch.setenv(SENT_FILES, cluster.variables[SENT_FILES])
    task = TaskConfig(kind="table", name="t", path=f"{home}/q.jsonl")
    (home / "q.jsonl").write_text(ROWS * 2 + ROWS.replace("+", "-"))
    here = len(load_task(task).questions)
    (home / "q.jsonl").unlink()
    assert 0 < len(load_task(task).questions) < here
    monkeypatch.delenv(SENT_FILES)
    with pytest.raises(InputError, match="no such file"):
        load_task(task)


# Overrides ----------------------------------------------------------------------------------------


def settings_of_job(cluster: Cluster) -> dict[str, Any]:
    composed, problems = jobs(cluster.overrides, [])
    assert problems == []
    return composed[0].settings


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_any_name_reaches_the_job(
    tmp_path: Path, cluster: Cluster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert submit("run", "rounds=1", "++task.path=q.jsonl", "task.system=It's (so), or $x") == 0
    settings = settings_of_job(cluster)
    assert settings["folder"] == f"{folder}/runs"
    assert settings["task"]["path"] == f"{folder}/q.jsonl"
    assert settings["task"]["system"] == "It's (so), or $x"


def test_null_quotes_home_and_relative_paths_mean_what_they_mean_here(
    home: Path, cluster: Cluster
) -> None:
    (home / "runs/a b").mkdir()
    assert submit(
        "run", "task=table", "task.path='a b.jsonl'", "task.test_path=null", "agents.start=null",
        "folder=~/out", 'scoring.model="runs/a b:agent-1@2"', "model=./mine",
        "warmup.path=../x.jsonl", "name='null'",
    ) == 0  # fmt: skip
    settings = settings_of_job(cluster)
    assert settings["task"]["path"] == f"{home}/a b.jsonl"
    assert settings["task"]["test_path"] is None and settings["agents"]["start"] is None
    assert settings["folder"] == f"{home}/out" and settings["name"] == "null"
    assert settings["scoring"]["model"] == f"{home}/runs/a b:agent-1@2"
    assert settings["model"]["name"] == f"{home}/mine"
    assert settings["warmup"]["path"] == f"{home.parent}/x.jsonl"


def test_each_value_of_a_multirun_is_made_absolute(home: Path, cluster: Cluster) -> None:
    assert submit("run", "-m", "task=table", "task.path=q.jsonl,'a, b.jsonl'", "rounds=1,2") == 0
    assert cluster.overrides[0] == "-m"
    composed, problems = jobs(cluster.overrides[1:], [], multirun=True)
    assert problems == []
    assert {job.settings["task"]["path"] for job in composed} == {
        f"{home}/q.jsonl", f"{home}/a, b.jsonl",
    }  # fmt: skip


def test_hub_ids_and_packaged_models_stay_what_they_are(home: Path, cluster: Cluster) -> None:
    (home / "packaged").mkdir()
    names = ["model=Qwen/Qwen2.5-0.5B@main", "scoring.model=packaged:smollm2-135m-instruct"]
    assert submit("run", *names) == 0
    assert cluster.overrides[:2] == [
        'model=Qwen/Qwen2.5-0.5B@main', "scoring.model=packaged:smollm2-135m-instruct",
    ]  # fmt: skip


def test_an_evaluation_of_a_run_keeps_the_runs_own_folder(tmp_path: Path) -> None:
    assert absolute_paths(["run='a b'"], tmp_path, "evaluate") == [f'run="{tmp_path}/a b"']
    assert absolute_paths(["run=~/a"], tmp_path, "evaluate") == [f"run={Path.home()}/a"]
    assert absolute_paths(["model=x/y"], tmp_path, "evaluate")[1] == f"folder={tmp_path}/runs"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rounds=1", "betta=1"], "betta: no such setting"),
        (["--config-dir", "nowhere"], "nowhere: no such folder"),
        (["--help"], "needs no cluster"),
        (["task.system='It's'"], "there is a quote inside of the quotes"),
    ],
)
def test_what_cannot_be_read_is_told_before_anything_is_sent(
    home: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        requested_job("run", arguments, home)


@pytest.mark.parametrize("by_option", [True, False])
def test_a_cluster_that_is_away_is_said_to_be_away(
    home: Path, by_option: bool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> Callable[..., Any]:
        raise ConnectionError("Failed to connect\nto Ray")

    monkeypatch.setattr(submit_module, "_client", away)
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:9")
    options = ["--address", "http://127.0.0.1:9"] if by_option else []
    assert main(["submit", *options, "run", "rounds=1"]) == 1
    said = capfd.readouterr().err
    shown = "--address " if by_option else "RAY_API_SERVER_ADDRESS="
    assert f"{shown}http://127.0.0.1:9: no Ray cluster answers there (Failed to connect to" in said
    assert "Give --address" not in said and "no cluster named" not in said
