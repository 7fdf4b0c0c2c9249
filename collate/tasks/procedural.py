"""Questions made by reasoning-gym: any of its data sets by name, with its own settings.

    {"question": "State the final answer to the following arithmetic problem: 4 - 1 =",
     "answer": "3", "metadata": {"source_dataset": "chain_sum", "source_index": 1, ...}}

reasoning-gym seeds item i with `seed + i`, so two data sets with different seeds share most of
their questions, and one data set repeats itself. All splits are therefore cut from one stream of
items, made in blocks whose seeds follow on each other, with every repetition dropped.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from collate.answers.reading import read_gold
from collate.config.schema import TaskConfig
from collate.errors import InputError, nearest_hint
from collate.tasks.rows import Item
from collate.tasks.splits import question_id

# Some data sets make items that depend on the size asked for, so blocks of one size keep item i
# the same however many there are; 500 is the library's own size.
_BLOCK_SIZE = 500
_SEEDS_BETWEEN_POOLS = 10_000_000  # task.dataset_seed=1 begins where 0 would after so many items
PATIENCE = 1000  # items without a new question after which the stream counts as exhausted
# What a generator raises on settings that it cannot serve.
_GENERATOR_ERRORS = (
    TypeError, ValueError, AssertionError, AttributeError, KeyError, IndexError,
)  # fmt: skip

# A number with the sign of the operation before it: "9", "- 6" and "- -2" of "9 - 6 - -2 =".
_TERM = re.compile(r"(?:([+-]) )?(-?\d+)")


class QuestionPool:
    """Distinct questions drawn from the stream so far: `items` by id, and `duplicates` dropped."""

    def __init__(self, config: TaskConfig, seen: set[str]) -> None:
        """`seen` holds ids that count as repetitions from the start: those of worked examples."""
        self.items: dict[str, Item] = {}
        self.duplicates = 0
        self.end = ""
        self._stream, self._task = stream(config), config.name
        self._seen, self._limit = set(seen), config.limit

    def reach(self, count: int) -> bool:
        """Draws until there are `count` distinct questions; False where there are not as many.

        `end` then says why: task.limit, or `PATIENCE` items in a row that brought nothing new.
        """
        draws_without_new = 0
        while len(self.items) < count and not self.end:
            if self._limit is not None and len(self.items) >= self._limit:
                self.end = f"task.limit={self._limit}"
            elif draws_without_new == PATIENCE:
                self.end = f"none new among {PATIENCE} more"
            elif self._draw():
                draws_without_new = 0
            else:
                draws_without_new += 1
        return len(self.items) >= count

    def _draw(self) -> bool:
        """Takes the next item of the stream; whether it is a new question."""
        item = next(self._stream)
        item_id = question_id(self._task, item.text)
        if item_id in self._seen:
            self.duplicates += 1
            return False
        self._seen.add(item_id)
        self.items[item_id] = item
        return True


def stream(config: TaskConfig) -> Iterator[Item]:
    """Items without end, repetitions among them.

    Raises InputError where reasoning-gym or the data set is missing, or the settings do not serve.
    """
    library = _library()
    if config.dataset not in library.DATASETS:
        known_names = sorted(library.DATASETS)
        hint = nearest_hint(str(config.dataset), known_names)
        # Nothing is near: all of them, since a name cannot be guessed.
        hint = hint or f"; its data sets are {', '.join(known_names)}"
        raise InputError(f"task.dataset={config.dataset}: no such reasoning-gym data set{hint}")
    # Checked before anything is made: reasoning-gym would raise a TypeError at the first item that
    # does not say which settings there are.
    _, settings_class = library.DATASETS[config.dataset]
    _check_arguments(settings_class, config)
    return _items(library, config)


def _library() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of a package that it depends on
            import reasoning_gym.factory as library
    except ModuleNotFoundError as error:
        raise InputError(
            f"task.kind=procedural needs the package {error.name}, which is not installed; in the "
            "checkout, run: pip install -e '.[packaged]'"
        ) from error
    return library


def _check_arguments(settings_class: type, config: TaskConfig) -> None:
    """Raises InputError for every item of task.dataset_args that is no setting of the data set."""
    # Every generator has these two, which the splits and `task.dataset_seed` decide.
    reserved_names = ("seed", "size")
    known_names = [each.name for each in fields(settings_class) if each.name not in reserved_names]
    problems = []
    for argument in config.dataset_args:
        if argument in reserved_names:
            instead = "task.dataset_seed" if argument == "seed" else "the sizes of the splits"
            problems.append(f"task.dataset_args.{argument}: is set by {instead}")
        elif argument not in known_names:
            problems.append(
                f"task.dataset_args.{argument}: {config.dataset} has no such setting; it has "
                f"{', '.join(known_names)}{nearest_hint(argument, known_names)}"
            )
    if problems:
        raise InputError.of(problems)


def _items(library: Any, config: TaskConfig) -> Iterator[Item]:
    block_seed = config.dataset_seed * _SEEDS_BETWEEN_POOLS
    solve_question = SOLVERS.get(config.dataset or "", _no_solution)
    while True:
        data_set = _generate(
            config, library.create_dataset, config.dataset, seed=block_seed, size=_BLOCK_SIZE,
            **config.dataset_args,
        )  # fmt: skip
        for index in range(_BLOCK_SIZE):
            record = _generate(config, data_set.__getitem__, index)
            question_text = record["question"].strip()
            gold_answer = _gold_answer(config, record)
            yield Item(question_text, gold_answer, solution=solve_question(question_text))
        # Item i has seed `block_seed + i`, so this is the seed after the last item's.
        block_seed += _BLOCK_SIZE


def _generate(config: TaskConfig, generator: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function of reasoning-gym returns; its complaint about settings as an InputError."""
    try:
        return generator(*args, **kwargs)
    except _GENERATOR_ERRORS as error:
        settings = ", ".join(f"{name}={value}" for name, value in config.dataset_args.items())
        raise InputError(
            f"task.dataset={config.dataset}: reasoning-gym cannot generate questions with "
            f"task.dataset_args ({settings or 'its defaults'}): {error or type(error).__name__}"
        ) from error


