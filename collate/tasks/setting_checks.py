"""What is wrong with the settings of a task by themselves, before any source is read.

Types and ranges are no concern of this folder: `collate.config` has checked them.
"""

from collate.config.schema import TaskConfig
from collate.tasks.families import ANSWER_KINDS
from collate.tasks.splits import SPLITS, is_share, size_problems
from collate.tasks.wording import prompt_problems


def setting_problems(config: TaskConfig) -> list[str]:
    """Every problem of a task's settings, a sentence each."""
    problems = prompt_problems("task.prompt", config.prompt)
    answer_kinds = ANSWER_KINDS[config.kind]
    if config.answer_kind not in answer_kinds:
        problems.append(
            f"task.answer_kind={config.answer_kind}: task.kind={config.kind} expects "
            f"{' or '.join(answer_kinds)}"
        )
    if config.held_out and config.path and config.test_path:
        problems.append(
            f"task.held_out=true: is it task.path={config.path} or task.test_path="
            f"{config.test_path} that is to be measured? Set the other to null"
        )
    if not config.held_out:
        problems += size_problems(config)
    if config.split_column is not None and has_test_source(config):
        problems.append(
            f"task.split_column={config.split_column}: the test questions come from a source of "
            "their own already; leave out task.test_path and task.test_source_split, or this"
        )
    if config.kind == "procedural":
        problems += _procedural_problems(config)
    elif (
        config.path is None
        and config.dataset is None
        and not (config.held_out and config.test_path)
    ):
        problems.append(
            f"task.kind={config.kind} needs questions: task.path=FILE for a local file, or "
            "task.dataset=ID for a Hub data set"
        )
    return problems


def _procedural_problems(config: TaskConfig) -> list[str]:
    """Settings that a task with generated questions cannot have, or needs."""
    problems = []
    for setting_name in ("path", "test_path", "test_source_split", "solution", "split_column"):
        setting_value = getattr(config, setting_name)
        if setting_value:
            problems.append(
                f"task.{setting_name}={setting_value}: task.kind=procedural generates its "
                "questions; for questions from a file or a Hub data set use another task, for "
                "example task=table"
            )
    if config.dataset is None:
        problems.append(
            "task.kind=procedural needs task.dataset, a reasoning-gym data set, for example "
            "task.dataset=chain_sum"
        )
    splits = ("test",) if config.held_out else SPLITS
    share_splits = [split for split in splits if is_share(getattr(config, split))]
    if share_splits and config.limit is None:
        split = share_splits[0]
        problems.append(
            f"task.{split}={getattr(config, split)}: procedural questions have no end to take a "
            "share of; give task.train, task.validation and task.test as numbers, or set task.limit"
        )
    return problems


def has_test_source(config: TaskConfig) -> bool:
    """Whether the test questions come from a source of their own."""
    # A split of the Hub data set says nothing about a local file that is read in its place.
    return config.test_path is not None or (config.path is None and bool(config.test_source_split))


def source_setting(config: TaskConfig) -> str:
    """The setting that names the questions' source, as messages begin with it."""
    return f"task.path={config.path}" if config.path else f"task.dataset={config.dataset}"
