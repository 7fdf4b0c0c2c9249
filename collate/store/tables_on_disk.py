"""Tables on disk that are written and read block by block, so that no run is too long for memory.

A block is a row group of the Parquet file. The tables of a round's questions have the same blocks
of questions, in the same order: the n-th block of one belongs to the n-th of the other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, Generic

import pyarrow.parquet as pq

from collate.atomic import complete_file
from collate.tables import SCHEMAS, Row, from_table, to_table

Block = Mapping[str, Sequence[Any]]
"""Some rows of each of a stage's tables, by the table's name."""


class StoredRows(Generic[Row]):
    """The rows of one table. They are read anew whenever they are gone through."""

    def __init__(self, path: Path, row_type: type[Row]):
        self._path, self._row_type = path, row_type

    def __len__(self) -> int:
        rows: int = pq.read_metadata(self._path).num_rows
        return rows

    def __iter__(self) -> Iterator[Row]:
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[list[Row]]:
        """The rows, block by block; a block may be empty."""
        with pq.ParquetFile(self._path) as file:
            for number in range(file.num_row_groups):
                yield from_table(self._row_type, file.read_row_group(number))

    def having(self, **values: str) -> list[Row]:
        """The rows with these values in these columns."""
        filters = [(column, "=", value) for column, value in values.items()]
        return from_table(self._row_type, pq.read_table(self._path, filters=filters))


def write_blocks(
    tables: Mapping[str, type], path_of: Callable[[str], Path], blocks: Iterable[Block]
) -> None:
    """Write tables, named with their types of rows; each appears when all of its blocks are there.

    Nothing is opened before the first block is made, which may take long.
    """
    made = iter(blocks)
    first = next(made, {})
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(
                pq.ParquetWriter(
                    stack.enter_context(complete_file(path_of(name))), SCHEMAS[row_type]
                )
            )
            for name, row_type in tables.items()
        }
        for block in chain([first], made):
            for name, row_type in tables.items():
                rows = block.get(name, ())
                writers[name].write_table(
                    to_table(row_type, rows), row_group_size=max(1, len(rows))
                )
