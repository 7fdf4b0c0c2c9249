"""Whatever is wrong with a request is told exactly, before a model is loaded or a file written."""

import os
import sys
from pathlib import Path

import pytest

import collate.cluster.address
import collate.commands.run
import collate.models.loading
from tests.command_line import here
from tests.config.broken import BROKEN, Broken


@pytest.fixture(autouse=True)
def nothing_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is prepared or loaded, or a Ray that starts, ends the test."""

    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("a model was loaded")

    for module, name in (
        (collate.commands.run, "prepare"),
        (collate.commands.run, "Workers"),
        (collate.models.loading, "load_causal_lm"),
    ):
        monkeypatch.setattr(module, name, loaded)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(collate.cluster.address, "has_token", lambda: False)


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(p): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    names = [broken.name for broken in BROKEN]
    assert len(names) >= 60 and len(set(names)) == len(names)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_exactly_this_is_printed_and_nothing_is_written(tmp_path: Path, broken: Broken) -> None:
    for name, content in broken.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    before, vllm = contents(tmp_path), "vllm" in sys.modules
    done = here("run", *broken.arguments, cwd=tmp_path)
    assert done.stderr == f"collate: {broken.error}\n".replace("{here}", os.path.realpath(tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert contents(tmp_path) == before
    assert ("vllm" in sys.modules) == vllm
