"""The numbers of every optimizer step, kept beside the weights that the steps made."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from collate.tables import CHOSEN, Step

FILE = "tuning.json"

FALLING = 1.0
"""Nats that the chosen rationales may be below the reference before it is worth a warning."""


def write_curves(folder: Path, steps: Sequence[Step]) -> None:
    """Put the curves into a tuned agent's folder; JSON has no NaN, which is written as null."""
    rows = [_each_number(asdict(step), lambda n: n if math.isfinite(n) else None) for step in steps]
    (folder / FILE).write_text(json.dumps(rows, allow_nan=False))


def read_curves(folder: Path) -> list[Step]:
    """The curves of a tuned agent's folder; null is NaN."""
    rows = json.loads((folder / FILE).read_text())
    return [Step(**_each_number(row, lambda n: math.nan if n is None else n)) for row in rows]


def falling_chosen(steps: Sequence[Step]) -> float | None:
    """By how many nats the chosen became less likely than under the reference, if by too many.

    That is the mean over the last quarter of one agent's steps in one round, where it exceeds
    `FALLING`; preference losses without an anchor may do it while the margin still grows (Pal et
    al. 2024). None where it does not, and where there is no reference (`tuning.loss=sft`).
    """
    last_steps = steps[-max(len(steps) // 4, 1) :]
    log_ratios = [step.logratios.get(CHOSEN, math.nan) for step in last_steps]
    fall = -math.fsum(log_ratios) / len(log_ratios) if log_ratios else math.nan
    return fall if fall > FALLING else None


def _each_number(row: Mapping[str, Any], convert: Any) -> dict[str, Any]:
    """A step's numbers, those by role included, each converted."""
    converted: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            converted[name] = {role: convert(number) for role, number in value.items()}
        else:
            converted[name] = convert(value)
    return converted
