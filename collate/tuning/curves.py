"""The numbers of every optimizer step, kept beside the weights that the steps made."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from collate.tables import Step

FILE = "tuning.json"

FALLING = 1.0
"""Nats that the chosen rationales may be below the reference before it is worth a warning."""


def write_curves(folder: Path, steps: Sequence[Step]) -> None:
    """Put the curves into a tuned agent's folder; a number that is none is written as null."""
    rows = [
        {name: value if math.isfinite(value) else None for name, value in asdict(step).items()}
        for step in steps
    ]
    (folder / FILE).write_text(json.dumps(rows, allow_nan=False))


def read_curves(folder: Path) -> list[Step]:
    """The curves of a tuned agent's folder; null is NaN."""
    no_number: Any = math.nan
    return [
        Step(**{name: no_number if value is None else value for name, value in row.items()})
        for row in json.loads((folder / FILE).read_text())
    ]


def falling_chosen(steps: Sequence[Step]) -> float | None:
    """By how many nats the chosen became less likely than under the reference, if by too many.

    That is the mean over the last quarter of one agent's steps in one round, where it exceeds
    `FALLING`; preference losses without an anchor may do it while the margin still grows (Pal et
    al. 2024). None where it does not, and where there is no reference (`tuning.loss=sft`).
    """
    last = [step.chosen_logratio for step in steps[-max(len(steps) // 4, 1) :]]
    fall = -math.fsum(last) / len(last) if last else math.nan
    return fall if fall > FALLING else None
