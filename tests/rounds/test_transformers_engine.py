"""The loop without vLLM: by own parts, killed, damaged and continued, and with nothing to learn."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import collate
from collate.store.manifest import FILE as MANIFEST
from collate.store.manifest import Manifest
from tests.command_line import TINY_RUN, VERDICTS_ONLY, here, run_tiny

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("kept_workers")]
SETTINGS = ("name=plain", "rounds=1", "engine=transformers", "agents.own_part=true",
            "agents.personas=[{name: cold}, {name: warm, temperature: 1.2}]",
            "engine.batch=4")  # fmt: skip


@pytest.fixture(scope="module")
def whole_run(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    cwd = tmp_path_factory.mktemp("whole")
    done = run_tiny(tiny_model, cwd, *SETTINGS)
    assert "round 1  evaluate" in done.stdout
    return cwd / "runs" / "plain"


@pytest.fixture
def copied(whole_run: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may damage."""
    shutil.copytree(whole_run, tmp_path / "runs" / "plain")
    return tmp_path / "runs" / "plain"


def contents(run: Path) -> dict[str, bytes]:
    """Every table and every file of the agents, by its name."""
    files = [*run.rglob("*.parquet"), *run.glob("round-*/agents/*/*")]
    return {str(path.relative_to(run)): path.read_bytes() for path in files}


def again(model: Path, run: Path) -> str:
    """What the same command prints when it is given again."""
    return run_tiny(model, run.parents[1], *SETTINGS).stdout


def refused(model: Path, run: Path) -> str:
    done = here("run", f"model={model}", *TINY_RUN, *SETTINGS, cwd=run.parents[1])
    assert done.returncode == 1
    return done.stderr


def started(model: Path, cwd: Path, *more: str) -> subprocess.Popen[str]:
    """The command in a process group of its own, with its output to read."""
    command = ["-m", "collate", "run", f"model={model}", *TINY_RUN, *SETTINGS, *more]
    return subprocess.Popen(
        [sys.executable, *command], cwd=cwd, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def wait_for(stage: str, run: Path, process: subprocess.Popen[str]) -> None:
    """Until the manifest has the stage."""
    until = time.monotonic() + 400
    while stage not in Manifest.read(run).stages:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)


def test_agents_are_tuned_on_own_parts_and_sample_as_asked(whole_run: Path) -> None:
    run = collate.load_run(whole_run)
    own = run.pairs().groupby("agent")["question_id"].agg(set)
    assert len(own) == 2 and not own.iloc[0] & own.iloc[1]
    temperatures = run.rationales().groupby("writer")["temperature"].first()
    assert temperatures.tolist() == pytest.approx([1.0, 1.2])


