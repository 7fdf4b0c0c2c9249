"""Curves are strict JSON, and come back from it and from the table of a run."""

import json
import math
from dataclasses import replace
from pathlib import Path

from collate.tables import CHOSEN, REJECTED, Step, TuningStep, from_table, to_table
from collate.tuning.curves import FILE, read_curves, write_curves

STEP = Step(
    step=1, loss=0.7, margin=0.0, logprobs={CHOSEN: -20.0, REJECTED: -22.0},
    logratios={CHOSEN: 0.0, REJECTED: 0.0}, accuracy=0.5, learning_rate=1e-4, grad_norm=1.0,
    tokens=96,
)  # fmt: skip
SUPERVISED = replace(
    STEP, margin=math.nan, logprobs={CHOSEN: -20.0}, logratios={}, accuracy=math.nan
)


def strictly(text: str) -> object:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def test_curves_come_back_from_strict_json(tmp_path: Path) -> None:
    broken = replace(STEP, step=3, grad_norm=math.nan, logratios={CHOSEN: math.nan})
    steps = [STEP, SUPERVISED, broken]
    write_curves(tmp_path, steps)
    strictly((tmp_path / FILE).read_text())
    found = read_curves(tmp_path)
    assert found[0] == STEP
    assert repr(found) == repr(steps)


def test_supervised_steps_survive_the_table() -> None:
    row = TuningStep(**{name: getattr(SUPERVISED, name) for name in Step.__slots__}, round=1,
                     agent="a")  # fmt: skip
    (found,) = from_table(TuningStep, to_table(TuningStep, [row]))
    assert repr(found) == repr(row)
