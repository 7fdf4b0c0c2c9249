"""Best on validation: which agent, which prompt of the base, which round. Held-out questions have
no say in any of them.
"""

from collections.abc import Mapping, Sequence

from collate.evaluation.subjects import GROUPS
from collate.tables import RIGHT, Answer, Metric


def rank_by_validation(answers: Sequence[Answer], writers: Sequence[str]) -> list[str]:
    """The writers by how many validation questions they answer right, the best first.

    Greedy answers count. Ties go to more right answers found anywhere in the text, then to the
    order of `writers`.
    """
    strict, lenient = dict.fromkeys(writers, 0), dict.fromkeys(writers, 0)
    for answer in answers:
        if answer.split == "validation" and answer.sample == 0 and answer.writer in strict:
            strict[answer.writer] += answer.verdict == RIGHT
            lenient[answer.writer] += answer.found_verdict == RIGHT
    return sorted(writers, key=lambda writer: (-strict[writer], -lenient[writer]))


def best_agent(metrics: Sequence[Metric]) -> str:
    """The agent with the highest strict accuracy on validation questions, in the latest round.

    Ties go to the higher lenient accuracy, then to the name that sorts first. Raises ValueError
    where no agent was measured on validation questions.
    """
    strict: dict[tuple[int, str], float] = {}
    lenient: dict[tuple[int, str], float] = {}
    for metric in metrics:
        if metric.split != "validation" or metric.model in GROUPS:
            continue
        if metric.name == "accuracy":
            strict[metric.round, metric.model] = metric.value
        elif metric.name == "accuracy_lenient":
            lenient[metric.round, metric.model] = metric.value
    if not strict:
        raise ValueError("no accuracy of any agent on validation questions")
    latest = max(round for round, _ in strict)
    agents = sorted(agent for round, agent in strict if round == latest)
    return max(
        agents,
        # Of equals `max` takes the first, which is the name that sorts first.
        key=lambda agent: (strict[latest, agent], lenient.get((latest, agent), 0.0)),
    )


def best_accuracy(metrics: Sequence[Metric]) -> float:
    """Strict validation accuracy of the best agent, of one round's metrics."""
    best = best_agent(metrics)
    return next(
        metric.value
        for metric in metrics
        if (metric.model, metric.split, metric.name) == (best, "validation", "accuracy")
    )


def answers_of_best_prompt(answers: Sequence[Answer]) -> list[Answer]:
    """The greedy answers of the writer that has most validation questions right.

    Given the base's answers under each agent's prompt, those under the prompt that serves it best;
    of equally good ones the first.
    """
    right: dict[str, int] = {}
    for answer in answers:
        if answer.sample == 0 and answer.split == "validation":
            right[answer.writer] = right.get(answer.writer, 0) + (answer.verdict == RIGHT)
    best = max(right, key=lambda writer: right[writer])
    return [answer for answer in answers if answer.writer == best and answer.sample == 0]


def best_round(accuracy_by_round: Mapping[int, float]) -> int:
    """The round with the highest validation accuracy, the earliest among equals."""
    return max(accuracy_by_round, key=lambda round: (accuracy_by_round[round], -round))
