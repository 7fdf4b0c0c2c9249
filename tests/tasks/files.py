"""Small question files for the tests of this folder, and settings that read them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collate.config.schema import TaskConfig


def write_jsonl(path: Path, records: Sequence[Mapping[str, Any]]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def sums(count: int, start: int = 0) -> list[dict[str, Any]]:
    """`count` distinct questions with number answers."""
    return [{"question": f"What is {n} + 1?", "answer": n + 1} for n in range(start, start + count)]


def table(path: str | None, **settings: Any) -> TaskConfig:
    """A table task over a file, with splits that small files fill."""
    defaults = {"name": "t", "kind": "table", "train": 0.5, "validation": 0.25, "test": 0.25}
    return TaskConfig(path=path, **(defaults | settings))
