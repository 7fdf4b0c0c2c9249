"""The long walk: a run that is killed once at every commit point there is (`make test-faults`)."""

from pathlib import Path

import pytest

from tests.commands import TINY_RUN, collate, run_tiny
from tests.rounds.test_transformers_engine import contents

pytestmark = [pytest.mark.faults, pytest.mark.timeout(5000)]
SETTINGS = ("name=walk", "rounds=2", "engine=transformers", "agents.noise=0.2")
MOST = 400


def test_a_run_that_dies_at_every_commit_point_ends_byte_equal(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, walked = tmp_path / "whole", tmp_path / "walked"
    whole.mkdir()
    walked.mkdir()
    run_tiny(tiny_model, whole, *SETTINGS, run=collate)
    seen = tmp_path / "points"
    monkeypatch.setenv("COLLATE_FAULT", f"walk:{seen}")
    deaths = 0
    while (
        done := collate("run", f"model={tiny_model}", *TINY_RUN, *SETTINGS, cwd=walked)
    ).returncode:
        assert done.returncode == -9, done.stdout + done.stderr
        deaths += 1
        assert deaths < MOST
    points = seen.read_text().splitlines()
    for stage in ("generate", "score", "pair", "agents/agent-1", "tune", "evaluate"):
        for moment in ("before", "torn", "after"):
            assert f"round-02/{stage}:{moment}" in points
    assert any(point.endswith("made:renamed") for point in points)
    print(f"{deaths} deaths of the command, {len(points)} points")
    assert contents(walked / "runs" / "walk") == contents(whole / "runs" / "walk")
    left = [p.relative_to(walked) for p in (walked / "runs").rglob("*") if "shards" in p.name]
    left += [p.relative_to(walked) for p in (walked / "runs").rglob(".*")]
    assert [path.name for path in left] == [".lock"]