def _gold_answer(config: TaskConfig, record: dict[str, Any]) -> str:
    if record["answer"] is None:
        raise InputError(
            f"task.dataset={config.dataset}: its questions have no single right answer to compare "
            "with; choose another data set"
        )
    gold_text = str(record["answer"]).strip()
    # Read like a gold answer of a file, so that an answer of another kind is reported before a
    # model is asked the question.
    try:
        gold_key = read_gold(config.answer_kind, gold_text, (), config.languages)
    except ValueError as error:
        raise InputError(
            f"task.dataset={config.dataset}: {error}; set task.answer_kind to what its answers are "
            "(number, text, boolean or choice)"
        ) from error
    return str(gold_key) if config.answer_kind == "boolean" else gold_text


def _chain_solution(question: str) -> str:
    """A chain of sums and differences worked from left to right, a line a step.

    "... problem: 9 - 6 - 2 ="   ->   "9 - 6 = 3\\n3 - 2 = 1"
    """
    (_, first_number), *later_terms = _TERM.findall(question.rpartition(":")[2])
    running_total = int(first_number)
    step_lines = []
    for sign, number in later_terms:
        new_total = running_total + int(number) if sign == "+" else running_total - int(number)
        step_lines.append(f"{running_total} {sign} {number} = {new_total}")
        running_total = new_total
    return "\n".join(step_lines)


def _no_solution(_: str) -> str:
    return ""


SOLVERS: dict[str, Callable[[str], str]] = {"chain_sum": _chain_solution}
"""How questions of a data set are worked out, where a few lines can: reasoning-gym ships answers
alone, and gold rationales are what some rules learn from."""
