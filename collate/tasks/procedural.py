"""Questions made by reasoning-gym: any of its data sets by name, with its own settings.

    {"question": "State the final answer to the following arithmetic problem: 4 - 1 =",
     "answer": "3", "metadata": {"source_dataset": "chain_sum", "source_index": 1, ...}}

reasoning-gym seeds item i with `seed + i`, so two data sets with different seeds share most of
their questions, and one data set repeats itself. All splits are therefore cut from one stream of
items, made in blocks whose seeds follow on each other, with every repetition dropped.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from collate.answers.reading import read_gold
from collate.config.schema import TaskConfig
from collate.errors import InputError
from collate.tasks.rows import Item, nearest
from collate.tasks.splits import question_id

ANSWER_KINDS = ("number", "text", "boolean", "choice")
# Some data sets make items that depend on the size asked for, so blocks of one size keep item i
# the same however many there are; 500 is the library's own size.
_BLOCK = 500
_POOL = 10_000_000  # seeds apart between pools: reasoning-gym makes item i with seed + i
PATIENCE = 1000  # items without a new question after which the stream counts as exhausted
# What a generator raises on settings that it cannot serve.
_FAULTS = (TypeError, ValueError, AssertionError, AttributeError, KeyError, IndexError)


class Pool:
    """Distinct questions drawn from the stream so far: `items` by id, and `duplicates` dropped."""

    def __init__(self, config: TaskConfig, seen: set[str]) -> None:
        """`seen` holds ids that count as repetitions from the start: those of worked examples."""
        self.items: dict[str, Item] = {}
        self.duplicates = 0
        self.end = ""
        self._stream, self._task = stream(config), config.name
        self._seen, self._most = set(seen), config.limit

    def reach(self, wanted: int) -> bool:
        """Draws until there are `wanted` distinct questions; False where there are not as many.

        `end` then says why: task.limit, or `PATIENCE` items in a row that brought nothing new.
        """
        stale = 0
        while len(self.items) < wanted and not self.end:
            if self._most is not None and len(self.items) >= self._most:
                self.end = f"task.limit={self._most}"
            elif stale == PATIENCE:
                self.end = f"none new among {PATIENCE} more"
            else:
                item = next(self._stream)
                key = question_id(self._task, item.text)
                stale = stale + 1 if key in self._seen else 0
                if key in self._seen:
                    self.duplicates += 1
                else:
                    self._seen.add(key)
                    self.items[key] = item
        return len(self.items) >= wanted


def stream(config: TaskConfig) -> Iterator[Item]:
    """Items without end, repetitions among them. Raises InputError where settings do not serve."""
    library = _library()
    if config.dataset not in library.DATASETS:
        known = sorted(library.DATASETS)
        hint = nearest(str(config.dataset), known) or f"; there are {', '.join(known)}"
        raise InputError(f"task.dataset={config.dataset}: no such reasoning-gym data set{hint}")
    _check_arguments(library.DATASETS[config.dataset][1], config)
    return _items(library, config)


def _library() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of a package that it depends on
            import reasoning_gym.factory as library
    except ModuleNotFoundError as error:
        raise InputError(
            f"task.kind=procedural needs {error.name}, which is not installed: "
            "in the checkout, pip install -e '.[packaged]'"
        ) from error
    return library


def _check_arguments(settings: type, config: TaskConfig) -> None:
    known = [each.name for each in fields(settings) if each.name not in ("seed", "size")]
    problems = []
    for name in config.dataset_args:
        if name in ("seed", "size"):
            instead = "task.dataset_seed" if name == "seed" else "the sizes of the splits"
            problems.append(f"task.dataset_args.{name}: is set by {instead}")
        elif name not in known:
            problems.append(
                f"task.dataset_args.{name}: {config.dataset} has no such setting; it has "
                f"{', '.join(known)}{nearest(name, known)}"
            )
    if problems:
        raise InputError.of(problems)


def _items(library: Any, config: TaskConfig) -> Iterator[Item]:
    first = config.dataset_seed * _POOL
    while True:
        block = _made(config, library.create_dataset, config.dataset, seed=first, size=_BLOCK,
                      **config.dataset_args)  # fmt: skip
        for index in range(_BLOCK):
            record = _made(config, block.__getitem__, index)
            text = record["question"].strip()
            solve = SOLUTIONS.get(config.dataset or "", lambda _: "")
            yield Item(text, _gold(config, record), solution=solve(text))
        first += _BLOCK


def _chain_solution(question: str) -> str:
    """A chain of sums and differences worked from left to right, a line a step.

    "... problem: 9 - 6 - 2 ="   ->   "9 - 6 = 3\\n3 - 2 = 1"
    """
    first, *steps = _TERMS.findall(question.rpartition(":")[2])
    total, lines = int(first[1]), []
    for sign, number in steps:
        after = total + int(number) if sign == "+" else total - int(number)
        lines.append(f"{total} {sign} {number} = {after}")
        total = after
    return "\n".join(lines)


_TERMS = re.compile(r"(?:([+-]) )?(-?\d+)")
SOLUTIONS = {"chain_sum": _chain_solution}
"""How questions of a data set are worked out, where a few lines can: reasoning-gym ships answers
alone, and gold rationales are what some rules learn from."""


def _made(config: TaskConfig, make: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return make(*args, **kwargs)
    except _FAULTS as error:
        shown = ", ".join(f"{name}={value}" for name, value in config.dataset_args.items())
        raise InputError(
            f"task.dataset={config.dataset}: reasoning-gym makes no questions with "
            f"task.dataset_args ({shown or 'its defaults'}): {error or type(error).__name__}"
        ) from error


def _gold(config: TaskConfig, record: dict[str, Any]) -> str:
    if record["answer"] is None:
        raise InputError(
            f"task.dataset={config.dataset}: its questions have no single right answer to compare "
            "with; choose another data set"
        )
    gold = str(record["answer"]).strip()
    try:
        read_gold(config.answer_kind, gold, ())
    except ValueError as error:
        raise InputError(
            f"task.dataset={config.dataset}: {error}; set task.answer_kind to what its answers are "
            "(number, text, boolean or choice)"
        ) from error
    if config.answer_kind == "boolean":
        return str(read_gold("boolean", gold, ()))
    return gold
