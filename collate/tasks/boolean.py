"""Yes/no questions; the gold answer is true/false, yes/no, y/n, t/f or 1/0, and is kept as yes/no.

{"question": "Are more people today related to Genghis Khan than Julius Caesar?",
 "answer": true}                                       (StrategyQA's train.json)
"""

from collate.config.schema import TaskConfig
from collate.tasks.rows import Item, Source, column_names, question_texts, texts_of

ANSWER_KINDS = ("boolean",)
_WORDS = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0"), "yes"),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0"), "no"),
}


def read_items(source: Source, config: TaskConfig, problems: list[str]) -> list[Item]:
    """One item a row; an answer that is neither yes nor no is a problem."""
    questions = question_texts(source, config.question, problems)
    answer = column_names(source, "answer", config.answer, problems)
    if not (questions and answer):
        return []
    answers = texts_of(source, "answer", answer, problems)
    other = [
        (row.line, text)
        for row, text in zip(source.rows, answers, strict=True)
        if text and text.casefold() not in _WORDS
    ]
    if other:
        problems.append(
            f"{source.places([line for line, _ in other])}: column {config.answer!r} holds "
            f"{other[0][1][:60]!r} where yes/no, true/false or 1/0 should be ({len(other)} of "
            f"{len(answers)})"
        )
    golds = [_WORDS.get(text.casefold(), "") for text in answers]
    return [Item(text, gold) for text, gold in zip(questions, golds, strict=True)]