def test_a_run_killed_while_it_generates_ends_byte_equal(
    whole_run: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """Some rationales are on the disk when all processes are killed."""
    path = tmp_path / "runs" / "plain"
    process = started(tiny_model, tmp_path)
    wait_for("round-01/generate.shards/00000-00000", path, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    shown = again(tiny_model, path)
    assert "Continuing after" in shown
    assert re.search(r"72 rationales, (16|32|48|64) of them from before", shown)
    assert contents(path) == contents(whole_run)
    assert not list(path.rglob(".unfinished-*"))


def test_a_run_whose_ray_head_dies_says_so_and_continues(
    whole_run: Path, tiny_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "runs" / "plain"
    process = started(tiny_model, tmp_path)
    wait_for("round-00/evaluate", path, process)
    heads = [p for p in psutil.Process(process.pid).children(True) if p.name() == "gcs_server"]
    assert len(heads) == 1
    heads[0].kill()
    shown, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Ray's head at 127.0.0.1" in shown and "the same command continues" in shown
    again(tiny_model, path)
    assert contents(path) == contents(whole_run)


def test_a_finished_run_is_checked_and_left_alone(whole_run: Path, tiny_model: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole_run.rglob("*.parquet")}
    shown = again(tiny_model, whole_run)
    assert "This run is finished" in shown and "\n  round 1" not in shown
    assert before == {path: path.stat().st_mtime_ns for path in whole_run.rglob("*.parquet")}


def test_a_deleted_table_is_made_again_and_what_follows_is_kept(
    copied: Path, whole_run: Path, tiny_model: Path
) -> None:
    (copied / "round-01" / "preferences.parquet").unlink()
    shown = again(tiny_model, copied)
    assert "round-01/pair is made again: round-01/preferences.parquet is gone" in shown
    assert "round 1  tune" not in shown
    assert contents(copied) == contents(whole_run)


@pytest.mark.parametrize(
    ("damaged", "harm"),
    [
        ("round-01/rationales.parquet", lambda content: content[: len(content) // 2]),
        ("questions.parquet", lambda content: content + b"x"),
        (
            "round-01/agents/agent-2/adapter_model.safetensors",
            lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        ),
    ],
    ids=["truncated table", "edited table", "flipped byte of an adapter"],
)
def test_damage_is_named_and_nothing_built_on_it(
    copied: Path, tiny_model: Path, damaged: str, harm
) -> None:
    path = copied / damaged
    path.write_bytes(harm(path.read_bytes()))
    before = contents(copied)
    assert f"{damaged}: not what the run wrote" in refused(tiny_model, copied)
    assert contents(copied) == before


def test_a_torn_manifest_costs_its_last_record_alone(
    copied: Path, whole_run: Path, tiny_model: Path
) -> None:
    lines = (copied / MANIFEST).read_bytes().splitlines(keepends=True)
    cut = next(i for i, line in enumerate(lines) if b'"round-01/tune"' in line)
    (copied / MANIFEST).write_bytes(b"".join(lines[:cut]) + lines[cut][:40])
    shown = again(tiny_model, copied)
    assert "Continuing after round-01/agents." in shown
    assert "round 1  tune" not in shown and "round 1  evaluate" in shown
    assert contents(copied) == contents(whole_run)


def test_a_changed_record_is_named(copied: Path, tiny_model: Path) -> None:
    manifest = copied / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b'"finished": "2', b'"finished": "3', 1))
    assert "manifest.jsonl, line" in refused(tiny_model, copied)


def test_a_full_disk_ends_the_run_in_words_and_the_same_command_continues(
    copied: Path, whole_run: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copied / "round-01" / "preferences.parquet").unlink()
    monkeypatch.setenv("COLLATE_FAULT", "plain/round-01/preferences.parquet:written=full")
    assert "No space left on device" in refused(tiny_model, copied)
    monkeypatch.delenv("COLLATE_FAULT")
    again(tiny_model, copied)
    assert contents(copied) == contents(whole_run)


def test_two_processes_are_never_in_one_run(copied: Path, tiny_model: Path) -> None:
    code = (
        "import sys, time, pathlib; from collate.store.lock import run_lock\n"
        "with run_lock(pathlib.Path(sys.argv[1]), 1):\n"
        "    print('held', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(copied)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    command = ("run", f"model={tiny_model}", *TINY_RUN, *SETTINGS, "lock_deadline=0.3")
    done = here(*command, cwd=copied.parents[1])
    assert done.returncode == 1
    assert f"is in use by process {holder.pid} on" in done.stderr
    holder.kill()
    holder.wait()
    assert "This run is finished" in again(tiny_model, copied)


def test_no_pair_ends_the_run_as_nothing_left_to_learn(tiny_model: Path, tmp_path: Path) -> None:
    """A random model is never right, so correctness finds no winner: no crash, status 0."""
    settings = ("name=none", "rounds=2", *VERDICTS_ONLY)
    done = run_tiny(tiny_model, tmp_path, *settings)
    assert "nothing left to learn" in done.stdout
    assert "no correct rationale" in done.stdout
    assert not (tmp_path / "runs" / "none" / "round-01" / "agents").exists()
    again = run_tiny(tiny_model, tmp_path, *settings)
    assert "This run is finished" in again.stdout
