"""The user's own table: any file or hub data set with a question column and an answer column.

    prompt,target                          collate run task=table task.path=my.csv \\
    What is the capital of Peru?,Lima          task.question=prompt task.answer=target

`task.answer_kind` says what an answer is: number, text, boolean, or choice (a letter; the options
are then part of the question's text, and for options in columns there is kind=multiple_choice).
"""

import re

from collate.config.schema import TaskConfig
from collate.tasks.rows import Item, Source, column_names, question_texts, texts_of

ANSWER_KINDS = ("number", "text", "boolean", "choice")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")  # SVAMP has 8.0 where a person would say 8


def read_items(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """One item a row, with the answer as it stands there (a whole number without its `.0`)."""
    questions = question_texts(source, config.question, problems)
    answer = column_names(source, "answer", config.answer, problems)
    if not (questions and answer):
        return []
    answers = texts_of(source, "answer", answer, problems)
    if config.answer_kind == "choice":
        answers = [text.strip("().").upper() for text in answers]
    elif config.answer_kind == "number":
        answers = [_WHOLE.sub(r"\1", text) if _WHOLE.fullmatch(text) else text for text in answers]
    return [Item(text, gold) for text, gold in zip(questions, answers, strict=True)]
