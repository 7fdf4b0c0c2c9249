"""How far the rationales of one round differ, within an agent and between agents.

| metric | of | what it is |
| --- | --- | --- |
| duplicate_rate | agents, `agents` | share of a question's rationales whose text another one has |
| distinct_1, _2, _3 | agents, `agents` | distinct n-grams of token ids over all n-grams |
| distinct_answers | agents, `agents` | answers stated that differ, where any is stated |
| logprob_per_token | agents | sampler's log-probability of own rationales, nats a token |
| oracle@k | agents, `agents` | chance that one of k samples is right: all its own, or k split |
| oracle_gain@k | `agents` | oracle@k of the split minus the agents' mean oracle@k |
| disagreement | `agents` | share of questions on which the agents' majority answers differ |
| differ_within, differ_between | `agents` | chance that two samples state different answers |

Every metric is taken per question and averaged over the questions that have it; `n` counts those.
Intervals are Student's over questions, Wilson's for `disagreement`. Only rationales an agent
sampled for the question alone count: not the data set's, nor those written with the answer in view
or begun by another agent.

distinct-n (Li et al. 2016) falls as texts get longer or more, so it compares runs and
rounds with equally many samples, and not an agent with `agents`. `differ_within` is the yardstick
of `differ_between` and `disagreement`: copies of one model disagree too, as much as they do with
themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from collate.evaluation.metrics import AGENTS
from collate.evaluation.statistics import RunningMean, pass_at_k, split_pass_at_k, wilson
from collate.evaluation.votes import Reader, winner
from collate.tables import RIGHT, SAMPLED, Metric, Question, Rationale, Score

Ballot = Hashable | None


class Diversity:
    """Metrics of a round's rationales, added in blocks of whole questions; only sums are kept."""

    def __init__(self, *, round: int, agents: Sequence[str], answer_kind: str) -> None:
        self._round, self._agents, self._kind = round, list(agents), answer_kind
        self._means: dict[tuple[str, str], RunningMean] = defaultdict(RunningMean)

    def add(
        self,
        questions: Sequence[Question],
        rationales: Sequence[Rationale],
        scores: Sequence[Score],
    ) -> None:
        """Count a block: all rationales of these questions, in any order, with their scores.

        Raises ValueError for a rationale whose question or score is not in the block, or whose
        agent is none of the round's.
        """
        reader = Reader(self._kind, {q.id: q.options for q in questions})
        score_of = {score.rationale_id: score for score in scores}
        own: dict[str, dict[str, list[Rationale]]] = {q.id: {} for q in questions}
        for one in rationales:
            if one.source != SAMPLED:
                continue
            if one.question_id not in own or one.id not in score_of:
                raise ValueError(f"rationale {one.id}: its question or score is not in the block")
            if one.agent not in self._agents:
                raise ValueError(f"rationale {one.id} is of {one.agent!r}, not of {self._agents}")
            own[one.question_id].setdefault(one.agent, []).append(one)
        for by_agent in own.values():
            if by_agent:
                self._add_texts(by_agent)
                self._add_answers(by_agent, score_of, reader)

    def metrics(self) -> list[Metric]:
        """All metrics of what was added, each agent's in the order of the agents, then `agents`."""
        place = {agent: number for number, agent in enumerate([*self._agents, AGENTS])}
        found = sorted(self._means.items(), key=lambda item: place[item[0][0]])
        return [self._metric(agent, name, mean) for (agent, name), mean in found]

    def _metric(self, agent: str, name: str, mean: RunningMean) -> Metric:
        value, low, high = mean.interval()
        if name == "disagreement":
            low, high = wilson(round(mean.total), mean.n)
        return Metric(self._round, "train", agent, name, value, low, high, mean.n)

    def _add_texts(self, by_agent: Mapping[str, Sequence[Rationale]]) -> None:
        everybody = list(chain.from_iterable(by_agent.values()))
        for agent, written in [*by_agent.items(), (AGENTS, everybody)]:
            if len(written) > 1:
                share = duplicate_share([one.text for one in written])
                self._means[agent, "duplicate_rate"].add(share)
            tokens_N = [np.asarray(one.token_ids, dtype=np.int64) for one in written]
            for n in (1, 2, 3):
                distinct, total = count_ngrams(tokens_N, n)
                if total:
                    self._means[agent, f"distinct_{n}"].add(distinct / total)
            length = sum(len(tokens) for tokens in tokens_N)
            if agent != AGENTS and length:
                logprob = sum(one.logprob for one in written)
                self._means[agent, "logprob_per_token"].add(logprob / length)

    def _add_answers(
        self,
        by_agent: Mapping[str, Sequence[Rationale]],
        score_of: Mapping[str, Score],
        reader: Reader,
    ) -> None:
        ballots: dict[str, list[Ballot]] = {}
        right: dict[str, int] = {}
        for agent, written in by_agent.items():
            scores = [score_of[one.id] for one in sorted(written, key=lambda one: one.sample)]
            ballots[agent] = [reader.key(score.stated, score.question_id) for score in scores]
            right[agent] = sum(score.verdict == RIGHT for score in scores)
        everybody = list(chain.from_iterable(ballots.values()))
        for agent, cast in [*ballots.items(), (AGENTS, everybody)]:
            stated = {ballot for ballot in cast if ballot is not None}
            if stated:
                self._means[agent, "distinct_answers"].add(len(stated))
        self._add_oracles({agent: len(cast) for agent, cast in ballots.items()}, right)
        within, between = differing(list(ballots.values()))
        for name, share in (("differ_within", within), ("differ_between", between)):
            if share is not None:
                self._means[AGENTS, name].add(share)
        if len(ballots) == len(self._agents) > 1:
            majorities = {_majority(cast) for cast in ballots.values()}
            self._means[AGENTS, "disagreement"].add(len(majorities) > 1)

    def _add_oracles(self, n_of: Mapping[str, int], right: Mapping[str, int]) -> None:
        """oracle@k for k = 1, 2, 4, ... up to what every agent has, where all agents wrote."""
        if len(n_of) < len(self._agents):
            return
        n_K = [n_of[agent] for agent in self._agents]
        right_K = [right[agent] for agent in self._agents]
        for k in (1 << power for power in range(min(n_K).bit_length())):
            alone_K = [pass_at_k(n, c, k) for n, c in zip(n_K, right_K, strict=True)]
            for agent, alone in zip(self._agents, alone_K, strict=True):
                self._means[agent, f"oracle@{k}"].add(alone)
            split = split_pass_at_k(n_K, right_K, k)
            self._means[AGENTS, f"oracle@{k}"].add(split)
            if k > 1 and len(n_K) > 1:
                gain = split - sum(alone_K) / len(alone_K)
                self._means[AGENTS, f"oracle_gain@{k}"].add(gain)


