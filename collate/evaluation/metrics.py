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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from collate.evaluation.statistics import bootstrap_mean, paired_bootstrap, pass_at_k, wilson
from collate.evaluation.votes import (
    ROUTED,
    VOTE,
    VOTES,
    WEIGHTED_VOTE,
    Reader,
    disagree,
    has_confidence,
    majority,
    routed,
    weighted_vote,
)
from collate.tables import RIGHT, UNKNOWN, Answer, Metric, seed_of

BASE, AGENTS, BEST, CHANCE = "base", "agents", "best", "chance"
READER = "reader"
"""Who answers from the best agent's steps, where somebody does."""
GROUPS = (BASE, AGENTS, BEST, CHANCE, READER, *VOTES)
"""Whom metrics are of besides agents."""


def measure(
    answers: Sequence[Answer],
    *,
    base: Sequence[Answer],
    round: int,
    agents: Sequence[str],
    answer_kind: str,
    bootstrap: int,
    seed: int,
    sampled: Sequence[Answer] = (),
    options: Mapping[str, Sequence[str]] | None = None,
    chance: float | None = None,
) -> list[Metric]:
    """All metrics of one round, split by split, each agent's in the order of `agents`.

    `answers` holds one greedy answer for each agent and question, `base` those of the agent `base`
    to the same questions, `sampled` several for each question of an agent, equally many for all.
    Ties of the vote go to the agent with the better validation accuracy. `bootstrap` is a number of
    resamples, `seed` the run's, `options` a multiple-choice question's by its id, `chance` the
    accuracy of guessing. Raises ValueError where an agent's questions are not the base's, or one is
    answered twice.
    """
    reader = Reader(answer_kind, options or {})
    ranked = by_validation(answers, agents)
    metrics: list[Metric] = []
    for split in sorted({answer.split for answer in base}, reverse=True):
        record = _Record(round, split, bootstrap, seed, reader)
        questions = sorted({answer.question_id for answer in base if answer.split == split})
        base_Q = _aligned(base, BASE, split, questions)
        answers_K_Q = {agent: _aligned(answers, agent, split, questions) for agent in agents}
        for agent in agents:
            metrics += record.greedy(agent, answers_K_Q[agent], base_Q)
        metrics += record.greedy(BASE, base_Q, None)
        for vote, votes_Q in _votes([answers_K_Q[agent] for agent in ranked], reader).items():
            metrics += record.greedy(vote, votes_Q, base_Q)
        metrics += record.together(list(zip(*answers_K_Q.values(), strict=True)))
        if chance is not None:
            n = len(questions)
            metrics.append(Metric(round, split, CHANCE, "accuracy", chance, None, None, n))
    metrics += _best(metrics)
    return metrics + list(_sampled(sampled, _Record(round, "", bootstrap, seed, reader)))


def best_agent(metrics: Sequence[Metric]) -> str:
    """The agent with the highest strict accuracy on validation questions, in the latest round.

    Ties go to the higher lenient accuracy, then to the name that sorts first. Held-out questions
    have no say. Raises ValueError where no agent was measured on validation questions.
    """
    own = [m for m in metrics if m.split == "validation" and m.agent not in GROUPS]
    strict = [m for m in own if m.name == "accuracy"]
    if not strict:
        raise ValueError("no accuracy of any agent on validation questions")
    latest = max(m.round for m in strict)
    lenient = {m.agent: m.value for m in own if (m.name, m.round) == ("accuracy_lenient", latest)}
    return min(
        (m for m in strict if m.round == latest),
        key=lambda m: (-m.value, -lenient.get(m.agent, 0.0), m.agent),
    ).agent


def _votes(answers_K_Q: Sequence[Sequence[Answer]], reader: Reader) -> dict[str, list[Answer]]:
    """What the agents, best first, answer together: by each vote that their answers allow."""
    answers_Q_K = list(zip(*answers_K_Q, strict=True))
    votes = {VOTE: [majority(answers_K, reader) for answers_K in answers_Q_K]}
    if has_confidence([answer for answers_Q in answers_K_Q for answer in answers_Q]):
        votes[WEIGHTED_VOTE] = [weighted_vote(answers_K, reader) for answers_K in answers_Q_K]
        votes[ROUTED] = [routed(answers_K) for answers_K in answers_Q_K]
    return votes


def _best(metrics: Sequence[Metric]) -> list[Metric]:
    """The held-out numbers of the agent that validation chose, where there was one to choose."""
    if not any(m.split == "validation" for m in metrics):
        return []
    chosen = best_agent(metrics)
    return [replace(m, agent=BEST) for m in metrics if (m.split, m.agent) == ("test", chosen)]


