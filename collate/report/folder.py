"""What lies in a run's folder, read and checked. Only reads; `collate.rounds` writes it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from collate.errors import RunFolderError
from collate.store.paths import inside
from collate.tables import SCHEMAS

_ROUND = re.compile(r"round-(\d{1,6})", re.ASCII)


def round_folders(path: Path) -> list[tuple[int, Path]]:
    """The folders `round-00`, `round-01`, ... of a run with their numbers, in order."""
    named = [(_ROUND.fullmatch(folder.name), folder) for folder in path.iterdir()]
    return sorted((int(match[1]), inside(path, folder.name)) for match, folder in named if match)


def read_rows(row_type: type, path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A table of the run with the columns of its schema, or some of them.

    Columns beyond the schema are left out. Raises RunFolderError for a file that is missing or
    damaged, and for one that lacks a column or holds it as another type.
    """
    expected = SCHEMAS[row_type]
    names = list(columns or expected.names)
    try:
        # A folder above that is named key=value must not become a column.
        lacking = set(names) - set(pq.read_schema(path).names)
        if lacking:
            raise RunFolderError(
                f"{path} lacks {', '.join(sorted(lacking))}: not a table of this version of collate"
            )
        table = pq.read_table(path, columns=names, partitioning=None)
        schema = pa.schema([expected.field(name) for name in names])
        return table.select(names).cast(schema).replace_schema_metadata(None)
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} is missing from the run") from error
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise RunFolderError(f"{path} cannot be read as a table of collate: {error}") from error


def read_mapping(path: Path) -> dict[str, Any]:
    """The object in a JSON or YAML file. Raises RunFolderError where there is none to read."""
    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise RunFolderError(f"{path} is damaged: {error}") from error
    if not isinstance(value, dict):
        raise RunFolderError(f"{path} holds {type(value).__name__}, expected settings by name")
    return value
