"""What the benchmarks print: no ratio without its equality check."""

import io
import json
import time
from pathlib import Path

import pytest
from rich.console import Console

from tests.benchmarks.arms import Arm, interleaved, share_equal
from tests.benchmarks.rows import Check, Row, Scaling, print_rows, write_json

EQUAL, OTHER = Check("same scores", True), Check("scores differ by 3e-2", False)


class Sleeper:
    """An arm whose work takes as long as it is told."""

    def __init__(self, factor: float):
        self._factor = factor
        self._held = b""

    def work(self, seconds: float) -> float:
        time.sleep(self._factor * seconds)
        return self._factor

    def hold(self, mebibytes: int) -> None:
        self._held = bytearray(mebibytes * 2**20)
        time.sleep(0.3)

    def fail(self) -> None:
        raise ValueError("not to be done")


def printed(rows: list[Row]) -> str:
    console = Console(record=True, width=200, file=io.StringIO())
    print_rows(console, rows)
    return console.export_text()


def test_a_ratio_is_the_rivals_seconds_over_ours_with_its_spread() -> None:
    row = Row("scoring", "padded", [1.0, 2.0, 4.0], [3.0, 8.0, 4.0], EQUAL, goal=3)
    assert row.ratio == 2.0 and row.ratios == [3.0, 4.0, 1.0]
    assert "2.00 (1.00-4.00)" in printed([row])


def test_no_ratio_is_given_where_results_differ(tmp_path: Path) -> None:
    row = Row("scoring", "padded", [1.0], [3.0], OTHER)
    text = printed([row])
    assert "not equal" in text and "3.00" not in text
    path = tmp_path / "bench.json"
    write_json(path, [row, Row("a", "b", [1.0], [3.0], EQUAL)], [], {"cores": 2}, ["a GPU"])
    made = json.loads(path.read_text())
    assert [one["ratio"] for one in made["rows"]] == [None, 3.0]
    assert made["not_measured"] == ["a GPU"] and made["machine"] == {"cores": 2}


def test_the_exponent_is_the_slope_of_the_logarithms() -> None:
    sizes = [1, 2, 4, 8]
    assert Scaling("linear", sizes, [3 * n for n in sizes]).exponent == pytest.approx(1)
    assert Scaling("square", sizes, [n**2 / 7 for n in sizes]).exponent == pytest.approx(2)


@pytest.mark.slow
def test_arms_are_timed_apart_and_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Arm(Sleeper, factor=1.0) as quick, Arm(Sleeper, factor=2.0) as slow:
        runs = interleaved(lambda: quick("work", 0.2), lambda: slow("work", 0.2), 2)
        held = quick("hold", 300).peak_gib
        with pytest.raises(RuntimeError, match=r"Sleeper failed:[^$]*not to be done"):
            slow("fail")
    assert [[one.result for one in side] for side in runs] == [[1.0, 1.0], [2.0, 2.0]]
    assert all(one.seconds >= 0.2 for one in runs[0])
    assert all(one.seconds >= 0.4 for one in runs[1])
    assert held > runs[0][0].peak_gib + 0.2


def test_shares_of_equal_results() -> None:
    assert share_equal([1, 2, 3, 4], [1, 2, 0, 4]) == 0.75
    assert share_equal([1], [1, 2]) == 0.0
