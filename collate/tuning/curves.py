"""The numbers of every optimizer step, kept beside the weights that the steps made."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "tuning.json"


@dataclass(frozen=True)
class Step:
    """What one optimizer step logged; the fields of `collate.tables.TuningStep` without the ids."""

    step: int
    loss: float
    margin: float
    chosen_logprob: float
    rejected_logprob: float
    chosen_logratio: float
    rejected_logratio: float
    accuracy: float
    learning_rate: float
    grad_norm: float


def write_curves(folder: Path, steps: Sequence[Step]) -> None:
    """Put the curves into a tuned agent's folder."""
    (folder / FILE).write_text(json.dumps([asdict(step) for step in steps]))


def read_curves(folder: Path) -> list[Step]:
    """The curves of a tuned agent's folder."""
    return [Step(**step) for step in json.loads((folder / FILE).read_text())]
