"""A folder of presets that somebody else has made: what Hydra would read of it is looked at."""

import os
import time
from pathlib import Path

import pytest

from tests.command_line import Done, here

GLOBAL = "# @package _global_\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def composed(cwd: Path, *overrides: str) -> Done:
    return here("run", "--cfg", "job", "--config-dir", "mine", *overrides, cwd=cwd)


@pytest.mark.parametrize("linked", ["folder", "file", "deeper folder", "folder above itself"])
def test_presets_behind_links_are_not_read(
    tmp_path: Path, linked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLATE_SECRET", "hunter2")
    text = f"{GLOBAL}defaults:\n  - /task: ${{oc.env:COLLATE_SECRET}}\n  - _self_\n"
    real = write(tmp_path, "real/b.yaml", text).parent
    mine = tmp_path / "mine"
    (mine / "experiment").mkdir(parents=True)
    link, target, choice = {
        "folder": (mine / "experiment", real, "b"),
        "file": (mine / "experiment" / "b.yaml", real / "b.yaml", "b"),
        "deeper folder": (mine / "experiment" / "sub", real, "sub/b"),
        "folder above itself": (mine / "experiment" / "up", mine, "up/experiment/b"),
    }[linked]
    if linked == "folder":
        link.rmdir()
    link.symlink_to(os.path.relpath(target, link.parent))
    done = composed(tmp_path, f"experiment={choice}")
    assert done.returncode == 2 and f"{link.relative_to(tmp_path)}: a symbolic link" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_link_to_the_whole_folder_is_the_users_own(tmp_path: Path) -> None:
    write(tmp_path, "real/experiment/b.yaml", f"{GLOBAL}seed: 7\n")
    (tmp_path / "mine").symlink_to("real")
    assert "\nseed: 7\n" in composed(tmp_path, "experiment=b").stdout
    write(tmp_path, "real/experiment/c.yaml", "hydra: {}\n")
    assert "sets Hydra itself" in composed(tmp_path, "experiment=b").stderr


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "mine" / "task").mkdir(parents=True)
    os.mkfifo(tmp_path / "mine" / "task" / "a.yaml")
    assert "neither a file nor a folder" in composed(tmp_path).stderr


@pytest.mark.parametrize("entry", ["/task: ../../real/b", "../../real/b", "//etc/b", "/task: //b"])
def test_defaults_stay_in_the_folder(tmp_path: Path, entry: str) -> None:
    write(tmp_path, "real/b.yaml", "seed: 7\n")
    write(tmp_path, "mine/experiment/a.yaml", f"{GLOBAL}defaults:\n  - {entry}\n  - _self_\n")
    done = composed(tmp_path, "experiment=a")
    assert done.returncode == 2 and "is refused; name presets of collate" in done.stderr


@pytest.mark.parametrize(
    "text",
    ["a: " + "[" * 5000 + "]" * 5000, "a: " + "{b: " * 5000, "- " * 5000, "? " * 5000,
     "a: [" + "1," * 2**18 + "]", "\n".join("  " * level + "a:" for level in range(200))],
    ids=["brackets", "braces", "dashes", "keys", "long", "indented"],
)  # fmt: skip
def test_presets_that_take_long_to_read_are_refused_at_once(tmp_path: Path, text: str) -> None:
    write(tmp_path, "mine/task/a.yaml", text)
    began = time.process_time()
    done = composed(tmp_path, "task=a")
    assert time.process_time() - began < 3
    assert done.returncode == 2 and "not a YAML file that can be read" in done.stderr


@pytest.mark.parametrize(
    ("file", "text", "choice"),
    [
        ("experiment/a.yaml", f"{GLOBAL}model: {{trust_remote_code: true}}\n", "experiment=a"),
        ("model/a.yaml", "trust_remote_code: true\n", "model=a"),
        ("task/a.yaml", "# @package model\ntrust_remote_code: true\n", "task=a"),
        ("task/a.yaml", "trust_remote_code: ${oc.env:TRUST}\n", "task=a"),
    ],
)
def test_trust_is_not_given_by_a_preset(tmp_path: Path, file: str, text: str, choice: str) -> None:
    write(tmp_path, f"mine/{file}", text)
    done = composed(tmp_path, choice)
    assert done.returncode == 2
    assert "model.trust_remote_code is refused in a preset" in done.stderr


def test_nor_by_one_that_nobody_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collate.config.compose.preset_problems", lambda _: [])
    write(tmp_path, "mine/experiment/a.yaml", f"{GLOBAL}model: {{trust_remote_code: true}}\n")
    done = composed(tmp_path, "experiment=a")
    assert done.returncode == 2 and "it is given on the command line alone" in done.stderr
    done = composed(tmp_path, "experiment=a", "model.trust_remote_code=false")
    assert "trust_remote_code: false" in done.stdout
    done = composed(tmp_path, "model.trust_remote_code=true")
    assert "trust_remote_code: true" in done.stdout
