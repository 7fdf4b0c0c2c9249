"""Rows of a stage that is under way, on disk as they come, so that a killed stage goes on.

A shard is a small table that is committed like a stage of its own, below `<stage>.shards`. When the
stage is finished its shards are removed.
"""

import re
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from collate.errors import RunFolderError
from collate.store.run_folder import SHARDS, RunFolder, Stage
from collate.store.tables_on_disk import write_blocks


class Shards:
    """The rows of an unfinished stage by block. What is added is on disk when `add` returns.

    `part` tells apart several kinds of rows of one stage.
    """

    def __init__(self, folder: RunFolder, stage: Stage, row_type: type, part: str = ""):
        self._folder, self._row_type, self._key = folder, row_type, stage.key
        self._name = f"{stage.name}{part}{SHARDS}"
        self._count_by_block: dict[int, int] = defaultdict(int)
        self._names_by_block: dict[int, list[str]] = defaultdict(list)
        self.row_count = 0
        """How many rows an earlier process left."""
        for name in folder.manifest.stages:
            if name.startswith(f"{self._name}/"):
                self._count_earlier_shard(name)

    def rows(self, block: int) -> list[Any]:
        """The rows of a block that are there."""
        rows: list[Any] = []
        for shard_name in self._names_by_block[block]:
            rows += self._folder.rows(shard_name, self._row_type)
        return rows

    def add(self, block: int, rows: Sequence[Any]) -> None:
        """Keep some rows of a block."""
        shard_name = f"{self._name}/{block:05d}-{self._count_by_block[block]:05d}"
        start_time = time.monotonic()
        write_blocks({shard_name: self._row_type}, self._folder.table_path, [{shard_name: rows}])
        shard_path = self._folder.table_path(shard_name)
        # Under the stage's key: once the stage is made from something else, its shards are stale as
        # well.
        self._folder.commit(shard_name, [shard_path], self._key, time.monotonic() - start_time)
        self._count_by_block[block] += 1
        self._names_by_block[block].append(shard_name)

    def _count_earlier_shard(self, name: str) -> None:
        # A shard is named <stage>.shards/<block>-<number>.
        block_match = re.fullmatch(r"(\d{1,9})-\d{1,9}", name.removeprefix(f"{self._name}/"))
        if block_match is None:
            return
        block = int(block_match[1])
        self._count_by_block[block] += 1
        # One that cannot be used is counted all the same, so that no new shard takes its name.
        if self._is_usable(name):
            self._names_by_block[block].append(name)
            self.row_count += len(self._folder.stored(name, self._row_type))

    def _is_usable(self, name: str) -> bool:
        """A shard that is stale, gone or damaged is as good as none."""
        if self._folder.manifest.stages[name].get("made_from") != self._key:
            return False
        try:
            return self._folder.finished_file(self._folder.table_path(name)) is not None
        except RunFolderError:
            return False
