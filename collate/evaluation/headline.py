"""The one answer to each held-out question that a run is measured by, and whether it is right."""

from collections import defaultdict
from collections.abc import Mapping

from collate.config.schema import RunConfig
from collate.evaluation.metrics import BASE, GROUPS, READER, best_agent, by_validation
from collate.evaluation.votes import Reader, majority, routed, weighted_vote
from collate.store.run_folder import RunFolder
from collate.tables import RIGHT, Answer, Metric, Question

Right = Mapping[str, bool]
"""Whether the answer is right, by the question's id."""


def best_round(folder: RunFolder, config: RunConfig) -> int:
    """The round whose agents stand for the run: the last, or with `patience` the best.

    That is the one whose best agent has the highest validation accuracy, the earliest among equals;
    the rounds after it are what showed that there was nothing more to gain.
    """
    rounds = [number for number in folder.evaluated() if number] or [0]
    if config.patience is None:
        return max(rounds)

    def accuracy(number: int) -> float:
        metrics = folder.rows(f"{folder.round(number).name}/metrics", Metric)
        wanted = (best_agent(metrics), "validation", "accuracy")
        return next(m.value for m in metrics if (m.agent, m.split, m.name) == wanted)

    return max(rounds, key=lambda number: (accuracy(number), -number))


def headline(folder: RunFolder, config: RunConfig) -> tuple[Right, Right]:
    """The run's own answers after the round that stands for it, and the base's.

    Whose answers they are, `evaluation.answer_by` says.
    """
    last = best_round(folder, config)
    own = folder.rows(f"{folder.round(last).name}/answers", Answer)
    first = folder.rows(f"{folder.round(0).name}/answers", Answer)
    base = {
        a.question_id: a.verdict == RIGHT for a in first if (a.agent, a.split) == (BASE, "test")
    }
    questions = folder.rows("questions", Question)
    reader = Reader(config.task.answer_kind, {q.id: q.options for q in questions})
    metrics = folder.rows(f"{folder.round(last).name}/metrics", Metric)
    how = config.evaluation.answer_by
    if how == "reader" and not any(answer.agent == READER for answer in own):
        how = "best"  # no round was finished, and readers answer behind rounds
    best = best_agent(metrics)
    greedy = [answer for answer in own if answer.sample == 0 and answer.agent not in GROUPS]
    ranked = by_validation(greedy, list(dict.fromkeys(answer.agent for answer in greedy)))
    # As in the table of results, ties of a vote go to who is better on validation questions.
    place = {agent: number for number, agent in enumerate(ranked)}
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in sorted(own, key=lambda one: (place.get(one.agent, -1), one.sample)):
        wanted = answer.sample > 0 if how == "samples" else answer.sample == 0
        if answer.split != "test" or answer.agent == BASE or not wanted:
            continue
        if (answer.agent == READER) != (how == "reader"):
            continue
        if how in ("best", "samples") and answer.agent != best:
            continue
        groups[answer.question_id].append(answer)

    def chosen(answers: list[Answer]) -> Answer:
        if how == "routed":
            return routed(answers)
        return (weighted_vote if how == "weighted_vote" else majority)(answers, reader)

    return {q: chosen(answers).verdict == RIGHT for q, answers in groups.items()}, base
