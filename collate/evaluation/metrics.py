"""The numbers of a round, from judged answers of the agents and of the base.

| metric | of | what it is |
| --- | --- | --- |
| accuracy, accuracy_lenient | agents, base, votes | share right as stated, and found anywhere |
| stated_rate, unknown_rate | agents, base, votes | share in the form asked for, not judgeable |
| truncated_rate, mean_tokens | agents, base, votes | share cut at the token limit, mean length |
| gain, gain_lenient | agents, votes | accuracy minus the base's on the same questions |
| disagreement, oracle | `agents` | share with two different answers, share some agent solves |
| mean@n, pass@k, majority@n | agents that were sampled | over n samples a question, strict |
| accuracy | `chance` | what guessing gives, where it is known |

The votes are `vote`, and `weighted_vote` and `routed` where the answers carry confidences. `best`
has on held-out questions all numbers of the agent that validation chose.

Shares and gains are fractions, not percent. Shares carry Wilson intervals; gains, mean@n and pass@k
bootstrap intervals over questions. All are 95 %.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from collate.evaluation.statistics import (
    BOOTSTRAP_RESAMPLES,
    bootstrap_mean,
    paired_bootstrap,
    pass_at_k,
    wilson,
)
from collate.evaluation.subjects import AGENTS, BASE, BEST, CHANCE, ROUTED, VOTE, WEIGHTED_VOTE
from collate.evaluation.validation import best_agent, rank_by_validation
from collate.evaluation.votes import (
    disagree,
    has_confidence,
    majority,
    routed,
    weighted_vote,
)
from collate.tables import RIGHT, UNKNOWN, Answer, Metric, seed_of


def measure(
    answers: Sequence[Answer],
    *,
    base: Sequence[Answer],
    round: int,
    agents: Sequence[str],
    seed: int,
    sampled: Sequence[Answer] = (),
    chance: float | None = None,
    resamples: int = BOOTSTRAP_RESAMPLES,
) -> list[Metric]:
    """All metrics of one round, split by split, each agent's in the order of `agents`.

    `answers` holds one greedy answer of each agent to each question, `base` those of the writer
    `base` to the same questions, `sampled` several for each question of an agent, equally many for
    all. Ties of the vote go to the agent with the better validation accuracy. `seed` is the run's,
    `chance` the accuracy of guessing, `resamples` those of the bootstrap. Raises ValueError where
    an agent's questions are not the base's, or one is answered twice.
    """
    ranked_agents = rank_by_validation(answers, agents)
    metrics: list[Metric] = []
    # Falling order puts validation, by which the best agent is chosen, before test.
    for split in sorted({answer.split for answer in base}, reverse=True):
        maker = _MetricMaker(round, split, resamples, seed)
        questions = sorted({answer.question_id for answer in base if answer.split == split})
        base_Q = _aligned(base, BASE, split, questions)
        answers_K_Q = {agent: _aligned(answers, agent, split, questions) for agent in agents}
        for agent in agents:
            metrics += maker.of_greedy(agent, answers_K_Q[agent], base_Q)
        metrics += maker.of_greedy(BASE, base_Q, None)
        answers_by_vote = _votes([answers_K_Q[agent] for agent in ranked_agents])
        for vote_name, votes_Q in answers_by_vote.items():
            metrics += maker.of_greedy(vote_name, votes_Q, base_Q)
        metrics += maker.of_all_agents(list(zip(*answers_K_Q.values(), strict=True)))
        if chance is not None:
            question_count = len(questions)
            # No interval, since this is calculated and not measured.
            metrics.append(
                Metric(round, split, CHANCE, "accuracy", chance, None, None, question_count)
            )
    metrics += _of_best_agent(metrics)
    return metrics + list(_of_samples(sampled, _MetricMaker(round, "", resamples, seed)))


def _votes(answers_K_Q: Sequence[Sequence[Answer]]) -> dict[str, list[Answer]]:
    """What the agents, best first, answer together: by each vote that their answers allow."""
    answers_Q_K = list(zip(*answers_K_Q, strict=True))
    votes = {VOTE: [majority(answers_K) for answers_K in answers_Q_K]}
    if has_confidence(list(chain.from_iterable(answers_K_Q))):
        votes[WEIGHTED_VOTE] = [weighted_vote(answers_K) for answers_K in answers_Q_K]
        votes[ROUTED] = [routed(answers_K) for answers_K in answers_Q_K]
    return votes


def _of_best_agent(metrics: Sequence[Metric]) -> list[Metric]:
    """The held-out numbers of the agent that validation chose, where there was one to choose."""
    if not any(metric.split == "validation" for metric in metrics):
        return []
    chosen_agent = best_agent(metrics)
    # Its validation numbers are left out: it was chosen for them, so they are too good.
    return [
        replace(metric, model=BEST)
        for metric in metrics
        if (metric.split, metric.model) == ("test", chosen_agent)
    ]


@dataclass(frozen=True)
class _MetricMaker:
    """Makes the metrics of one split of one round."""

    round: int
    split: str
    resamples: int
    seed: int

    def of_greedy(
        self, model: str, answers_Q: Sequence[Answer], base_Q: Sequence[Answer] | None
    ) -> Iterator[Metric]:
        """Rates of one greedy answer a question, and the gain over `base_Q` where it is given."""
        strict_Q, lenient_Q = _right(answers_Q), _lenient(answers_Q)
        yield self.share(model, "accuracy", strict_Q)
        yield self.share(model, "accuracy_lenient", lenient_Q)
        yield self.share(model, "stated_rate", [answer.stated is not None for answer in answers_Q])
        yield self.share(model, "unknown_rate", [answer.verdict == UNKNOWN for answer in answers_Q])
        truncated_Q = [answer.finish_reason == "length" for answer in answers_Q]
        yield self.share(model, "truncated_rate", truncated_Q)
        yield self.mean(model, "mean_tokens", [answer.tokens for answer in answers_Q])
        if base_Q is not None:
            yield self.gain(model, "gain", strict_Q, _right(base_Q))
            yield self.gain(model, "gain_lenient", lenient_Q, _lenient(base_Q))

    def of_all_agents(self, answers_Q_K: Sequence[Sequence[Answer]]) -> Iterator[Metric]:
        """What only several agents have: how often they differ, and how often one is right."""
        differ_Q = [disagree(answers_K) for answers_K in answers_Q_K]
        yield self.share(AGENTS, "disagreement", differ_Q)
        yield self.share(AGENTS, "oracle", [any(_right(answers)) for answers in answers_Q_K])

    def of_samples(self, model: str, answers_Q_N: Sequence[Sequence[Answer]]) -> Iterator[Metric]:
        """mean@n, majority@n, and pass@k for k = 1, 2, 4, ... up to n."""
        n_samples = len(answers_Q_N[0])
        correct_Q = [sum(_right(answers_N)) for answers_N in answers_Q_N]
        yield self.mean(model, f"mean@{n_samples}", [correct / n_samples for correct in correct_Q])
        for k in (1 << power for power in range(n_samples.bit_length())):
            pass_Q = [pass_at_k(n_samples, correct, k) for correct in correct_Q]
            yield self.mean(model, f"pass@{k}", pass_Q)
        votes_Q = [majority(answers_N) for answers_N in answers_Q_N]
        yield self.share(model, f"majority@{n_samples}", _right(votes_Q))

    def share(self, model: str, name: str, flags_Q: Sequence[bool]) -> Metric:
        n_true, n_questions = sum(flags_Q), len(flags_Q)
        low, high = wilson(n_true, n_questions)
        share = n_true / n_questions
        return Metric(self.round, self.split, model, name, share, low, high, n_questions)

    def mean(self, model: str, name: str, values_Q: Sequence[float]) -> Metric:
        seed = self._seed(model, name)
        low, high = bootstrap_mean(values_Q, resamples=self.resamples, seed=seed)
        mean, n_questions = sum(values_Q) / len(values_Q), len(values_Q)
        return Metric(self.round, self.split, model, name, mean, low, high, n_questions)

    def gain(self, model: str, name: str, ours_Q: Sequence[bool], base_Q: Sequence[bool]) -> Metric:
        seed, n_questions = self._seed(model, name), len(ours_Q)
        difference = paired_bootstrap(ours_Q, base_Q, resamples=self.resamples, seed=seed)
        return Metric(self.round, self.split, model, name, *difference, n_questions)

    def _seed(self, model: str, name: str) -> int:
        # A seed for each number, so that leaving one out does not move the intervals of the others.
        return seed_of(self.seed, "bootstrap", self.round, self.split, model, name)


def _right(answers: Sequence[Answer]) -> list[bool]:
    return [answer.verdict == RIGHT for answer in answers]


def _lenient(answers: Sequence[Answer]) -> list[bool]:
    return [answer.found_verdict == RIGHT for answer in answers]


def _aligned(
    answers: Sequence[Answer], agent: str, split: str, questions: Sequence[str]
) -> list[Answer]:
    """One agent's answers on a split in the order of `questions`, or ValueError."""
    # Gains are paired question by question, so a missing or a second answer would shift the rows
    # against each other without any sign of it.
    aligned = [answer for answer in answers if (answer.writer, answer.split) == (agent, split)]
    aligned.sort(key=lambda answer: answer.question_id)
    if [answer.question_id for answer in aligned] != list(questions):
        raise ValueError(
            f"{agent} has {len(aligned)} greedy answers on {split}, expected exactly one for each "
            f"of the {len(questions)} questions put to the base"
        )
    return aligned


def _of_samples(sampled: Sequence[Answer], maker: _MetricMaker) -> Iterator[Metric]:
    answers_by_group: dict[tuple[str, str], dict[str, list[Answer]]] = defaultdict(
        lambda: defaultdict(list)
    )
    # The earlier sample wins a tied vote, so the samples need an order that does not depend on
    # which of them was finished first.
    for answer in sorted(sampled, key=lambda answer: (answer.question_id, answer.sample)):
        answers_by_group[answer.split, answer.writer][answer.question_id].append(answer)
    for (split, agent), answers_by_question in sorted(answers_by_group.items()):
        sample_counts = {len(answers_N) for answers_N in answers_by_question.values()}
        if len(sample_counts) > 1:
            raise ValueError(f"{agent} has {sorted(sample_counts)} samples a question on {split}")
        yield from replace(maker, split=split).of_samples(agent, list(answers_by_question.values()))
