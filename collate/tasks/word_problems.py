"""Word problems in GSM8K's format: the gold number stands behind `####` in the worked answer.

    {"question": "Weng earns $12 an hour. She worked 50 minutes. How much did she earn?",
     "answer": "She earns 12/60 = <<12/60=0.2>>0.2 a minute.\\n0.2 x 50 = 10.\\n#### 10"}

The worked answer itself is never shown to a model: the method learns from its own rationales only.
"""

from collate.config.schema import TaskConfig
from collate.tasks.rows import Item, Source, column_names, texts_of

SEPARATOR = "####"  # of the data format; the form that a model is asked for is task.marker
ANSWER_KINDS = ("number", "text")


def read_items(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """One item a row; answers without `####` are a problem."""
    question = column_names(source, "question", config.question, problems)
    answer = column_names(source, "answer", config.answer, problems)
    if not (question and answer):
        return []
    questions = texts_of(source, "question", question, problems)
    answers = texts_of(source, "answer", answer, problems)
    bare = [
        row.line
        for row, text in zip(source.rows, answers, strict=True)
        if text and not text.partition(SEPARATOR)[2].strip()
    ]
    if bare:
        problems.append(
            f"{source.places(bare)}: no gold number behind {SEPARATOR} in column "
            f"{config.answer!r} ({len(bare)} of {len(answers)}); where the column holds the bare "
            "answer, use task.kind=table"
        )
    golds = [text.rpartition(SEPARATOR)[2].strip() for text in answers]
    return [Item(text, gold) for text, gold in zip(questions, golds, strict=True)]
