"""Names that become paths, and files that a run's folder only seems to hold."""

import json
from pathlib import Path

import pytest

from collate.config.names import is_name
from collate.config.schema import RunConfig
from collate.errors import RunFolderError
from collate.store.manifest import Manifest
from collate.store.paths import inside
from collate.store.run_folder import RunFolder
from collate.store.run_weights import weights_of
from collate.store.tables_on_disk import round_folders
from collate.tables import SCHEMA_VERSION


@pytest.mark.parametrize("name", ["a", "run-1", "a.b", "0", "sweep-tuning.beta=0.1,x", "a" * 120])
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "/etc", ".hidden", "-m", "=a", "a\0b", "a\n", "a b",
     "a.", "ä", "a\u202eb", "~", "$HOME", "a" * 121, "nul", "CON", "com1.txt", "a;b", "a*"],
)  # fmt: skip
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_inside_gives_files_of_the_folder_with_links_resolved(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert inside(tmp_path, "link/a") == tmp_path.resolve() / "real" / "a"


@pytest.mark.parametrize(
    "name", ["../a", "/etc/passwd", "x/../../a", "out/a", "out", "", ".", "a\0b", "loop"]
)
def test_inside_lets_nothing_out(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    if name == "loop":
        (folder / "loop").unlink()
        (folder / "loop").symlink_to("../other")
    with pytest.raises(RunFolderError, match="run"):
        inside(folder, name)


def manifest(path: Path, entry: str) -> RunFolder:
    """A run whose manifest names one file as an agent's adapter, with its right digest."""
    from collate.atomic import file_digest

    finished = Manifest.read(path)
    finished.note("agents", [{"name": "agent-1"}])
    finished.commit("round-00/evaluate", {"files": {}})
    finished.commit("round-01/agents", {"files": {entry: file_digest(path / entry)}})
    finished.commit("round-01/evaluate", {"files": {}})
    (path / "run.json").write_text(json.dumps({"schema": SCHEMA_VERSION}))
    return RunFolder.existing(path)


def test_an_adapter_of_the_run_is_taken(tmp_path: Path) -> None:
    own = tmp_path / "run" / "round-01" / "agents" / "agent-1"
    own.mkdir(parents=True)
    (own / "adapter.safetensors").write_bytes(b"x")
    folder = manifest(tmp_path / "run", "round-01/agents/agent-1/adapter.safetensors")
    weights, round = weights_of(folder, RunConfig())
    assert round == 1 and weights["agent-1"].folder == str(own.resolve())


@pytest.mark.parametrize(
    "entry",
    ["../elsewhere/adapter.safetensors",
     "round-01/agents/agent-1/../../../../elsewhere/adapter.safetensors",
     "round-01/agents/linked/adapter.safetensors", "other/adapter.safetensors"],
)  # fmt: skip
def test_an_adapter_from_elsewhere_is_refused(tmp_path: Path, entry: str) -> None:
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    for folder in (elsewhere, run / "other", run / "round-01" / "agents" / "agent-1"):
        folder.mkdir(parents=True)
        (folder / "adapter.safetensors").write_bytes(b"x")
    (run / "round-01" / "agents" / "linked").symlink_to(elsewhere)
    with pytest.raises(RunFolderError, match=r"outside of the folder|among the files of"):
        weights_of(manifest(run, entry), RunConfig())


def test_a_round_that_is_a_link_to_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "round-00").symlink_to(tmp_path)
    with pytest.raises(RunFolderError, match="outside of the folder"):
        round_folders(tmp_path / "run")
