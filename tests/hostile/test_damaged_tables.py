"""A run's files that are damaged, edited, gone or added: refused and named, or without effect."""

import contextlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import collate
from collate.errors import CollateError, RunFolderError
from collate.report.html import render, write_report
from collate.rounds.budget import spent_by_run
from collate.store.resolve import resolve_model
from collate.store.run_description import read_run_config
from collate.store.run_folder import RunFolder
from collate.store.run_weights import best_agent_of, weights_of
from tests.command_line import here
from tests.hostile.received import SETTINGS
from tests.report.small_run import SmallRun, vouch_for, write_small_run

FLIPS = 12
"""Places in each table at which a bit is changed."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    return write_small_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture
def copied(run: SmallRun, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run.path, tmp_path / "copied"))


READERS: dict[str, Callable[[collate.Run], pd.DataFrame]] = {
    "questions": collate.Run.questions,
    "rationales": collate.Run.rationales,
    "scores": collate.Run.rationales,
    "preferences": collate.Run.preferences,
    "dropped": collate.Run.dropped,
    "answers": collate.Run.answers,
    "metrics": collate.Run.metrics,
    "diagnostics": collate.Run.metrics,
    "tuning": collate.Run.tuning,
}
"""Who reads a table, by the table's name."""


def tables(path: Path) -> list[Path]:
    return sorted(path.rglob("*.parquet"))


def flipped(content: bytes, place: int, bit: int = 0) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 1 << bit
    return bytes(changed)


def test_a_changed_bit_of_a_table_is_refused_wherever_it_is(copied: Path) -> None:
    rng = random.Random(0)
    for table in tables(copied):
        content, read = table.read_bytes(), READERS[table.stem]
        ends = [0, 4, len(content) - 9, len(content) - 1]
        for place in [*ends, *(rng.randrange(len(content)) for _ in range(FLIPS))]:
            table.write_bytes(flipped(content, place, rng.randrange(8)))
            with pytest.raises(RunFolderError, match=f"{table.name}: not what the run wrote"):
                read(collate.load_run(copied))
        table.write_bytes(content)
        assert len(read(collate.load_run(copied)))


