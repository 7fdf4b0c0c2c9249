"""Tables on disk: written and read block by block, or read whole and checked for damage.

A block is a row group of the Parquet file, so that no run is too long for memory. The tables of a
round's questions have the same blocks of questions, in the same order: the n-th block of one
belongs to the n-th of the other.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Generic

import pyarrow as pa
import pyarrow.parquet as pq

from collate.atomic import complete_file
from collate.errors import RunFolderError
from collate.store.paths import inside
from collate.tables import SCHEMAS, Row, from_table, to_table

Block = Mapping[str, Sequence[Any]]
"""Some rows of each of a stage's tables, by the table's name."""

# "round-01"; the group is the number.
_ROUND_FOLDER = re.compile(r"round-(\d{1,6})", re.ASCII)


class StoredRows(Generic[Row]):
    """The rows of one table, read from disk anew whenever they are gone through."""

    def __init__(self, path: Path, row_type: type[Row]):
        self._path, self._row_type = path, row_type

    def __len__(self) -> int:
        with damage_named(self._path):
            row_count: int = pq.read_metadata(self._path).num_rows
        return row_count

    def __iter__(self) -> Iterator[Row]:
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[list[Row]]:
        """The rows, block by block; a block may be empty."""
        with damage_named(self._path), pq.ParquetFile(self._path) as parquet_file:
            for group_number in range(parquet_file.num_row_groups):
                yield from_table(self._row_type, parquet_file.read_row_group(group_number))

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns of the table, batch by batch."""
        with damage_named(self._path), pq.ParquetFile(self._path) as parquet_file:
            yield from parquet_file.iter_batches(columns=list(columns))

    def having(self, **values: str) -> list[Row]:
        """The rows with these values in these columns."""
        filters = [(column, "=", value) for column, value in values.items()]
        # A folder above that is named key=value must not become a column.
        with damage_named(self._path):
            table = pq.read_table(self._path, filters=filters, partitioning=None)
            return from_table(self._row_type, table)


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn what pyarrow says of a damaged table into a RunFolderError that names it."""
    try:
        yield
    except RunFolderError:
        raise
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} is missing; restore it from a copy") from error
    # Of texts that are not UTF-8, Python says so by a ValueError.
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RunFolderError(
            f"{path} cannot be read as a table of collate ({error}); restore it from a copy"
        ) from error


def write_blocks(
    tables: Mapping[str, type], path_of: Callable[[str], Path], blocks: Iterable[Block]
) -> None:
    """Write tables, named with their types of rows; each appears when all of its blocks are there.

    Nothing is opened before the first block is computed, which may take long.
    """
    remaining_blocks = iter(blocks)
    first_block = next(remaining_blocks, {})
    with ExitStack() as stack:
        writer_by_table = {}
        for table_name, row_type in tables.items():
            unfinished = stack.enter_context(complete_file(path_of(table_name)))
            writer = pq.ParquetWriter(unfinished, SCHEMAS[row_type])
            writer_by_table[table_name] = stack.enter_context(writer)
        for block in chain([first_block], remaining_blocks):
            for table_name, row_type in tables.items():
                rows = block.get(table_name, ())
                # An empty block is written too, so that blocks of all tables stay aligned.
                group_size = max(1, len(rows))
                writer_by_table[table_name].write_table(
                    to_table(row_type, rows), row_group_size=group_size
                )


def read_rows(row_type: type, path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A whole table with the columns of its schema, or some of them.

    Columns beyond the schema are left out. Raises RunFolderError for a file that is missing or
    damaged, and for one that lacks a column or has it as another type.
    """
    expected = SCHEMAS[row_type]
    column_names = list(columns or expected.names)
    with damage_named(path):
        missing_columns = set(column_names) - set(pq.read_schema(path).names)
        if missing_columns:
            raise RunFolderError(
                f"{path} has no column {', '.join(sorted(missing_columns))}; this version of "
                "collate did not write it"
            )
        # A folder above that is named key=value must not become a column.
        table = pq.read_table(path, columns=column_names, partitioning=None)
        schema = pa.schema([expected.field(name) for name in column_names])
        # In the order asked for, and without what pandas or another writer added to the schema.
        table = table.select(column_names).cast(schema).replace_schema_metadata(None)
        table.validate(full=True)
        return table


def round_folders(path: Path) -> list[tuple[int, Path]]:
    """The folders `round-00`, `round-01`, ... of a run with their numbers, in order."""
    numbered_folders = []
    for folder in path.iterdir():
        round_match = _ROUND_FOLDER.fullmatch(folder.name)
        if round_match:
            numbered_folders.append((int(round_match[1]), inside(path, folder.name)))
    return sorted(numbered_folders)
