"""The manifest and the tables: what is entered is there after a crash, and only that."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import collate.store.run_folder
from collate.config.schema import ModelConfig, RunConfig, TaskConfig
from collate.errors import RunFolderError
from collate.store.manifest import Manifest
from collate.store.run_folder import RunFolder
from collate.store.shards import Shards
from collate.store.tables_on_disk import StoredRows, write_blocks
from collate.tables import Dropped, Preference


def stages(folder: Path) -> list[str]:
    return list(Manifest.read(folder).stages)


def filled(folder: Path) -> Path:
    """The file of a manifest of three stages and a note."""
    manifest = Manifest.read(folder)
    for stage in ("a", "b", "c"):
        manifest.commit(stage, {"files": {stage: "digest"}})
    manifest.note("complete", True)
    return manifest.path


def test_what_was_entered_is_read_in_order(tmp_path: Path) -> None:
    filled(tmp_path)
    read = Manifest.read(tmp_path)
    assert list(read.stages) == ["a", "b", "c"]
    assert read.stages["b"] == {"files": {"b": "digest"}}
    assert read.notes == {"complete": True}


def test_a_stage_that_is_made_again_is_the_last(tmp_path: Path) -> None:
    filled(tmp_path)
    Manifest.read(tmp_path).commit("a", {"files": {"a": "other"}})
    assert stages(tmp_path) == ["b", "c", "a"]
    assert Manifest.read(tmp_path).stages["a"]["files"] == {"a": "other"}


def test_a_torn_last_line_is_as_good_as_none_wherever_it_is_torn(tmp_path: Path) -> None:
    path = filled(tmp_path)
    whole = path.read_bytes()
    start = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        assert stages(tmp_path) == ["a", "b", "c"]
        assert Manifest.read(tmp_path).notes == {}
    Manifest.read(tmp_path).commit("d", {"files": {}})
    assert stages(tmp_path) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("place", [5, 40])
def test_a_changed_byte_is_damage_and_its_line_named(tmp_path: Path, place: int) -> None:
    path = filled(tmp_path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunFolderError, match=r"manifest\.jsonl, line 1: not what the run wrote"):
        Manifest.read(tmp_path)


IDENTITY = {"model": "m", "questions": "q"}


def opened(folder: Path, notify: Callable[[str], None] = print) -> RunFolder:
    config = RunConfig(
        name="a", folder=str(folder), model=ModelConfig(name="m"), task=TaskConfig(name="t")
    )
    return RunFolder.open(config, IDENTITY, notify)


def committed(folder: RunFolder, name: str, reason: str, **inputs: str) -> list[Dropped]:
    """The rows of a stage of one table, which is written with this reason if it is not finished."""
    stage = folder.stage(name, {"dropped": Dropped}, inputs)
    if not stage.finished():
        stage.write([{"dropped": [Dropped("q", "agent-1", reason)]}])
    return list(stage.rows("dropped"))


def test_a_clock_that_jumps_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times are written down for people; order and validity do not come from them."""
    years = itertools.cycle(["2031-01-01T00:00:00", "1999-01-01T00:00:00", "2026-01-01T00:00:00"])
    monkeypatch.setattr(collate.store.run_folder, "_now", lambda: next(years))

    def work(folder: RunFolder, reason: str) -> list[str]:
        names = [f"round-{number:02d}/pair" for number in (1, 2, 3)]
        return [committed(folder, name, reason)[0].reason for name in names]

    assert work(opened(tmp_path), "first") == ["first"] * 3
    again = opened(tmp_path)
    assert work(again, "second") == ["first"] * 3
    assert again.last_stage() == "round-03/pair" and not again.changed


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return opened(tmp_path)