def test_a_changed_bit_that_the_manifest_vouches_for_is_no_traceback(copied: Path) -> None:
    """Somebody may forge the manifest too. Then the table may say other things, but in words."""
    rng = random.Random(1)
    for table in tables(copied):
        content, read = table.read_bytes(), READERS[table.stem]
        for _ in range(FLIPS // 3):
            table.write_bytes(flipped(content, rng.randrange(len(content)), rng.randrange(8)))
            vouch_for(copied)
            with contextlib.suppress(CollateError):
                read(collate.load_run(copied))
        table.write_bytes(content)


@pytest.mark.parametrize("name", ["run.json", "config.yaml", "manifest.jsonl"])
def test_a_changed_bit_of_what_describes_a_run_is_refused(got: Path, name: str) -> None:
    path, rng = got / name, random.Random(2)
    content = path.read_bytes()
    frame, config = collate.load_run(got).metrics(), collate.load_run(got).config
    for place in [0, len(content) - 2, *(rng.randrange(len(content) - 1) for _ in range(80))]:
        path.write_bytes(flipped(content, place, rng.randrange(8)))
        with pytest.raises(RunFolderError, match=name.replace(".", r"\.")):
            _ = collate.load_run(got).config
        with pytest.raises(RunFolderError):
            RunFolder.existing(got)
            read_run_config(got)
    # A manifest without its last line break ends in a torn line, which is as good as none.
    path.write_bytes(content[:-1])
    if name == "manifest.jsonl":
        assert collate.load_run(got).metrics().equals(frame)
        assert collate.load_run(got).config == config


@pytest.mark.parametrize("name", ["run.json", "config.yaml", "manifest.jsonl"])
@pytest.mark.parametrize("harm", ["emptied", "gone", "zeros", "halved", "a folder"])
def test_a_run_without_what_describes_it_is_refused_in_words(
    got: Path, tiny_model: Path, name: str, harm: str
) -> None:
    path = got / name
    content = path.read_bytes()
    harmed = {"emptied": b"", "zeros": bytes(len(content)), "halved": content[: len(content) // 2]}
    path.unlink()
    if harm == "a folder":
        path.mkdir()
    elif harm != "gone":
        path.write_bytes(harmed[harm])
    if (name, harm) == ("manifest.jsonl", "halved"):
        # What is left of it is true, and the rest is not there.
        assert collate.load_run(got).rounds != [0, 1, 2]
        return
    done = here("run", f"model={tiny_model}", *SETTINGS, cwd=got.parents[1])
    for refused in (
        done,
        here("evaluate", "run=runs/got", cwd=got.parents[1]),
        here("report", "run=runs/got", cwd=got.parents[1]),
    ):
        assert refused.returncode in (1, 2) and "Traceback" not in refused.stderr
        assert name in refused.stderr and len(refused.stderr) < 600


def test_a_table_that_the_manifest_names_and_the_folder_lacks_is_named(copied: Path) -> None:
    for table in tables(copied):
        table.rename(copied / "kept")
        with pytest.raises(RunFolderError, match=f"{table.name}: gone, though the manifest has it"):
            READERS[table.stem](collate.load_run(copied))
        with pytest.raises(RunFolderError, match=table.name):
            RunFolder.existing(copied).stored(
                str(table.relative_to(copied).with_suffix("")), object
            )
        (copied / "kept").rename(table)
    (copied / "round-02" / "metrics.parquet").unlink()
    with pytest.raises(RunFolderError, match=r"round-02/metrics\.parquet: gone"):
        write_report(copied)
    assert not (copied / "report.html").exists()


def test_files_that_the_manifest_does_not_name_are_not_read(copied: Path) -> None:
    before = render(collate.load_run(copied))
    spent = spent_by_run(RunFolder.existing(copied))
    shutil.copytree(copied / "round-02", copied / "round-09")
    (copied / "round-00" / "tuning.parquet").write_bytes(b"PAR1")
    shutil.copy(copied / "round-01" / "scores.parquet", copied / "scores.parquet")
    run = collate.load_run(copied)
    assert run.rounds == [0, 1, 2] and set(run.metrics()["round"]) == {0, 1, 2}
    assert render(run) == before
    assert spent_by_run(RunFolder.existing(copied)) == spent


def test_a_table_that_was_written_anew_is_refused(copied: Path) -> None:
    path = copied / "round-02" / "metrics.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    for read in (
        lambda: collate.load_run(copied).metrics(),
        lambda: collate.load_run(copied).best_agent,
        lambda: write_report(copied),
        lambda: best_agent_of(RunFolder.existing(copied), 2),
    ):
        with pytest.raises(RunFolderError, match=r"round-02/metrics\.parquet: not what the run"):
            read()


def test_a_table_that_changes_after_it_was_read_is_noticed(copied: Path) -> None:
    run = collate.load_run(copied)
    assert len(run.metrics(2))
    path = copied / "round-02" / "metrics.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(RunFolderError, match="not what the run wrote"):
        run.metrics(2)


def test_agents_of_a_damaged_run_are_not_built_on(got: Path) -> None:
    metrics = got / "round-02" / "metrics.parquet"
    content = metrics.read_bytes()
    metrics.write_bytes(flipped(content, 20))
    with pytest.raises(RunFolderError, match=r"metrics\.parquet: not what the run wrote"):
        resolve_model(str(got))
    metrics.write_bytes(content)
    weights = got / "round-02" / "agents" / "agent-1" / "adapter_model.safetensors"
    weights.write_bytes(flipped(weights.read_bytes(), 2000))
    with pytest.raises(RunFolderError, match="not the file that the run wrote"):
        weights_of(RunFolder.existing(got), read_run_config(got))
    done = here("evaluate", "run=runs/got", "engine=transformers", cwd=got.parents[1])
    assert done.returncode == 1 and "not the file that the run wrote" in done.stderr
