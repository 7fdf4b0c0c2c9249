"""From the rows of one source to items: rows with a label, the family's reading, worked solutions.

Public test splits of many sets (PIQA, WinoGrande, HellaSwag, CommonsenseQA, GLUE, SuperGLUE) come
without their labels, written as -1, as an empty text, or with no column at all. Such a split is
refused with the reason, since nothing can be measured on it; where only some rows have no label
(SNLI writes -1 where its annotators disagreed), task.unlabelled says what becomes of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from collate.answers.judging import cut_answer
from collate.answers.reading import read_gold
from collate.config.schema import TaskConfig
from collate.tasks import boolean, multiple_choice, procedural, table, word_problems
from collate.tasks.rows import Item, Row, Source, column_names, text_of, value_of

FAMILIES: dict[str, ModuleType] = {
    "procedural": procedural,
    "word_problems": word_problems,
    "multiple_choice": multiple_choice,
    "boolean": boolean,
    "table": table,
}
_NO_LABEL = ("-1", "-1.0")  # where an answer names an option, or yes or no


@dataclass(frozen=True)
class ReadItems:
    """The items of one source, and how many rows were left out because they have no label."""

    items: list[Item]
    unlabelled: int = 0


def read_items(
    source: Source | None, config: TaskConfig, problems: list[str], *, held_out: bool
) -> ReadItems:
    """The items of a source; `held_out` says that it is the one that all of test comes from.

    What is wrong with it goes to `problems`, and the items are then not to be used.
    """
    family = FAMILIES.get(config.kind)
    if source is None or family is None:
        return ReadItems([])
    labelled = _labelled(source, config, problems, held_out=held_out)
    if labelled is None:
        return ReadItems([])
    items = family.read_items(labelled, config, problems)
    _check_golds(labelled, items, config, problems)
    items = _with_solutions(labelled, items, config, problems, held_out=held_out)
    return ReadItems(items, len(source.rows) - len(labelled.rows))


def _labelled(
    source: Source, config: TaskConfig, problems: list[str], *, held_out: bool
) -> Source | None:
    """The source with those of its rows that have a label, or None where there are none."""
    bare = [row for row in source.rows if not _has_label(row, config)]
    if not bare:
        return source
    absent = config.answer not in source.columns and len(bare) == len(source.rows)
    if absent and not held_out:
        return source  # most likely a wrong name, which the family tells with the columns there are
    held = f"has no column {config.answer!r}" if absent else _held(bare, config)
    if len(bare) == len(source.rows):
        problems.append(
            f"{source.name}: no label in any of its {len(bare):,} {source.unit}s ({held}); public "
            "test splits are often published without their labels, and nothing can be measured on "
            f"them or learned from them; {_instead(config, held_out=held_out)}"
        )
        return None
    if config.unlabelled == "refuse":
        problems.append(
            f"{source.places([row.line for row in bare])}: empty gold answer ({held}) in "
            f"{len(bare)} of {len(source.rows)} {source.unit}s; fill them in, take them out, or "
            "leave them out by task.unlabelled=drop"
        )
    return replace(source, rows=[row for row in source.rows if _has_label(row, config)])


def _has_label(row: Row, config: TaskConfig) -> bool:
    text = text_of(value_of(row, config.answer))
    if "," in config.answer and config.answer not in row.values:
        return True  # several columns joined: the family reads them
    return text != "" and not (config.answer_kind in ("choice", "boolean") and text in _NO_LABEL)


def _held(bare: Sequence[Row], config: TaskConfig) -> str:
    texts = {text_of(value_of(row, config.answer)) for row in bare}
    found = " or ".join(sorted(text or "nothing" for text in texts))
    return f"column {config.answer!r} holds {found}"


def _instead(config: TaskConfig, *, held_out: bool) -> str:
    if held_out and config.test_path is None:
        return (
            "use a split that has labels: task.test_source_split=validation, or a local file by "
            "task.test_path"
        )
    if config.path is None:
        return "use a split that has labels: task.source_split=train, or a local file by task.path"
    setting = "test_path" if held_out else "path"
    return f"name a file that has labels, such as that of the validation split, by task.{setting}"


def _check_golds(
    source: Source, items: Sequence[Item], config: TaskConfig, problems: list[str]
) -> None:
    unread = []
    for row, item in zip(source.rows, items, strict=False):
        try:
            if item.gold:  # an empty one is told by the family
                read_gold(config.answer_kind, item.gold, item.options)
        except ValueError as error:
            unread.append((row.line, str(error)))
    if unread and config.answer_kind in FAMILIES[config.kind].ANSWER_KINDS:
        problems.append(
            f"{source.places([line for line, _ in unread])}: {unread[0][1]} ({len(unread)} of "
            f"{len(items)}); correct them, or set task.answer_kind to what the answers are"
        )


def _with_solutions(
    source: Source,
    items: list[Item],
    config: TaskConfig,
    problems: list[str],
    *,
    held_out: bool,
) -> list[Item]:
    """Items with the texts of task.solution, cut before a stated answer.

    A held-out source needs no such column, since solutions are there to learn from.
    """
    if config.solution is None or (held_out and config.solution not in source.columns):
        return items
    columns = column_names(source, "solution", config.solution, problems)
    solved, records = [], []
    for row, item in zip(source.rows, items, strict=False):
        parts = [_solution_text(value_of(row, column)) for column in columns]
        if None in parts:
            records.append(row.line)
        text = "\n".join(part for part in parts if part)
        solved.append(replace(item, solution=cut_answer(text, config.marker)))
    if records:
        problems.append(
            f"{source.places(records)}: column {config.solution!r} holds a record where a worked "
            "solution should be a text or a list of texts; name another by task.solution"
        )
    return solved


def _solution_text(value: Any) -> str | None:
    """A text, or a list of texts (StrategyQA's facts) on a line each; None for anything else."""
    if not isinstance(value, list):
        return text_of(value)
    texts = [text_of(each) for each in value]
    return None if None in texts else "\n".join(text for text in texts if text)
