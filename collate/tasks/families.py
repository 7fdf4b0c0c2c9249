"""The families of question sources: how a row of each becomes a question with a gold answer.

A family is named by `task.kind`. Word problems, yes/no questions and tables are read here, multiple
choice in `multiple_choice.py`; `procedural.py` makes its own questions. Below, each reader has a
record of its family as an example. A reader takes the rows of one source and gives one item a row;
what is wrong with the source goes to `problems`, and the items are then not to be used.
"""

import re
from collections.abc import Callable, Sequence
from statistics import fmean

from collate.config.schema import TaskConfig
from collate.tables import Question
from collate.tasks import multiple_choice
from collate.tasks.number_texts import as_meant
from collate.tasks.rows import (
    Item,
    Source,
    column_names,
    question_texts,
    texts_of,
    with_class_names,
)

ANSWER_KINDS: dict[str, tuple[str, ...]] = {
    "procedural": ("number", "text", "boolean", "choice", "math"),
    "word_problems": ("number", "text", "math"),
    "multiple_choice": ("choice",),
    "boolean": ("boolean",),
    "table": ("number", "text", "boolean", "choice", "math"),
}
"""The kinds of answer that each family's questions may have (`task.answer_kind`)."""

WORD_PROBLEM_SEPARATOR = "####"  # of the data format; the form a model is asked for is task.marker
_LINE_END = re.compile(r"\s*[\r\n]\s*")
# An annotation for a calculator in GSM8K's solutions: "<<48/2=24>>".
_CALCULATION = re.compile(r"<<[^<>\n]*>>")
# "8.0", which SVAMP has where a person would write 8; not "8.5".
_WHOLE_AS_DECIMAL = re.compile(r"([+-]?\d+)\.0+")
_YES_AND_NO = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0"), "yes"),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0"), "no"),
}