def test_shards_come_back_but_for_those_that_are_damaged_gone_or_stale(folder: RunFolder) -> None:
    def shards_of(rationales: str) -> Shards:
        stage = folder.stage("round-01/pair", {"dropped": Dropped}, {"rationales": rationales})
        return Shards(folder, stage, Dropped)

    rows = [Dropped(f"q{n}", "agent-1", "no reason") for n in range(8)]
    shards = shards_of("r")
    for block, start in ((0, 0), (1, 2), (0, 4), (0, 6)):
        shards.add(block, rows[start : start + 2])
    same = shards_of("r")
    assert (same.rows(0), same.rows(1), same.rows(2)) == (rows[:2] + rows[4:], rows[2:4], [])
    assert same.row_count == 8
    assert shards_of("others").row_count == 0
    first = folder.path / "round-01" / "pair.shards" / "00000-00000.parquet"
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 1
    first.write_bytes(content)
    (first.parent / "00000-00001.parquet").unlink()
    left = shards_of("r")
    assert (left.rows(0), left.rows(1), left.row_count) == (rows[6:], rows[2:4], 4)
    left.add(0, rows[:2])
    left.add(0, rows[4:6])
    again = shards_of("r")
    assert sorted(row.question_id for row in again.rows(0)) == [
        row.question_id for row in rows[:2] + rows[4:]
    ]


def test_shards_are_gone_when_their_stage_is_finished(folder: RunFolder) -> None:
    stage = folder.stage("round-01/pair", {"dropped": Dropped})
    Shards(folder, stage, Dropped, "-more").add(0, [Dropped("q", "agent-1", "no reason")])
    assert list(folder.path.glob("round-01/*.shards"))
    stage.write([])
    assert not list(folder.path.glob("round-01/*.shards"))


def test_tables_are_written_and_read_block_by_block(tmp_path: Path) -> None:
    blocks = [
        {
            "pairs": [
                Preference(f"p{n}", "q", "a", {"chosen": "c", "rejected": "r"}, "rule", n)
                for n in range(3)
            ],
            "dropped": [],
        },
        {"pairs": [], "dropped": [Dropped("q1", "agent-1", "none right")]},
        {"pairs": [Preference("p9", "q2", "b", {"chosen": "c"}, "rule", 9.0)]},
    ]
    tables = {"pairs": Preference, "dropped": Dropped}
    write_blocks(tables, lambda name: tmp_path / name, iter(blocks))
    for name, row_type in tables.items():
        stored = StoredRows(tmp_path / name, row_type)
        wanted = [list(block.get(name, [])) for block in blocks]
        assert list(stored.blocks()) == wanted
        assert list(stored) == list(stored) == [row for rows in wanted for row in rows]
        assert len(stored) == sum(map(len, wanted))
    stored = StoredRows(tmp_path / "pairs", Preference)
    assert [pair.id for pair in stored.having(question_id="q", id="p1")] == ["p1"]
    write_blocks(tables, lambda name: tmp_path / name, [])
    assert list(StoredRows(tmp_path / "pairs", Preference)) == []


def test_no_table_appears_where_a_block_fails(tmp_path: Path) -> None:
    def blocks() -> Iterator[dict[str, list[Dropped]]]:
        yield {"dropped": [Dropped("q", "a", "none right")]}
        raise ValueError("the second")

    with pytest.raises(ValueError, match="the second"):
        write_blocks({"dropped": Dropped}, lambda name: tmp_path / name, blocks())
    assert list(tmp_path.iterdir()) == []


def test_a_stage_of_other_inputs_is_made_again_and_named(tmp_path: Path) -> None:
    notes: list[str] = []
    folder = opened(tmp_path, notes.append)
    name = "round-01/pair"
    assert committed(folder, name, "first", scores="1")[0].reason == "first"
    assert committed(folder, name, "second", scores="1")[0].reason == "first"
    assert committed(folder, name, "third", scores="2")[0].reason == "third"
    assert notes == ["round-01/pair is made again: it was made from another scores"]


def test_a_run_of_another_schema_is_refused_with_the_version_that_reads_it(tmp_path: Path) -> None:
    facts = {"schema": "5", "versions": {"collate": "0.1.0"}}
    (tmp_path / "run.json").write_text(json.dumps(facts))
    with pytest.raises(RunFolderError, match=r"schema 5, .* schema 6; collate 0\.1\.0, which"):
        RunFolder.existing(tmp_path)
