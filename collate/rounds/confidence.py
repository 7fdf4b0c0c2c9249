"""How likely the scorer finds what an answer states, given its own rationale.

Weighted votes and routing choose by it. Gold has no part in it: the scorer scores the stated answer
as if it were the gold one.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from collate.agents.prompts import Prompts
from collate.answers.reading import UNREAD
from collate.answers.statements import cut_answer
from collate.cluster.actors import ScoreTask
from collate.cluster.workers import Workers
from collate.config.schema import RunConfig
from collate.console.events import Tick
from collate.tables import Answer, Question, Rationale, Score


def with_confidence(
    config: RunConfig,
    questions: Sequence[Question],
    answers: Sequence[Answer],
    prompts: Prompts,
    workers: Workers,
    tick: Tick,
) -> list[Answer]:
    """The answers with their confidence, from 0 to 1.

    That is the mean probability of the stated answer's tokens behind the steps before it; a choice
    and a yes or no are scored as gold answers are spelled. An answer that cannot be read as the
    task's kind gets 0; one that states nothing stays without.
    """
    kind, marker = config.task.answer_kind, config.task.marker
    question_by_id = {question.id: question for question in questions}
    confidence_by_index: dict[int, float] = {}
    tasks = []
    for index, answer in enumerate(answers):
        question = question_by_id[answer.question_id]
        if answer.stated is None or answer.stated_key is None:
            continue
        # Stays 0 unless the answer can be read and is scored.
        confidence_by_index[index] = 0.0
        if answer.stated_key.startswith(UNREAD):
            continue
        # Under `posterior` the scorer refuses a gold answer that is spelled as none of the options.
        stated_text = answer.stated_key if kind in ("choice", "boolean") else answer.stated
        # Every agent answers the question, and scores come back by question id: the answer's number
        # stands in for it.
        question_as_gold = replace(question, id=str(index), gold=stated_text)
        # Any answer is likely behind its own statement, so that is cut whatever the scores are of.
        steps_rationale = _as_rationale(str(index), answer, cut_answer(answer.text, marker))
        prompt, baseline = prompts.of_scorer(question), prompts.baseline(question)
        tasks.append(ScoreTask(question_as_gold, [steps_rationale], prompt, baseline))

    def keep(_: int, scores: Sequence[Score]) -> None:
        for score in scores:
            confidence_by_index[int(score.question_id)] = score.mean_prob or 0.0

    workers.score([tasks], tick, on_scores=keep)
    return [
        replace(answer, confidence=confidence_by_index.get(index))
        for index, answer in enumerate(answers)
    ]


def _as_rationale(id: str, answer: Answer, text: str) -> Rationale:
    return Rationale(
        # The scorer reads the text and the ids; the other fields only have to be there.
        id=id, question_id=id, writer=answer.writer, model=answer.model, weights="", round=0,
        sample=0, seed=0, temperature=0.0, top_p=1.0, prompt_ids=(), token_ids=(), text=text,
        finish_reason=answer.finish_reason, logprob=math.nan,
    )  # fmt: skip
