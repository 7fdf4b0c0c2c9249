"""The examples of one agent as the trainer sees them: by number, in batches, with references."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from datasets import Dataset

from collate.config.schema import SFT, TuningConfig
from collate.tuning.batches import Pairs, collate_pairs
from collate.tuning.tune import pair_tokens

NUMBER = "number"
"""The one column of the trainer's data set: which example it is."""


class Examples:
    """Examples of pairs by number, and what their reference's log-probabilities are.

    As the trainer's collator it turns rows of the data set into a batch. `order` holds the numbers
    of all epochs; the reference is computed once for an example, in batches that are the same
    wherever a process begins, so that a continued tuning ends with the same weights.
    """

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]] | Dataset,
        order: Sequence[int],
        config: TuningConfig,
    ):
        self._rows, self._order, self._config = rows, order, config
        self._distinct = list(dict.fromkeys(order))
        self._reference: dict[int, tuple[float, float]] = {}

    def __call__(self, rows: Sequence[Mapping[str, int]]) -> dict[str, Pairs]:
        return {"pairs": self.batch([row[NUMBER] for row in rows])}

    def batch(self, numbers: Sequence[int]) -> Pairs:
        """These examples as one batch, with their references where these are known."""
        reference = [self._reference[n] for n in numbers if n in self._reference]
        return collate_pairs(
            [self._rows[n] for n in numbers],
            reference or None,
            chosen_only=self._config.loss == SFT,
        )

    def of_step(self, step: int) -> Sequence[int]:
        """The numbers of the examples of an optimizer step, the first being 1."""
        size = self._config.batch
        return self._order[(step - 1) * size : step * size]

    def tokens(self, step: int) -> int:
        """How many completion tokens an optimizer step is of."""
        rows = [self._rows[number] for number in self.of_step(step)]
        return sum(
            pair_tokens(len(row["chosen_ids"]), len(row["rejected_ids"]), self._config)
            for row in rows
        )

    def without_reference(self, needed: Sequence[int], size: int) -> Iterator[list[int]]:
        """Batches of distinct examples that hold some of the needed ones."""
        wanted = set(needed)
        for start in range(0, len(self._distinct), size):
            numbers = self._distinct[start : start + size]
            if not wanted.isdisjoint(numbers):
                yield numbers

    def keep_reference(
        self, numbers: Sequence[int], chosen: Sequence[float], rejected: Sequence[float]
    ) -> None:
        self._reference.update(zip(numbers, zip(chosen, rejected, strict=True), strict=True))
