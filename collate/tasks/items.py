"""From the rows of one source to items: rows with a label, the family's reading, worked solutions.

Public test splits of many sets (PIQA, WinoGrande, HellaSwag, CommonsenseQA, GLUE, SuperGLUE) come
without their labels, written as -1, as an empty text, or with no column at all. Such a split is
refused with the reason, since nothing can be measured on it; where only some rows have no label
(SNLI writes -1 where its annotators disagreed), task.unlabelled says what becomes of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from collate.answers.reading import read_gold
from collate.answers.statements import cut_answer
from collate.config.schema import TaskConfig
from collate.tasks.families import ANSWER_KINDS, READERS
from collate.tasks.rows import Item, Row, Source, column_names, text_of, value_of

_NO_LABEL = ("-1", "-1.0")  # where an answer names an option, or yes or no


@dataclass(frozen=True)
class ReadItems:
    """The items of one source, and how many rows were left out because they have no label."""

    items: list[Item]
    unlabelled: int = 0


def read_items(
    source: Source | None, config: TaskConfig, problems: list[str], *, is_test_source: bool
) -> ReadItems:
    """The items of a source; `is_test_source` says that it is the one that all of test comes from.

    What is wrong with it goes to `problems`, and the items are then not to be used.
    """
    if source is None:
        return ReadItems([])
    labelled = _labelled_rows(source, config, problems, is_test_source=is_test_source)
    if labelled is None:
        return ReadItems([])
    items = READERS[config.kind](labelled, config, problems)
    _check_gold_answers(labelled, items, config, problems)
    # Solutions are there to learn from: a test source needs no such column.
    has_solutions = config.solution in labelled.columns or not is_test_source
    if config.solution is not None and has_solutions:
        items = _with_solutions(labelled, items, config.solution, config, problems)
    return ReadItems(items, len(source.rows) - len(labelled.rows))


def _labelled_rows(
    source: Source, config: TaskConfig, problems: list[str], *, is_test_source: bool
) -> Source | None:
    """The source with those of its rows that have a label, or None where there are none."""
    unlabelled_rows = [row for row in source.rows if not _has_label(row, config)]
    if not unlabelled_rows:
        return source
    none_labelled = len(unlabelled_rows) == len(source.rows)
    column_missing = none_labelled and config.answer not in source.columns
    if column_missing and not is_test_source:
        return source  # most likely a wrong name; the family's reader names the columns there are
    observation = _values_found(unlabelled_rows, config)
    if column_missing:
        observation = f"has no column {config.answer!r}"
    if none_labelled:
        problems.append(
            f"{source.name}: no label in any of its {len(unlabelled_rows):,} {source.unit}s "
            f"({observation}); public test splits are often published without their labels, and "
            "nothing can be measured on them or learned from them; "
            f"{_labelled_alternative(config, is_test_source=is_test_source)}"
        )
        return None
    if config.unlabelled == "refuse":
        unlabelled_lines = [row.line for row in unlabelled_rows]
        problems.append(
            f"{source.places(unlabelled_lines)}: empty gold answer ({observation}) in "
            f"{len(unlabelled_lines)} of {len(source.rows)} {source.unit}s; fill in what is "
            f"missing, remove those {source.unit}s, or leave them out with task.unlabelled=drop"
        )
    return replace(source, rows=[row for row in source.rows if _has_label(row, config)])


def _has_label(row: Row, config: TaskConfig) -> bool:
    if "," in config.answer and config.answer not in row.values:
        return True  # several columns joined: the family's reader checks them
    label_text = text_of(value_of(row, config.answer))
    # Elsewhere -1 is an answer: the number minus one.
    stands_for_none = config.answer_kind in ("choice", "boolean") and label_text in _NO_LABEL
    return label_text != "" and not stands_for_none


def _values_found(unlabelled: Sequence[Row], config: TaskConfig) -> str:
    """What unlabelled rows have in the place of a label: "column 'label' holds -1 or nothing"."""
    label_texts = {text_of(value_of(row, config.answer)) for row in unlabelled}
    shown_values = sorted(label_text or "nothing" for label_text in label_texts)
    return f"column {config.answer!r} holds {' or '.join(shown_values)}"


def _labelled_alternative(config: TaskConfig, *, is_test_source: bool) -> str:
    """What to use instead of a source without labels."""
    if is_test_source and config.test_path is None:
        return (
            "use a split that has labels: set task.test_source_split=validation, or task.test_path "
            "to a local file"
        )
    if config.path is None:
        return (
            "use a split that has labels: set task.source_split=train, or task.path to a local file"
        )
    setting = "test_path" if is_test_source else "path"
    return f"set task.{setting} to a file that has labels, such as that of the validation split"


def _check_gold_answers(
    source: Source, items: Sequence[Item], config: TaskConfig, problems: list[str]
) -> None:
    """Notes gold answers that cannot be read as the task's kind of answer, with their lines."""
    if config.answer_kind not in ANSWER_KINDS[config.kind]:
        return  # reported already; as another kind the answers may well be read
    unreadable_lines, reasons = [], []
    for row, item in zip(source.rows, items, strict=False):
        try:
            if item.gold:  # an empty one is reported by the family's reader
                read_gold(config.answer_kind, item.gold, item.options, config.languages)
        except ValueError as error:
            unreadable_lines.append(row.line)
            reasons.append(str(error))
    if unreadable_lines:
        problems.append(
            f"{source.places(unreadable_lines)}: {reasons[0]} ({len(unreadable_lines)} of "
            f"{len(items)}); correct them, or set task.answer_kind to what the answers are"
        )


def _with_solutions(
    source: Source, items: list[Item], setting: str, config: TaskConfig, problems: list[str]
) -> list[Item]:
    """Items with the texts of the columns of task.solution, cut before a stated answer."""
    columns = column_names(source, "solution", setting, problems)
    solved_items, record_lines = [], []
    for row, item in zip(source.rows, items, strict=False):
        solution_parts = [_solution_text(value_of(row, column)) for column in columns]
        if None in solution_parts:
            record_lines.append(row.line)
        solution = "\n".join(part for part in solution_parts if part)
        solved_items.append(replace(item, solution=cut_answer(solution, config.marker)))
    if record_lines:
        problems.append(
            f"{source.places(record_lines)}: column {setting!r} holds a record where a worked "
            "solution should be a text or a list of texts; set task.solution to another column"
        )
    return solved_items


def _solution_text(value: Any) -> str | None:
    """A text, or a list of texts (StrategyQA's facts) on a line each; None for anything else."""
    if not isinstance(value, list):
        return text_of(value)
    line_texts = [text_of(fact) for fact in value]
    return None if None in line_texts else "\n".join(fact for fact in line_texts if fact)
