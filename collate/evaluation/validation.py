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
    strict_right = dict.fromkeys(writers, 0)
    lenient_right = dict.fromkeys(writers, 0)
    for answer in answers:
        if answer.split == "validation" and answer.sample == 0 and answer.writer in strict_right:
            strict_right[answer.writer] += answer.verdict == RIGHT
            lenient_right[answer.writer] += answer.found_verdict == RIGHT
    # Counts and not accuracies are compared, since all writers answer the same questions. `sorted`
    # is stable, so equals stay in the order of `writers`.
    return sorted(writers, key=lambda writer: (-strict_right[writer], -lenient_right[writer]))


def best_agent(metrics: Sequence[Metric]) -> str:
    """The agent with the highest strict accuracy on validation questions, in the latest round.

    Ties go to the higher lenient accuracy, then to the name that sorts first. Raises ValueError
    where no agent was measured on validation questions.
    """
    strict_accuracy: dict[tuple[int, str], float] = {}
    lenient_accuracy: dict[tuple[int, str], float] = {}
    for metric in metrics:
        # A vote may well be the most accurate of all, but no single set of weights answers so.
        if metric.split != "validation" or metric.model in GROUPS:
            continue
        if metric.name == "accuracy":
            strict_accuracy[metric.round, metric.model] = metric.value
        elif metric.name == "accuracy_lenient":
            lenient_accuracy[metric.round, metric.model] = metric.value
    if not strict_accuracy:
        raise ValueError("no accuracy of any agent on validation questions")
    latest_round = max(round for round, _ in strict_accuracy)
    agents = sorted(agent for round, agent in strict_accuracy if round == latest_round)

    def accuracies(agent: str) -> tuple[float, float]:
        round_and_agent = latest_round, agent
        return strict_accuracy[round_and_agent], lenient_accuracy.get(round_and_agent, 0.0)

    # Of equals `max` takes the first, which is the name that sorts first.
    return max(agents, key=accuracies)


def best_accuracy(metrics: Sequence[Metric]) -> float:
    """Strict validation accuracy of the best agent, of one round's metrics."""
    best_name = best_agent(metrics)
    return next(
        metric.value
        for metric in metrics
        if (metric.model, metric.split, metric.name) == (best_name, "validation", "accuracy")
    )


def answers_of_best_prompt(answers: Sequence[Answer]) -> list[Answer]:
    """The greedy answers of the writer that has most validation questions right.

    Given the base's answers under each agent's prompt, those under the prompt that serves it best;
    of equally good ones the first, and so the first where there are no validation questions.
    """
    right_by_writer = {answer.writer: 0 for answer in answers}
    for answer in answers:
        if answer.sample == 0 and answer.split == "validation":
            right_by_writer[answer.writer] += answer.verdict == RIGHT
    best_writer = max(right_by_writer, key=lambda writer: right_by_writer[writer])
    return [answer for answer in answers if answer.writer == best_writer and answer.sample == 0]


def best_round(accuracy_by_round: Mapping[int, float]) -> int:
    """The round with the highest validation accuracy, the earliest among equals."""
    return max(accuracy_by_round, key=lambda round: (accuracy_by_round[round], -round))
