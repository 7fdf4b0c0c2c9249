"""The long walk: a run that is killed once at every commit point there is (`make test-faults`).

The command runs in forks of this process, which has the libraries imported already; each fork
starts a Ray of its own when it has work, and dies of SIGKILL.
"""

import os
from pathlib import Path

import pytest

from tests.command_line import TINY_RUN, here
from tests.rounds.test_transformers_engine import contents

pytestmark = [pytest.mark.faults, pytest.mark.timeout(5000)]
SETTINGS = ("name=walk", "rounds=2", "engine=transformers")
MOST = 400


def ended(model: Path, cwd: Path, shown: Path) -> int:
    """How `collate run` ended in a fork of this process; what it said is in `shown`."""
    child = os.fork()
    if not child:
        done = here("run", f"model={model}", *TINY_RUN, *SETTINGS, cwd=cwd)
        shown.write_text(done.stdout + done.stderr)
        os._exit(done.returncode)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_run_that_dies_at_every_commit_point_ends_byte_equal(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, walked, shown = tmp_path / "whole", tmp_path / "walked", tmp_path / "shown"
    whole.mkdir()
    walked.mkdir()
    assert ended(tiny_model, whole, shown) == 0, shown.read_text()
    seen = tmp_path / "points"
    monkeypatch.setenv("COLLATE_FAULT", f"walk:{seen}")
    deaths = 0
    while status := ended(tiny_model, walked, shown):
        assert status == -9, shown.read_text()
        deaths += 1
        assert deaths < MOST
    points = seen.read_text().splitlines()
    for stage in ("generate", "score", "pair", "agents/agent-1", "tune", "evaluate"):
        for moment in ("before", "torn", "after"):
            assert f"round-02/{stage}:{moment}" in points
    assert any(point.endswith("finished:renamed") for point in points)
    print(f"{deaths} deaths of the command, {len(points)} points")
    assert contents(walked / "runs" / "walk") == contents(whole / "runs" / "walk")
    left = [path for path in (walked / "runs").rglob("*") if "shards" in path.name]
    left += (walked / "runs").rglob(".*")
    assert [path.name for path in left] == [".lock"]
