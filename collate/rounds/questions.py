"""The questions of a run and of a round, and the blocks in which they pass through the stages.

Tables that grow with the questions are gone through block by block, so that no run is too long for
memory. All tables of a round have the same blocks of questions, in the same order.
"""

from collections.abc import Sequence

from collate.config.schema import RunConfig
from collate.rounds.context import RunContext
from collate.tables import Question

BLOCK_ROWS = 4096
"""Rows of a block, about."""


def next_questions(questions: Sequence[Question], first: int, count: int | None) -> list[Question]:
    """So many training questions from number `first` on, in turn.

    All of them where `count` is None, or asks for as many as there are or more.
    """
    training = [question for question in questions if question.split == "train"]
    if count is None or count >= len(training):
        return training
    # After the last question they begin again with the first.
    return [training[(first + offset) % len(training)] for offset in range(count)]


def kept_questions(questions: Sequence[Question]) -> list[Question]:
    """The questions kept for evaluation: those of validation, and the held-out ones."""
    return [question for question in questions if question.split != "train"]


def question_blocks(
    questions: Sequence[Question], rows_per_question: int
) -> list[Sequence[Question]]:
    """The questions in blocks, when so many rows are made of each question."""
    # A supervised warm-up samples nothing, so there may be 0 rows for a question.
    block_size = max(1, BLOCK_ROWS // max(1, rows_per_question))
    return [questions[start : start + block_size] for start in range(0, len(questions), block_size)]


def round_blocks(config: RunConfig, questions: Sequence[Question]) -> list[Sequence[Question]]:
    """The blocks of a round's tables."""
    agents = config.agents
    rows_per_agent = agents.samples + agents.peer_completions + agents.hinted_samples
    return question_blocks(questions, agents.count * rows_per_agent)


def commit_questions(run: RunContext, questions: Sequence[Question]) -> list[Question]:
    """All questions of the run with their splits, committed as `questions`."""
    stage = run.store.stage("questions", {"questions": Question})
    if not stage.finished():
        stage.write([{"questions": questions}])
    return list(stage.rows("questions"))