def read_word_problems(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """Word problems in GSM8K's format: the gold number stands behind `####` in a worked answer.

    {"question": "Weng earns $12 an hour. She worked 50 minutes. How much did she earn?",
     "answer": "She earns 12/60 = <<12/60=0.2>>0.2 a minute.\\n0.2 x 50 = 10.\\n#### 10"}

    What stands before `####` is the question's worked solution, for those pairing rules that learn
    from one; the method itself learns from its own rationales only. The gold number is the line
    behind it; a remark on further lines is no part of it.
    """
    questions, answers = _questions_and_answers(source, config, problems)
    items, bare_lines, remark_lines = [], [], []
    # Not strict: where a column is missing there are rows but no texts.
    for row, question, answer in zip(source.rows, questions, answers, strict=False):
        if answer and not answer.partition(WORD_PROBLEM_SEPARATOR)[2].strip():
            bare_lines.append(row.line)
        # The last separator counts, since a worked answer may contain the sign itself.
        worked_answer, _, behind = answer.rpartition(WORD_PROBLEM_SEPARATOR)
        gold_answer, *remark = _LINE_END.split(behind.strip(), maxsplit=1)
        if remark:
            remark_lines.append(row.line)
        # Without the annotations: no calculator reads them, and the policy would learn to write
        # them.
        solution = _CALCULATION.sub("", worked_answer).strip()
        items.append(Item(question, gold_answer.strip(), solution=solution))
    if bare_lines:
        problems.append(
            f"{source.places(bare_lines)}: no gold number behind {WORD_PROBLEM_SEPARATOR} in "
            f"column {config.answer!r} ({len(bare_lines)} of {len(answers)}); where the column "
            "holds the answer alone, use task.kind=table"
        )
    if remark_lines:
        source.notes.append(
            f"{source.places(remark_lines)}: text behind the line of the gold number is left out "
            f"({len(remark_lines):,} of {len(answers):,})"
        )
    return items


def read_yes_no_questions(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """Yes/no questions; answers are true/false, yes/no, y/n, t/f or 1/0 and are kept as yes/no.

    {"question": "Are more people today related to Genghis Khan than Julius Caesar?",
     "answer": true}                                       (StrategyQA's train.json)
    """
    questions, answers = _questions_and_answers(source, config, problems)
    if all(name.casefold() in _YES_AND_NO for name in source.class_names.get(config.answer, ())):
        answers = with_class_names(source, config.answer, answers)
    items, other_lines, other_answers = [], [], []
    for row, question, answer in zip(source.rows, questions, answers, strict=False):
        gold_answer = _YES_AND_NO.get(answer.casefold().rstrip(".!"), "")
        if answer and not gold_answer:  # an empty answer has been reported already
            other_lines.append(row.line)
            other_answers.append(answer)
        items.append(Item(question, gold_answer))
    if other_lines:
        problems.append(
            f"{source.places(other_lines)}: column {config.answer!r} holds "
            f"{other_answers[0][:60]!r} where yes/no, true/false or 1/0 should be "
            f"({len(other_lines)} of {len(answers)})"
        )
    return items


def read_table(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """The user's own table: any source with a question column and an answer column.

    prompt,target                          collate run task=table task.path=my.csv \\
    What is the capital of Peru?,Lima          task.question=prompt task.answer=target

    `task.answer_kind` says what an answer is: number, text, boolean, or choice (a letter; the
    options are then part of the question's text, and for options in columns there is
    kind=multiple_choice). Answers are kept as they stand, but for the `.0` of a whole number.
    """
    questions, answers = _questions_and_answers(source, config, problems)
    # "#### 18", as a conversation's last turn may state it
    answers = [answer.removeprefix(WORD_PROBLEM_SEPARATOR).strip() for answer in answers]
    # One spelling for each answer: "(b)" becomes "B", and "8.0" what a person would write, "8".
    if config.answer_kind == "choice":
        answers = [answer.strip("().").upper() for answer in answers]
    elif config.answer_kind == "text":
        answers = with_class_names(source, config.answer, answers)
    elif config.answer_kind == "number":
        answers = [as_meant(_without_empty_decimals(answer)) for answer in answers]
    _note_worked_answers(source, answers, config, problems)
    return [Item(question, answer) for question, answer in zip(questions, answers, strict=True)]


READERS: dict[str, Callable[[Source, TaskConfig, list[str]], list[Item]]] = {
    "word_problems": read_word_problems,
    "multiple_choice": multiple_choice.read_items,
    "boolean": read_yes_no_questions,
    "table": read_table,
}


def chance_level(questions: Sequence[Question], answer_kind: str) -> float | None:
    """The expected accuracy of a uniform guess, from 0 to 1, or None where it is not known.

    For `choice` the mean of 1 / number of options over the questions (None where a question keeps
    its options in its text), for `boolean` one half. Numbers and texts have no such level.
    """
    if not questions:
        return None
    if answer_kind == "boolean":
        return 0.5
    if answer_kind != "choice" or not all(question.options for question in questions):
        return None
    return fmean(1 / len(question.options) for question in questions)


def _questions_and_answers(
    source: Source, config: TaskConfig, problems: list[str]
) -> tuple[list[str], list[str]]:
    """For each row the texts of its question and answer; none at all where a column is missing."""
    questions = question_texts(source, config.question, problems)
    columns = column_names(source, "answer", config.answer, problems)
    if not (questions and columns):
        return [], []
    return questions, texts_of(source, "answer", columns, problems)


def _note_worked_answers(
    source: Source, answers: Sequence[str], config: TaskConfig, problems: list[str]
) -> None:
    """Notes answers in GSM8K's form, which are a solution and an answer in one."""
    worked_lines = [
        row.line
        for row, answer in zip(source.rows, answers, strict=False)
        if WORD_PROBLEM_SEPARATOR in answer
    ]
    if worked_lines:
        problems.append(
            f"{source.places(worked_lines)}: column {config.answer!r} holds "
            f"{WORD_PROBLEM_SEPARATOR} ({len(worked_lines)} of {len(answers)}); where it stands "
            "between a worked solution and the gold answer, use task.kind=word_problems"
        )


def _without_empty_decimals(answer: str) -> str:
    whole = _WHOLE_AS_DECIMAL.fullmatch(answer)
    return whole.group(1) if whole else answer
