"""The one answer to each held-out question that a run is measured by, and whether it is right."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from collate.evaluation.subjects import BASE, GROUPS, READER, ROUTED, WEIGHTED_VOTE
from collate.evaluation.validation import best_agent, rank_by_validation
from collate.evaluation.votes import AnswerParser, majority, routed, weighted_vote
from collate.tables import RIGHT, Answer, Metric, Question

Right = Mapping[str, bool]
"""Whether the answer is right, by the question's id."""


def run_answers(
    questions: Sequence[Question],
    answers: Sequence[Answer],
    base_answers: Sequence[Answer],
    metrics: Sequence[Metric],
    *,
    answer_by: str,
    answer_kind: str,
) -> tuple[Right, Right]:
    """Whether the run's own answers to the held-out questions are right, and whether the base's.

    `answers` and `metrics` are of one round; `answer_by` (`evaluation.answer_by`) says whose
    answers are the run's own.
    """
    base = {
        answer.question_id: answer.verdict == RIGHT
        for answer in base_answers
        if answer.split == "test"
    }
    if answer_by == "reader" and not any(answer.writer == READER for answer in answers):
        answer_by = "best"  # no round was finished, and readers answer behind rounds
    parser = AnswerParser(answer_kind, {question.id: question.options for question in questions})
    run: dict[str, bool] = {}
    for question_id, candidates in _candidates(answers, metrics, answer_by).items():
        if answer_by == ROUTED:
            chosen = routed(candidates)
        elif answer_by == WEIGHTED_VOTE:
            chosen = weighted_vote(candidates, parser)
        else:  # of one answer the majority is that answer
            chosen = majority(candidates, parser)
        run[question_id] = chosen.verdict == RIGHT
    return run, base


def _candidates(
    answers: Sequence[Answer], metrics: Sequence[Metric], answer_by: str
) -> dict[str, list[Answer]]:
    """The answers to each held-out question out of which the run's own is chosen, best first."""
    best = best_agent(metrics)
    greedy = [row for row in answers if row.sample == 0 and row.writer not in GROUPS]
    ranked = rank_by_validation(greedy, list(dict.fromkeys(row.writer for row in greedy)))
    # As in the table of results, ties of a vote go to who is better on validation questions.
    rank = {agent: number for number, agent in enumerate(ranked)}
    candidates: dict[str, list[Answer]] = defaultdict(list)
    for answer in sorted(answers, key=lambda row: (rank.get(row.writer, -1), row.sample)):
        if answer.split != "test" or answer.writer == BASE:
            continue
        if (answer.sample > 0) != (answer_by == "samples"):
            continue
        if (answer.writer == READER) != (answer_by == "reader"):
            continue
        if answer_by in ("best", "samples") and answer.writer != best:
            continue
        candidates[answer.question_id].append(answer)
    return candidates