def duplicate_share(texts: Sequence[str]) -> float:
    """Share of the texts that at least one other is equal to, but for spacing at the ends."""
    counts = Counter(text.strip() for text in texts)
    return sum(count for count in counts.values() if count > 1) / len(texts)


def count_ngrams(tokens_N: Sequence[NDArray[np.int64]], n: int) -> tuple[int, int]:
    """Distinct and all n-grams of token ids in these rows; none reaches from one into the next."""
    tokens = np.concatenate(tokens_N)
    row = np.repeat(np.arange(len(tokens_N)), [len(own) for own in tokens_N])
    starts = len(tokens) - n + 1
    if starts < 1:
        return 0, 0
    known, place = np.unique(tokens, return_inverse=True)
    # An n-gram as one number in base `len(known)`: three of two million still fit in 63 bits.
    gram = np.zeros(starts, dtype=np.int64)
    for shift in range(n):
        gram = gram * len(known) + place[shift : shift + starts]
    whole = gram[row[:starts] == row[n - 1 :]]
    return len(np.unique(whole)), len(whole)


def differing(ballots_K_N: Sequence[Sequence[Ballot]]) -> tuple[float | None, float | None]:
    """Share of pairs of samples with different answers: of one agent, and of two agents.

    Each is over all such pairs of the question, None where there is no pair. Unstated is an answer
    too, as it is for `votes.disagree`.
    """
    counts_K = [Counter(ballots) for ballots in ballots_K_N]
    together = sum(counts_K, Counter[Ballot]())
    sizes = [counts.total() for counts in counts_K]
    pairs_within = sum(n * (n - 1) for n in sizes)
    pairs_between = sum(sizes) ** 2 - sum(n * n for n in sizes)
    squares = sum(c * c for counts in counts_K for c in counts.values())
    same_within = squares - sum(sizes)
    same_between = sum(c * c for c in together.values()) - squares
    return (
        1 - same_within / pairs_within if pairs_within else None,
        1 - same_between / pairs_between if pairs_between else None,
    )


def _majority(ballots: Sequence[Ballot]) -> Ballot:
    place = winner(ballots)
    return None if place is None else ballots[place]
