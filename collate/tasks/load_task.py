"""From the settings of a task to its questions, in disjoint splits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from collate.config.schema import TaskConfig
from collate.errors import InputError
from collate.tables import Question
from collate.tasks.items import ReadItems, read_items
from collate.tasks.near_duplicates import Leak, leaks
from collate.tasks.procedural import QuestionPool
from collate.tasks.repeats import conflict_notes, conflict_problems, conflicts, distinct, without
from collate.tasks.rows import Item, Source
from collate.tasks.setting_checks import has_test_source, setting_problems, source_setting
from collate.tasks.sources import read_file, read_hub
from collate.tasks.splits import (
    SPLITS,
    assign,
    assign_named,
    held_out_first,
    is_share,
    question_id,
    sizes_of,
)
from collate.tasks.wording import split_options

# Validation and test questions of a procedural task are cut from a first part of its stream that
# has this many times as many questions. Its size depends on their number alone, so that they stay
# when more training questions are asked for, and it is large enough to hold rare questions among
# common ones.
_HELD_OUT_POOL = 3


@dataclass(frozen=True)
class TaskData:
    """The questions of a task, ordered by split (train, validation, test) and then by id.

    `duplicates` counts questions that were dropped because the same text stood before, within or
    across splits or in a worked example; `unused` counts distinct questions that no split asks for;
    `unlabelled` counts rows left out because they have no label (task.unlabelled=drop). `leaks` has
    the pairs of a training question and a test or validation one that nearly repeat each other;
    under task.near_duplicates=drop those training questions are not among `questions`. `notes` says
    in sentences what else was left out of the sources or changed in them.
    """

    questions: list[Question]
    duplicates: int
    unused: int
    unlabelled: int = 0
    leaks: tuple[Leak, ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, split: str) -> int:
        """How many questions a split has."""
        return sum(question.split == split for question in self.questions)

    @property
    def near_duplicates(self) -> int:
        """How many training questions nearly repeat a test or validation question."""
        return len({leak.train_id for leak in self.leaks})


def load_task(config: TaskConfig) -> TaskData:
    """The questions that a task's settings describe, in disjoint splits that are never empty.

    The same settings and files give the same questions on every machine. Raises InputError with
    every problem found: in settings, files, columns, broken lines, answers and sizes of splits.
    """
    problems = setting_problems(config)
    if config.kind == "procedural":
        _stop_at(problems)
        return _load_procedural(config)
    # Both sources are read before anything is refused, so one error has the problems of both.
    test_source = _read_test_source(config, problems)
    first_source = ReadItems(Source("", "row"), [])
    if not (config.held_out and has_test_source(config)):
        first_source = _read_first_source(config, problems)
    _stop_at(problems)
    first_source = replace(first_source, items=first_source.items[: config.limit])
    if config.held_out:
        test_source = replace(test_source, items=test_source.items[: config.limit])
    conflicting = conflicts(config, [test_source, first_source])
    if config.conflicts == "refuse":
        _stop_at(conflict_problems(conflicting))
    # The test source goes first, so that a question which stands in both is a test question.
    seen_ids = _example_ids(config)
    test_items, test_duplicates = distinct(config.name, without(test_source, conflicting), seen_ids)
    first_items, first_duplicates = distinct(
        config.name, held_out_first(without(first_source, conflicting)), seen_ids
    )
    split_by_id = _split_by_id(config, test_items, first_items, problems)
    _stop_at(problems)
    data = _task_data(
        config, test_items | first_items, split_by_id, first_duplicates + test_duplicates
    )
    return replace(
        data,
        unlabelled=first_source.unlabelled + test_source.unlabelled,
        notes=(
            *first_source.source.notes, *test_source.source.notes, *conflict_notes(conflicting),
        ),
    )  # fmt: skip


def _split_by_id(
    config: TaskConfig,
    test_items: Mapping[str, Item],
    first_items: Mapping[str, Item],
    problems: list[str],
) -> dict[str, str]:
    """The split of each question that some split asks for."""
    if config.held_out:
        held_out_ids = [
            item_id for item_id, item in first_items.items() if item.split in ("", "test")
        ]
        return dict.fromkeys([*test_items, *held_out_ids], "test")
    test_is_apart = has_test_source(config)
    if config.split_column is not None:
        return assign_named(first_items, config, source_setting(config), problems)
    sizes = sizes_of(config, has_test_source=test_is_apart)
    split_by_id = assign(first_items, sizes, source_setting(config), problems)
    if test_is_apart:
        test_size = None if is_share(config.test) else int(config.test)
        if test_size is not None and test_size > len(test_items):
            problems.append(
                f"task.test={test_size}: the test source has only {len(test_items)} distinct "
                "questions"
            )
        # By id and not by place in the file, so that the choice survives a reordered file.
        split_by_id |= dict.fromkeys(sorted(test_items)[:test_size], "test")
    return split_by_id


def _load_procedural(config: TaskConfig) -> TaskData:
    pool = QuestionPool(config, _example_ids(config))
    sizes = sizes_of(config, has_test_source=False)
    if config.held_out:
        sizes |= {"train": 0, "validation": 0}
    problems: list[str] = []
    if any(is_share(size) for size in sizes.values()):
        # task.limit is set here: `_procedural_problems` refuses a share without it.
        pool.reach(config.limit or 0)
        split_by_id = assign(pool.items, sizes, source_setting(config), problems)
        _stop_at(problems)
        return _task_data(config, pool.items, split_by_id, pool.duplicates)
    wanted_count = int(sum(sizes.values()))
    train_size = int(sizes.pop("train"))
    held_out_size = int(sum(sizes.values()))
    pool.reach(_HELD_OUT_POOL * held_out_size)
    first_part = list(pool.items)
    if not pool.reach(wanted_count):
        raise InputError(
            f"{source_setting(config)} gives {len(pool.items)} distinct questions ({pool.end}), "
            f"and task.train, task.validation and task.test ask for {wanted_count}; lower them, or "
            "set task.dataset_args for more variety"
        )
    # Training questions come from the whole stream: whatever the held-out splits left over.
    split_by_id = assign(first_part, sizes, source_setting(config), problems)
    _stop_at(problems)
    unassigned = sorted(item_id for item_id in pool.items if item_id not in split_by_id)
    split_by_id |= dict.fromkeys(unassigned[:train_size], "train")
    return _task_data(config, pool.items, split_by_id, pool.duplicates)


def _task_data(
    config: TaskConfig,
    items_by_id: Mapping[str, Item],
    split_by_id: Mapping[str, str],
    duplicates: int,
) -> TaskData:
    """The questions of all splits, none of which may be empty, and what was found about them."""
    problems = []
    if config.held_out and not split_by_id:
        problems.append(f"{source_setting(config)}: no question is a test question")
    for split in () if config.held_out else SPLITS:
        size = getattr(config, split)
        if size > 0 and split not in split_by_id.values():
            problems.append(
                f"{source_setting(config)}: no question falls into the {split} split "
                f"(task.{split}={size:g}, {len(items_by_id)} distinct questions); use more "
                "questions, or give the sizes of the splits as numbers"
            )
    _stop_at(problems)
    questions = []
    for split in SPLITS:
        for item_id in sorted(split_by_id):
            if split_by_id[item_id] == split:
                questions.append(_question(config, item_id, split, items_by_id[item_id]))
    # Counted before near duplicates are dropped, which were asked for and are reported as leaks.
    unused_count = len(items_by_id) - len(questions)
    near_duplicates = tuple(leaks(questions))
    if config.near_duplicates == "drop" and not config.held_out:
        questions = _without_leaks(config, questions, near_duplicates)
    return TaskData(questions, duplicates, unused_count, leaks=near_duplicates)


def _question(config: TaskConfig, item_id: str, split: str, item: Item) -> Question:
    return Question(
        id=item_id,
        task=config.name,
        split=split,
        text=item.text,
        gold=item.gold,
        options=item.options,
        solution=item.solution,
        **config.labels,
    )


def _without_leaks(
    config: TaskConfig, questions: list[Question], near_duplicates: tuple[Leak, ...]
) -> list[Question]:
    """The questions without the training questions that nearly repeat another split's."""
    leaking_ids = {leak.train_id for leak in near_duplicates}
    remaining = [question for question in questions if question.id not in leaking_ids]
    if not any(question.split == "train" for question in remaining):
        raise InputError(
            f"{source_setting(config)}: every training question nearly repeats a validation or "
            "test question; choose other test questions, or train on them anyway with "
            "task.near_duplicates=keep"
        )
    return remaining


def _stop_at(problems: list[str]) -> None:
    if problems:
        raise InputError.of(problems)


def _example_ids(config: TaskConfig) -> set[str]:
    """Ids of the worked examples: a question whose answer the prompt shows belongs to no split."""
    return {
        question_id(config.name, *split_options(example.question)) for example in config.examples
    }


def _read_first_source(config: TaskConfig, problems: list[str]) -> ReadItems:
    source = None
    if config.path is not None:
        source = read_file("path", config.path, problems)
    elif config.dataset is not None:
        source = read_hub(config.dataset, config.subset, config.source_split, problems)
    return read_items(source, config, problems, is_test_source=False)


def _read_test_source(config: TaskConfig, problems: list[str]) -> ReadItems:
    source = None
    if not has_test_source(config):
        return ReadItems(Source("", "row"), [])
    if config.test_path is not None:
        source = read_file("test_path", config.test_path, problems)
    elif config.dataset is not None and config.test_source_split is not None:
        source = read_hub(config.dataset, config.subset, config.test_source_split, problems)
    return read_items(source, config, problems, is_test_source=True)
