"""The numbers of every optimizer step, kept beside the weights that the steps made."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from collate.received_files import read_json
from collate.tables import Step

FILE = "tuning.json"


def write_curves(folder: Path, steps: Sequence[Step]) -> None:
    """Put the curves into a tuned agent's folder; JSON has no NaN, which is written as null."""
    rows = [_with_numbers(asdict(step), _null_for_nan) for step in steps]
    (folder / FILE).write_text(json.dumps(rows, allow_nan=False))


def read_curves(folder: Path) -> list[Step]:
    """The curves of a tuned agent's folder; null is NaN."""
    rows = read_json(folder / FILE)
    return [Step(**_with_numbers(row, _nan_for_null)) for row in rows]


def _with_numbers(row: Mapping[str, Any], convert: Callable[[Any], Any]) -> dict[str, Any]:
    """A step's numbers, those by role included, each converted."""
    converted: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            converted[name] = {role: convert(number) for role, number in value.items()}
        else:
            converted[name] = convert(value)
    return converted


def _null_for_nan(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _nan_for_null(number: float | None) -> float:
    return math.nan if number is None else number
