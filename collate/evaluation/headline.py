"""The one answer to each held-out question that a run is measured by, and whether it is right."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from collate.evaluation.subjects import BASE, GROUPS, READER, ROUTED, WEIGHTED_VOTE
from collate.evaluation.validation import best_agent, rank_by_validation
from collate.evaluation.votes import majority, routed, weighted_vote
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
) -> tuple[Right, Right]:
    """Whether the run's own answers to the held-out questions are right, and whether the base's.

    `answers` and `metrics` are of one round; `answer_by` (`evaluation.answer_by`) says whose
    answers are the run's own.
    """
    base_right = {
        answer.question_id: answer.verdict == RIGHT
        for answer in base_answers
        if answer.split == "test"
    }
    # A reader answers at the end of a round, so a run without a finished round has no such answer.
    if answer_by == "reader" and not any(answer.writer == READER for answer in answers):
        answer_by = "best"
    run_right: dict[str, bool] = {}
    for question_id, candidates in _candidates(answers, metrics, answer_by).items():
        if answer_by == ROUTED:
            run_answer = routed(candidates)
        elif answer_by == WEIGHTED_VOTE:
            run_answer = weighted_vote(candidates)
        else:  # of one answer the majority is that answer
            run_answer = majority(candidates)
        run_right[question_id] = run_answer.verdict == RIGHT
    return run_right, base_right


def _candidates(
    answers: Sequence[Answer], metrics: Sequence[Metric], answer_by: str
) -> dict[str, list[Answer]]:
    """The answers to each held-out question out of which the run's own is chosen, best first."""
    best = best_agent(metrics)
    # Sample 0 is the greedy answer; the sampled ones count from 1.
    greedy_answers = [
        answer for answer in answers if answer.sample == 0 and answer.writer not in GROUPS
    ]
    agents = list(dict.fromkeys(answer.writer for answer in greedy_answers))
    ranked_agents = rank_by_validation(greedy_answers, agents)
    # As in the table of results, ties of a vote go to the agent that is better on validation
    # questions. The base and the reader get no rank, since neither of them votes.
    rank_by_agent = {writer: position for position, writer in enumerate(ranked_agents)}
    candidates: dict[str, list[Answer]] = defaultdict(list)
    best_first = sorted(
        answers, key=lambda answer: (rank_by_agent.get(answer.writer, -1), answer.sample)
    )
    for answer in best_first:
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
