"""From the settings of a task to its questions, in disjoint splits."""

from dataclasses import dataclass, replace

from collate.config.schema import TaskConfig
from collate.errors import InputError
from collate.tables import Question
from collate.tasks import procedural
from collate.tasks.files import read_file
from collate.tasks.hub import read_hub
from collate.tasks.items import FAMILIES, ReadItems, read_items
from collate.tasks.near_duplicates import Leak, leaks
from collate.tasks.rows import Item
from collate.tasks.splits import (
    SPLITS,
    assign,
    distinct,
    is_share,
    question_id,
    size_problems,
    sizes_of,
)
from collate.tasks.wording import prompt_problems, split_options

# Held-out questions of a procedural task are cut from a first part of its stream that has this many
# times as many questions. Its size depends on their number alone, so that they stay when more
# training questions are asked for, and it is large enough to hold rare questions among common ones.
_HELD_OUT_POOL = 3


@dataclass(frozen=True)
class TaskData:
    """The questions of a task, ordered by split (train, validation, test) and then by id.

    `duplicates` counts questions that were dropped because the same text stood before, within or
    across splits or in a worked example; `unused` counts distinct questions that no split asks for;
    `unlabelled` counts rows left out because they have no label (task.unlabelled=drop). `leaks` has
    the pairs of a training question and a held-out or validation one that nearly repeat each other;
    under task.near_duplicates=drop those training questions are not among `questions`.
    """

    questions: list[Question]
    duplicates: int
    unused: int
    unlabelled: int = 0
    leaks: tuple[Leak, ...] = ()

    def count(self, split: str) -> int:
        """How many questions a split has."""
        return sum(question.split == split for question in self.questions)

    @property
    def near_duplicates(self) -> int:
        """How many training questions nearly repeat a held-out or validation question."""
        return len({leak.train_id for leak in self.leaks})


def load_task(config: TaskConfig) -> TaskData:
    """The questions that a task's settings describe, in disjoint splits that are never empty.

    The same settings and files give the same questions on every machine. Raises InputError with
    every problem found: in settings, files, columns, broken lines, answers and sizes of splits.
    """
    held_out = _has_held_out_source(config)
    problems = _setting_problems(config) + size_problems(config)
    if config.kind == "procedural":
        _stop_at(problems)
        return _procedural(config)
    read = _read(config, problems)
    read_held_out = _read_held_out(config, problems) if held_out else ReadItems([])
    _stop_at(problems)
    # The held-out file goes first, so that a question which stands in both is held out.
    seen = _example_ids(config)
    test, dropped_test = distinct(config.name, read_held_out.items, seen)
    rest, dropped = distinct(config.name, read.items[: config.limit], seen)
    splits = assign(rest, sizes_of(config, held_out=held_out), _shown(config), problems)
    if held_out:
        wanted = None if is_share(config.test) else int(config.test)
        if wanted is not None and wanted > len(test):
            problems.append(f"task.test={wanted}: only {len(test)} distinct questions are held out")
        splits |= dict.fromkeys(sorted(test)[:wanted], "test")
    data = _data(config, test | rest, splits, dropped + dropped_test, problems)
    return replace(data, unlabelled=read.unlabelled + read_held_out.unlabelled)


def _procedural(config: TaskConfig) -> TaskData:
    pool = procedural.Pool(config, _example_ids(config))
    sizes = sizes_of(config, held_out=False)
    problems: list[str] = []
    if any(is_share(size) for size in sizes.values()):
        pool.reach(config.limit or 0)
        splits = assign(pool.items, sizes, _shown(config), problems)
        return _data(config, pool.items, splits, pool.duplicates, problems)
    wanted, train = int(sum(sizes.values())), int(sizes.pop("train"))
    pool.reach(_HELD_OUT_POOL * int(sum(sizes.values())))
    first_part = list(pool.items)
    if not pool.reach(wanted):
        raise InputError(
            f"{_shown(config)} gives {len(pool.items)} distinct questions ({pool.end}), and "
            f"task.train, task.validation and task.test ask for {wanted}; ask for less, or for "
            "more variety by task.dataset_args"
        )
    splits = assign(first_part, sizes, _shown(config), problems)
    free = sorted(key for key in pool.items if key not in splits)
    splits |= dict.fromkeys(free[:train], "train")
    return _data(config, pool.items, splits, pool.duplicates, problems)


