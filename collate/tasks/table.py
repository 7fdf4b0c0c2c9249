"""The user's own table: any file or hub data set with a question column and an answer column.

    prompt,target                          collate run task=table task.path=my.csv \\
    What is the capital of Peru?,Lima          task.question=prompt task.answer=target

`task.answer_kind` says what an answer is: number, text, boolean, or choice (a letter; the options
are then part of the question's text, and for options in columns there is kind=multiple_choice).
"""

from collate.config.schema import TaskConfig
from collate.tasks.rows import Item, Source, column_names, texts_of

ANSWER_KINDS = ("number", "text", "boolean", "choice")


def read_items(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """One item a row, with the answer as it stands there."""
    question = column_names(source, "question", config.question, problems)
    answer = column_names(source, "answer", config.answer, problems)
    if not (question and answer):
        return []
    questions = texts_of(source, "question", question, problems)
    answers = texts_of(source, "answer", answer, problems)
    if config.answer_kind == "choice":
        answers = [text.strip("().").upper() for text in answers]
    return [Item(text, gold) for text, gold in zip(questions, answers, strict=True)]
