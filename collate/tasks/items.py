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
from collate.tasks.rows import Item, Row, Source, column_names, value_of
from collate.tasks.values import ASSISTANT, NotText, text_of

# What the splits are called in a column that names them (task.split_column).
_SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "held-out", "held_out", "heldout"), "test"),
}
_NO_LABEL = ("-1", "-1.0")  # where an answer names an option, or yes or no


@dataclass(frozen=True)
class ReadItems:
    """The items of one source, one for each of its rows.

    `unlabelled` counts rows that were left out because they have no label.
    """

    source: Source
    items: list[Item]
    unlabelled: int = 0


def read_items(
    source: Source | None, config: TaskConfig, problems: list[str], *, is_test_source: bool
) -> ReadItems:
    """The items of a source; `is_test_source` says that it is the one that all of test comes from.

    What is wrong with it goes to `problems`, and the items are then not to be used.
    """
    if source is None:
        return ReadItems(Source("", "row"), [])
    labelled = _labelled_rows(source, config, problems, is_test_source=is_test_source)
    if labelled is None:
        return ReadItems(source, [])
    items = READERS[config.kind](labelled, config, problems)
    _check_gold_answers(labelled, items, config, problems)
    # Solutions are there to learn from: a test source needs no such column.
    has_solutions = config.solution in labelled.columns or not is_test_source
    if config.solution is not None and has_solutions:
        items = _with_solutions(labelled, items, config.solution, config, problems)
    if config.split_column is not None:
        items = _with_splits(labelled, items, config.split_column, problems)
    return ReadItems(labelled, items, len(source.rows) - len(labelled.rows))


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
    shown_values = sorted(str(label_text) or "nothing" for label_text in label_texts)
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


def _with_splits(
    source: Source, items: list[Item], setting: str, problems: list[str]
) -> list[Item]:
    """Items with the splits that a column gives them."""
    columns = column_names(source, "split_column", setting, problems)
    if not columns:
        return items
    names = [str(text_of(value_of(row, columns[0]))) for row in source.rows]
    unknown = [n for n, name in enumerate(names) if name.casefold() not in _SPLIT_NAMES]
    if unknown:
        problems.append(
            f"{source.places([source.rows[n].line for n in unknown])}: column {setting!r} holds "
            f"{names[unknown[0]][:60]!r} where train, validation or test should be "
            f"({len(unknown)} of {len(names)})"
        )
        return items
    return [
        replace(item, split=_SPLIT_NAMES[name.casefold()])
        for item, name in zip(items, names, strict=False)
    ]


def _with_solutions(
    source: Source, items: list[Item], setting: str, config: TaskConfig, problems: list[str]
) -> list[Item]:
    """Items with the texts of the columns of task.solution, cut before a stated answer."""
    columns = column_names(source, "solution", setting, problems)
    solved_items, other_lines, found = [], [], ""
    for row, item in zip(source.rows, items, strict=False):
        solution_parts = []
        for column in columns:
            part = _solution_text(value_of(row, column))
            if isinstance(part, NotText):
                other_lines.append(row.line)
                found = found or part.found
            else:
                solution_parts.append(part)
        solution = "\n".join(part for part in solution_parts if part)
        solved_items.append(replace(item, solution=cut_answer(solution, config.marker)))
    if other_lines:
        problems.append(
            f"{source.places(other_lines)}: column {setting!r} holds {found} where a worked "
            "solution should be a text or a list of texts; set task.solution to another column"
        )
    return solved_items


def _solution_text(value: Any) -> str | NotText:
    """A text, or a list of texts (StrategyQA's facts) on a line each; a turn of the assistant."""
    text = text_of(value, ASSISTANT)
    if isinstance(text, str) or not isinstance(value, list):
        return text
    line_texts = [text_of(fact) for fact in value]
    for line_text in line_texts:
        if isinstance(line_text, NotText):
            return text
    return "\n".join(str(line_text) for line_text in line_texts if line_text)