def _data(
    config: TaskConfig,
    items: dict[str, Item],
    splits: dict[str, str],
    duplicates: int,
    problems: list[str],
) -> TaskData:
    _stop_at(problems)
    for split in SPLITS:
        if split not in splits.values() and getattr(config, split) > 0:
            problems.append(
                f"{_shown(config)}: no question falls into the {split} split (task.{split}="
                f"{getattr(config, split):g}, {len(items)} distinct questions); use more "
                "questions, or give the sizes of the splits as numbers"
            )
    _stop_at(problems)
    questions = [
        _question(config, key, split, items[key])
        for split in SPLITS
        for key in sorted(key for key, its in splits.items() if its == split)
    ]
    unused = len(items) - len(questions)
    found = tuple(leaks(questions))
    return TaskData(_kept(config, questions, found), duplicates, unused, leaks=found)


def _question(config: TaskConfig, key: str, split: str, item: Item) -> Question:
    return Question(key, config.name, split, item.text, item.gold, item.options, item.solution)


def _kept(config: TaskConfig, questions: list[Question], found: tuple[Leak, ...]) -> list[Question]:
    if config.near_duplicates == "keep":
        return questions
    near = {leak.train_id for leak in found}
    kept = [question for question in questions if question.id not in near]
    if not any(question.split == "train" for question in kept):
        raise InputError(
            f"{_shown(config)}: every training question nearly repeats a validation or held-out "
            "one; hold out other questions, or learn from them all the same by "
            "task.near_duplicates=keep"
        )
    return kept


def _stop_at(problems: list[str]) -> None:
    if problems:
        raise InputError.of(problems)


def _has_held_out_source(config: TaskConfig) -> bool:
    # A split of the hub data set says nothing about a local file that is read in its place.
    return config.test_path is not None or (config.path is None and bool(config.test_source_split))


def _shown(config: TaskConfig) -> str:
    return f"task.path={config.path}" if config.path else f"task.dataset={config.dataset}"


def _example_ids(config: TaskConfig) -> set[str]:
    """Ids of the worked examples: a question whose answer the prompt shows belongs to no split."""
    return {question_id(config.name, *split_options(each.question)) for each in config.examples}


def _setting_problems(config: TaskConfig) -> list[str]:
    problems = prompt_problems("task.prompt", config.prompt)
    if config.kind not in FAMILIES:
        problems.append(f"task.kind={config.kind}: expected one of {', '.join(FAMILIES)}")
        return problems
    kinds = FAMILIES[config.kind].ANSWER_KINDS
    if config.answer_kind not in kinds:
        problems.append(
            f"task.answer_kind={config.answer_kind}: task.kind={config.kind} goes with "
            f"{' or '.join(kinds)}"
        )
    if config.limit is not None and config.limit < 1:
        problems.append(f"task.limit={config.limit}: at least 1, or null")
    if config.kind != "procedural":
        if config.path is None and config.dataset is None:
            problems.append(
                f"task.kind={config.kind} needs questions: task.path=FILE for a local file, or "
                "task.dataset=ID for a hub data set"
            )
        return problems
    for name in ("path", "test_path", "test_source_split", "solution"):
        if getattr(config, name):
            problems.append(
                f"task.{name}={getattr(config, name)}: task.kind=procedural makes its questions; "
                "use another task, for example task=table, for questions from a file"
            )
    if config.dataset is None:
        problems.append(
            "task.kind=procedural needs task.dataset, a reasoning-gym data set, for example "
            "task.dataset=chain_sum"
        )
    shares = [split for split in SPLITS if is_share(getattr(config, split))]
    if shares and config.limit is None:
        problems.append(
            f"task.{shares[0]}={getattr(config, shares[0])}: a share of endless procedural "
            "questions; give task.train, task.validation and task.test as numbers, or task.limit"
        )
    return problems


def _read(config: TaskConfig, problems: list[str]) -> ReadItems:
    source = None
    if config.path is not None:
        source = read_file("path", config.path, problems)
    elif config.dataset is not None:
        source = read_hub(config.dataset, config.subset, config.source_split, problems)
    return read_items(source, config, problems, held_out=False)


def _read_held_out(config: TaskConfig, problems: list[str]) -> ReadItems:
    source = None
    if config.test_path is not None:
        source = read_file("test_path", config.test_path, problems)
    elif config.dataset is not None and config.test_source_split is not None:
        source = read_hub(config.dataset, config.subset, config.test_source_split, problems)
    return read_items(source, config, problems, held_out=True)
