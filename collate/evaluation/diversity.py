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

from collate.evaluation.statistics import RunningMean, pass_at_k, split_pass_at_k, wilson
from collate.evaluation.subjects import AGENTS
from collate.evaluation.votes import AnswerParser, winning_index
from collate.tables import RIGHT, SAMPLED, Metric, Question, Rationale, Score

# Nine in ten rationales are copies: of ten samples one is new.
_MANY_COPIES = 0.9
# One question in ten has a second answer; pairing rules live on the questions that do.
_HARDLY_A_SECOND_ANSWER = 1.1
# One question in twenty on which two agents' majorities differ is what sampling alone gives.
_LITTLE_DISAGREEMENT = 0.05
# Where nine in ten rationales are right, agreement is what was wanted.
_MOSTLY_SOLVED = 0.9
# What may be left of the first round's variety, below which learning has narrowed the agents.
_VARIETY_LEFT = 0.25

Ballot = Hashable | None
"""The key of an answer, None where none is stated."""


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
        parser = AnswerParser(self._kind, {q.id: q.options for q in questions})
        score_of = {score.rationale_id: score for score in scores}
        by_question: dict[str, dict[str, list[Rationale]]] = {q.id: {} for q in questions}
        for rationale in rationales:
            if rationale.origin != SAMPLED:
                continue
            if rationale.question_id not in by_question or rationale.id not in score_of:
                raise ValueError(
                    f"rationale {rationale.id}: its question or score is not in the block"
                )
            if rationale.writer not in self._agents:
                raise ValueError(
                    f"rationale {rationale.id} is of {rationale.writer!r}, not of {self._agents}"
                )
            by_agent = by_question[rationale.question_id]
            by_agent.setdefault(rationale.writer, []).append(rationale)
        for by_agent in by_question.values():
            if by_agent:
                self._add_texts(by_agent)
                self._add_answers(by_agent, score_of, parser)

    def metrics(self) -> list[Metric]:
        """All metrics of what was added, each agent's in the order of the agents, then `agents`."""
        order = {agent: number for number, agent in enumerate([*self._agents, AGENTS])}
        means = sorted(self._means.items(), key=lambda item: order[item[0][0]])
        return [self._metric(agent, name, mean) for (agent, name), mean in means]

    def _metric(self, agent: str, name: str, mean: RunningMean) -> Metric:
        value, low, high = mean.interval()
        if name == "disagreement":
            low, high = wilson(round(mean.total), mean.n)
        return Metric(self._round, "train", agent, name, value, low, high, mean.n)

    def _add_texts(self, by_agent: Mapping[str, Sequence[Rationale]]) -> None:
        everybody = list(chain.from_iterable(by_agent.values()))
        for agent, written in [*by_agent.items(), (AGENTS, everybody)]:
            if len(written) > 1:
                share = duplicate_share([rationale.text for rationale in written])
                self._means[agent, "duplicate_rate"].add(share)
            tokens_N = [np.asarray(row.token_ids, dtype=np.int64) for row in written]
            for n in (1, 2, 3):
                distinct, total = count_ngrams(tokens_N, n)
                if total:
                    self._means[agent, f"distinct_{n}"].add(distinct / total)
            length = sum(len(tokens) for tokens in tokens_N)
            if agent != AGENTS and length:
                logprob = sum(rationale.logprob for rationale in written)
                self._means[agent, "logprob_per_token"].add(logprob / length)

    def _add_answers(
        self,
        by_agent: Mapping[str, Sequence[Rationale]],
        score_of: Mapping[str, Score],
        parser: AnswerParser,
    ) -> None:
        ballots: dict[str, list[Ballot]] = {}
        right: dict[str, int] = {}
        for agent, written in by_agent.items():
            in_order = sorted(written, key=lambda rationale: rationale.sample)
            scores = [score_of[rationale.id] for rationale in in_order]
            ballots[agent] = [parser.key(score.stated, score.question_id) for score in scores]
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
    row = np.repeat(np.arange(len(tokens_N)), [len(tokens_T) for tokens_T in tokens_N])
    starts = len(tokens) - n + 1
    if starts < 1:
        return 0, 0
    vocabulary, index = np.unique(tokens, return_inverse=True)
    # An n-gram as one number in base `len(vocabulary)`: three of two million still fit in 63 bits.
    gram = np.zeros(starts, dtype=np.int64)
    for shift in range(n):
        gram = gram * len(vocabulary) + index[shift : shift + starts]
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
    index = winning_index(ballots)
    return None if index is None else ballots[index]


def diversity_warning(metrics_by_round: Mapping[int, Sequence[Metric]]) -> str | None:
    """What to warn of where the latest round's rationales have lost their diversity, else None.

    Agents that write the same again and again teach each other nothing. `metrics_by_round` holds
    what `Diversity.metrics` gave for each round so far. Two rules, neither of which speaks once
    nine in ten rationales are right, since then agreement is success:

    * repetition: nine in ten texts are copies or hardly a question has a second answer, and the
      agents' majorities differ on at most one question in twenty;
    * loss: variety, which is (distinct answers - 1) / (share of wrong rationales), is below a
      quarter of the first round's. Answers beyond the first are mostly wrong ones, so their number
      falls as agents get better; per wrong rationale it should not.
    """
    if not metrics_by_round:
        return None
    first, last = min(metrics_by_round), max(metrics_by_round)
    before, now = (_of_all_agents(metrics_by_round[round]) for round in (first, last))
    right = now.get("oracle@1")
    if right is None or right >= _MOSTLY_SOLVED:
        return None
    copies, answers = now.get("duplicate_rate", 0.0), now.get("distinct_answers")
    one_answer = answers is not None and answers <= _HARDLY_A_SECOND_ANSWER
    if copies >= _MANY_COPIES or one_answer:
        disagreement = now.get("disagreement", 0.0)
        if disagreement <= _LITTLE_DISAGREEMENT:
            return _repetition_text(last, now)
    variety_before, variety_now = _variety(before), _variety(now)
    if last == first or variety_before is None or variety_now is None:
        return None
    if variety_now >= _VARIETY_LEFT * variety_before:
        return None
    return (
        f"diversity has collapsed from round {first} to round {last}: "
        f"{before['distinct_answers']:.2f} different answers a question became "
        f"{answers:.2f}, with {100 * before['oracle@1']:.0f} % and {100 * right:.0f} % right"
    )


def _repetition_text(round: int, now: Mapping[str, float]) -> str:
    parts = [f"{100 * now.get('duplicate_rate', 0.0):.0f} % of the rationales are copies"]
    if "distinct_answers" in now:
        parts.append(f"{now['distinct_answers']:.2f} different answers a question")
    if "disagreement" in now:
        parts.append(f"agents disagree on {100 * now['disagreement']:.1f} % of the questions")
    right = f"{100 * now['oracle@1']:.0f} % are right"
    return f"diversity has collapsed in round {round}: {', '.join(parts)}; {right}"


def _of_all_agents(metrics: Sequence[Metric]) -> dict[str, float]:
    return {m.name: m.value for m in metrics if (m.model, m.split) == (AGENTS, "train")}


def _variety(values: Mapping[str, float]) -> float | None:
    """Answers beyond the first a question, for each wrong rationale; None where none is wrong."""
    answers, right = values.get("distinct_answers"), values.get("oracle@1")
    if answers is None or right is None or right >= 1.0:
        return None
    return (answers - 1) / (1 - right)
