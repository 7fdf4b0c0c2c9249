"""Every benchmark runs: all groups at their smallest size, on the tiny model."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import GROUPS

pytestmark = [pytest.mark.workers, pytest.mark.timeout(900)]


def test_every_group_of_rows_comes_out(tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    options = ["--smallest", "--model", str(tiny_model), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", *options],
        capture_output=True, text=True, timeout=850, check=False,
    )  # fmt: skip
    assert out.is_file(), done.stdout + done.stderr
    measured = json.loads(out.read_text())
    assert not [line for line in measured["not_measured"] if "failed" in line], done.stdout
    names = " ".join(row["name"] for row in measured["rows"])
    for group in ("whole round", "generation", "agents on one engine", "scoring", "tuning"):
        assert group in names
    assert measured["scaling"]
    assert {line.split(":")[0] for line in measured["not_measured"]}.isdisjoint(GROUPS)
