"""The settings and facts of a run are vouched for by its manifest, whenever a process dies."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

import collate.atomic
import collate.store.manifest
from collate.config.schema import RunConfig
from collate.errors import RunFolderError
from collate.store.identity import run_path
from collate.store.manifest import Manifest
from collate.store.run_description import DIGESTS, read_facts, read_run_config
from collate.store.run_folder import RunFolder

IDENTITY = {"model": "m", "questions": "q"}


class Killed(BaseException):
    """What a process that dies does not catch."""


def opened(config: RunConfig) -> RunFolder:
    return RunFolder.open(config, IDENTITY, notify=print)


def die_at(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die at the commit point that is passed as the `count`-th from now on."""
    passed = itertools.count()

    def point(_: str) -> None:
        if next(passed) == count:
            raise Killed

    for module in (collate.atomic, collate.store.manifest):
        monkeypatch.setattr(module, "point", point)


def test_a_run_that_dies_anywhere_while_it_is_opened_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = 0
    for count in range(100):
        config = RunConfig(name=f"a{count}", folder=str(tmp_path), rounds=1)
        longer = replace(config, rounds=2)
        died = False
        for each in (config, longer):
            die_at(count, monkeypatch)
            try:
                opened(each)
            except Killed:
                died = True
            die_at(-1, monkeypatch)
            opened(each)
            path = run_path(config)
            assert read_run_config(path).rounds == each.rounds
            assert read_facts(path, Manifest.read(path))["identity"] == IDENTITY
        if not died:
            break
        deaths += 1
    assert deaths >= 6


def test_a_run_of_a_version_that_noted_no_digests_gets_them(tmp_path: Path) -> None:
    config = RunConfig(name="a", folder=str(tmp_path))
    path = opened(config).path
    (path / "manifest.jsonl").unlink()
    assert read_run_config(path) == config
    opened(config)
    assert set(Manifest.read(path).notes[DIGESTS]) == {"config.yaml", "run.json"}


@pytest.mark.parametrize("name", ["config.yaml", "run.json"])
def test_what_was_edited_is_not_continued(tmp_path: Path, name: str) -> None:
    config = RunConfig(name="a", folder=str(tmp_path))
    file = opened(config).path / name
    file.write_text(file.read_text() + "\n")
    with pytest.raises(RunFolderError, match=rf"{name}: not what the run wrote"):
        opened(config)


def test_a_run_that_lost_what_describes_it_is_not_begun_anew(tmp_path: Path) -> None:
    config = RunConfig(name="a", folder=str(tmp_path))
    folder = opened(config)
    folder.manifest.commit("questions", {"files": {}})
    (folder.path / "run.json").unlink()
    with pytest.raises(RunFolderError, match=r"run\.json is gone"):
        opened(config)
