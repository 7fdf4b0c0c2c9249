"""Word problems in GSM8K's format: the gold number stands behind `####` in the worked answer.

    {"question": "Weng earns $12 an hour. She worked 50 minutes. How much did she earn?",
     "answer": "She earns 12/60 = <<12/60=0.2>>0.2 a minute.\\n0.2 x 50 = 10.\\n#### 10"}

What stands before `####` is the question's worked solution, for those rules that learn from one;
the method itself learns from its own rationales only.
"""

import re

from collate.config.schema import TaskConfig
from collate.tasks.rows import Item, Source, column_names, question_texts, texts_of

SEPARATOR = "####"  # of the data format; the form that a model is asked for is task.marker
ANSWER_KINDS = ("number", "text")
_CALCULATION = re.compile(r"<<[^<>\n]*>>")  # an annotation for a calculator: <<48/2=24>>


def read_items(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """One item a row; answers without `####` are a problem."""
    questions = question_texts(source, config.question, problems)
    answer = column_names(source, "answer", config.answer, problems)
    if not (questions and answer):
        return []
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
    parts = [text.rpartition(SEPARATOR) for text in answers]
    return [
        Item(question, gold.strip(), solution=_CALCULATION.sub("", worked).strip())
        for question, (worked, _, gold) in zip(questions, parts, strict=True)
    ]
