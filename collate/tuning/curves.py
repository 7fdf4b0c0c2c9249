"""The numbers of every optimizer step, kept beside the weights that the steps made."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from collate.tables import Step

FILE = "tuning.json"


def write_curves(folder: Path, steps: Sequence[Step]) -> None:
    """Put the curves into a tuned agent's folder."""
    (folder / FILE).write_text(json.dumps([asdict(step) for step in steps]))


def read_curves(folder: Path) -> list[Step]:
    """The curves of a tuned agent's folder."""
    return [Step(**step) for step in json.loads((folder / FILE).read_text())]