@dataclass(frozen=True)
class _Record:
    """Makes the metrics of one split of one round."""

    round: int
    split: str
    bootstrap: int
    seed: int
    reader: Reader

    def greedy(
        self, agent: str, answers_Q: Sequence[Answer], base_Q: Sequence[Answer] | None
    ) -> Iterator[Metric]:
        """Rates of one greedy answer a question, and the gain over `base_Q` where it is given."""
        strict_Q, lenient_Q = _right(answers_Q), _lenient(answers_Q)
        yield self.share(agent, "accuracy", strict_Q)
        yield self.share(agent, "accuracy_lenient", lenient_Q)
        yield self.share(agent, "stated_rate", [a.stated is not None for a in answers_Q])
        yield self.share(agent, "unknown_rate", [a.verdict == UNKNOWN for a in answers_Q])
        yield self.share(agent, "truncated_rate", [a.finish_reason == "length" for a in answers_Q])
        yield self.mean(agent, "mean_tokens", [a.tokens for a in answers_Q])
        if base_Q is not None:
            yield self.gain(agent, "gain", strict_Q, _right(base_Q))
            yield self.gain(agent, "gain_lenient", lenient_Q, _lenient(base_Q))

    def together(self, answers_Q_K: Sequence[Sequence[Answer]]) -> Iterator[Metric]:
        """What only several agents have: how often they differ, and how often one is right."""
        differ = [disagree(answers_K, self.reader) for answers_K in answers_Q_K]
        yield self.share(AGENTS, "disagreement", differ)
        yield self.share(AGENTS, "oracle", [any(_right(answers)) for answers in answers_Q_K])

    def samples(self, agent: str, answers_Q_N: Sequence[Sequence[Answer]]) -> Iterator[Metric]:
        """mean@n, majority@n, and pass@k for k = 1, 2, 4, ... up to n."""
        n = len(answers_Q_N[0])
        correct_Q = [sum(_right(answers_N)) for answers_N in answers_Q_N]
        yield self.mean(agent, f"mean@{n}", [correct / n for correct in correct_Q])
        for k in (1 << power for power in range(n.bit_length())):
            yield self.mean(agent, f"pass@{k}", [pass_at_k(n, c, k) for c in correct_Q])
        votes_Q = [majority(answers_N, self.reader) for answers_N in answers_Q_N]
        yield self.share(agent, f"majority@{n}", _right(votes_Q))

    def share(self, agent: str, name: str, flags_Q: Sequence[bool]) -> Metric:
        hits, n = sum(flags_Q), len(flags_Q)
        low, high = wilson(hits, n)
        return Metric(self.round, self.split, agent, name, hits / n, low, high, n)

    def mean(self, agent: str, name: str, values_Q: Sequence[float]) -> Metric:
        seed = self._seed(agent, name)
        low, high = bootstrap_mean(values_Q, resamples=self.bootstrap, seed=seed)
        value, n = sum(values_Q) / len(values_Q), len(values_Q)
        return Metric(self.round, self.split, agent, name, value, low, high, n)

    def gain(self, agent: str, name: str, ours_Q: Sequence[bool], base_Q: Sequence[bool]) -> Metric:
        seed, n = self._seed(agent, name), len(ours_Q)
        found = paired_bootstrap(ours_Q, base_Q, resamples=self.bootstrap, seed=seed)
        return Metric(self.round, self.split, agent, name, *found, n)

    def _seed(self, agent: str, name: str) -> int:
        return seed_of(self.seed, "bootstrap", self.round, self.split, agent, name)


def _right(answers: Sequence[Answer]) -> list[bool]:
    return [answer.verdict == RIGHT for answer in answers]


def _lenient(answers: Sequence[Answer]) -> list[bool]:
    return [answer.found_verdict == RIGHT for answer in answers]


def by_validation(answers: Sequence[Answer], agents: Sequence[str]) -> list[str]:
    """The agents by what they have right on validation: strict, lenient, then as they came."""

    def rank(agent: str) -> tuple[int, int]:
        own = [a for a in answers if a.agent == agent and a.split == "validation"]
        return -sum(_right(own)), -sum(_lenient(own))

    return sorted(agents, key=rank)


def _aligned(
    answers: Sequence[Answer], agent: str, split: str, questions: Sequence[str]
) -> list[Answer]:
    """One agent's answers on a split in the order of `questions`, or ValueError."""
    own = sorted(
        (a for a in answers if a.agent == agent and a.split == split), key=lambda a: a.question_id
    )
    if [answer.question_id for answer in own] != list(questions):
        raise ValueError(
            f"{agent} has {len(own)} greedy answers on {split}, expected exactly one for each of "
            f"the {len(questions)} questions put to the base"
        )
    return own


def _sampled(sampled: Sequence[Answer], record: _Record) -> Iterator[Metric]:
    groups: dict[tuple[str, str], dict[str, list[Answer]]] = defaultdict(lambda: defaultdict(list))
    for answer in sorted(sampled, key=lambda a: (a.question_id, a.sample)):
        groups[answer.split, answer.agent][answer.question_id].append(answer)
    for (split, agent), by_question in sorted(groups.items()):
        sizes = {len(answers_N) for answers_N in by_question.values()}
        if len(sizes) > 1:
            raise ValueError(f"{agent} has {sorted(sizes)} samples a question on {split}")
        yield from replace(record, split=split).samples(agent, list(by_question.values()))
