"""Multiple choice: a question, its options and the key of the right one, which is kept as a letter.

    {"question": "Which is a solid?", "choices": {"label": ["A", "B"], "text": ["ice", "steam"]},
     "answerKey": "A"}                                     (ARC, CommonsenseQA: options=choices)
    {"premise": "A man sleeps.", "hypothesis": "Nobody is awake.", "label": 1}
                            (SNLI: choices=[entailment,neutral,contradiction])
    {"premise": "The termites invaded the house.", "choice1": "They left.", "choice2": "They ate
     through the wood.", "question": "effect", "label": 1}  (XCOPA: options=choice1,choice2)
    {"question": "Which is a solid?", "correct_answer": "ice", "distractor1": "steam"}
                            (SciQ: options=correct_answer,distractor1 answer=correct_answer)

The shapes of options are read in `option_lists.py`, keys in `option_keys.py`. Where the right
option has one place in all rows, as in SciQ, a model that learns the place knows all answers: such
options are mixed, by a digest of question and option, and the letter follows.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from string import ascii_uppercase
from typing import Any

from collate.config.schema import TaskConfig
from collate.tables import digest
from collate.tasks.option_keys import Choice, read_keys, without_decimal_zero
from collate.tasks.option_lists import read_options, without_own_letters
from collate.tasks.rows import (
    Item,
    Row,
    Source,
    column_names,
    question_texts,
    texts_of,
    value_of,
    with_class_names,
)
from collate.tasks.values import text_of

# Rows of which each has the right option at the same place by intent, and no longer by chance.
_LEAST_ROWS_IN_ONE_PLACE = 8
# Options that speak of the others' places: "all of the above" comes last, "A and C" bars mixing.
_ABOVE = re.compile(
    r"\b(?:all|any|both|either|neither|none|more than one)\b.{0,12}\b(?:above|these|them)\b", re.I
)
_OTHER_LETTERS = re.compile(r"\b[A-E]\)?(?:, \(?[A-E]\)?)? (?:and|or|&) \(?[A-E]\b")


def read_items(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """One item a row; rows without two options, or with a key that names none, are problems."""
    problems_before = len(problems)
    questions = question_texts(source, config.question, problems)
    key_columns = column_names(source, "answer", config.answer, problems)
    keyed_source = _with_letters_for_flags(source, key_columns)
    keys = texts_of(keyed_source, "answer", key_columns, problems) if key_columns else []
    if all(len(name) == 1 for name in source.class_names.get(config.answer, ())):
        keys = with_class_names(source, config.answer, keys)  # MMLU: 0 is "A"
    option_columns: list[str] = []
    if config.choices:
        choices = _shared_choices(source, keys, config)
    else:
        option_columns = column_names(source, "options", config.options, problems)
        choices = _read_choices(source, keys, option_columns, config, problems)
    # How keys are meant is decided over the whole column, for which every row has to be readable.
    if len(problems) > problems_before:
        return []
    indices, reason, unfit = read_keys(config.answer, choices)
    if reason:
        problems.append(_key_problem(source, reason, unfit, option_columns, choices))
        return []
    items = [
        Item(question, ascii_uppercase[index], choice.options)
        for question, index, choice in zip(questions, indices, choices, strict=False)
    ]
    answer_is_option = len(option_columns) > 1 and config.answer in option_columns
    if answer_is_option or (not config.choices and _have_one_place(items)):
        return _mixed(source, items)
    return items


def _read_choices(
    source: Source,
    keys: Sequence[str],
    columns: Sequence[str],
    config: TaskConfig,
    problems: list[str],
) -> list[Choice]:
    if not (columns and keys):
        return []
    read = [read_options(row, columns) for row in source.rows]
    unfit = [number for number, options in enumerate(read) if options.problem]
    if unfit:
        problems.append(
            f"{source.places([source.rows[number].line for number in unfit])}: column "
            f"{config.options!r} gives no list of 2 to 26 options ({len(unfit)} of {len(read)}), "
            f"but {read[unfit[0]].problem}; it should hold a list, a record of label and text, or "
            "name several columns joined by commas"
        )
        return []
    return [
        Choice(options.texts, options.labels, without_decimal_zero(key))
        for options, key in zip(without_own_letters(read), keys, strict=True)
    ]


def _shared_choices(source: Source, keys: Sequence[str], config: TaskConfig) -> list[Choice]:
    """The same options (task.choices) for every row.

    Numbers that the data set itself gives the same names as the options go by name, since data sets
    count the same names in different orders; others, by the order of task.choices.
    """
    options = tuple(config.choices)
    class_names = source.class_names.get(config.answer, ())
    if set(class_names) != set(options):
        return [Choice(options, (), without_decimal_zero(key)) for key in keys]
    name_by_number = {str(number): name for number, name in enumerate(class_names)}
    option_names = [name_by_number.get(without_decimal_zero(key), key) for key in keys]
    return [Choice(options, (), option_name) for option_name in option_names]


def _with_letters_for_flags(source: Source, columns: Sequence[str]) -> Source:
    """The source with letters for keys that say of each option whether it is right: [0, 1, 0]."""
    if len(columns) != 1:
        return source
    letters = [_flagged_letter(value_of(row, columns[0])) for row in source.rows]
    if None in letters:
        return source
    rows = [
        Row(row.line, row.values | {columns[0]: letter})
        for row, letter in zip(source.rows, letters, strict=True)
    ]
    return replace(source, rows=rows)


def _flagged_letter(value: Any) -> str | None:
    if not isinstance(value, list) or not 2 <= len(value) <= len(ascii_uppercase):
        return None
    flags = [text_of(flag) for flag in value]
    if not set(map(str, flags)) <= {"0", "1", "0.0", "1.0", "True", "False"}:
        return None
    right = [index for index, flag in enumerate(flags) if flag in ("1", "1.0", "True")]
    return ascii_uppercase[right[0]] if len(right) == 1 else None


def _key_problem(
    source: Source,
    reason: str,
    unfit: Sequence[int],
    option_columns: Sequence[str],
    choices: Sequence[Choice],
) -> str:
    place = source.places([source.rows[number].line for number in unfit]) if unfit else source.name
    if len(unfit) == len(choices) and len(option_columns) > 1:
        reason += "; a column that holds the right option's text belongs to task.options too"
    return f"{place}: {reason}"


def _have_one_place(items: Sequence[Item]) -> bool:
    """Whether the right option has the same place in all rows, and not just the same text."""
    same_letter = len({item.gold for item in items}) == 1
    same_options = len({item.options for item in items}) == 1
    return same_letter and not same_options and len(items) >= _LEAST_ROWS_IN_ONE_PLACE


def _mixed(source: Source, items: Sequence[Item]) -> list[Item]:
    """The items with their options in an order that depends on the question alone."""
    mixed_items = [_mixed_item(item) for item in items]
    source.notes.append(
        f"{source.name}: the right option has the same place in every {source.unit}, so that the "
        "options are mixed; their order depends on the question alone"
    )
    return mixed_items


def _mixed_item(item: Item) -> Item:
    if any(_OTHER_LETTERS.search(option) for option in item.options):
        return item
    right = ascii_uppercase.index(item.gold)
    order = sorted(
        range(len(item.options)),
        key=lambda index: (
            _ABOVE.search(item.options[index]) is not None,
            digest(" ".join(item.text.split()), item.options[index]),
        ),
    )
    options = tuple(item.options[index] for index in order)
    return replace(item, options=options, gold=ascii_uppercase[order.index(right)])
