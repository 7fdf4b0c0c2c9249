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
from collate.evaluation.votes import winning_index
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

    def __init__(self, *, round: int, agents: Sequence[str]) -> None:
        self._round, self._agents = round, list(agents)
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
        score_of = {score.rationale_id: score for score in scores}
        rationales_by_question: dict[str, dict[str, list[Rationale]]] = {
            question.id: {} for question in questions
        }
        for rationale in rationales:
            if rationale.origin != SAMPLED:
                continue
            if rationale.question_id not in rationales_by_question or rationale.id not in score_of:
                raise ValueError(
                    f"rationale {rationale.id}: its question or score is not in the block"
                )
            if rationale.writer not in self._agents:
                raise ValueError(
                    f"rationale {rationale.id} is of {rationale.writer!r}, not of {self._agents}"
                )
            rationales_by_agent = rationales_by_question[rationale.question_id]
            rationales_by_agent.setdefault(rationale.writer, []).append(rationale)
        for rationales_by_agent in rationales_by_question.values():
            if rationales_by_agent:
                self._add_texts(rationales_by_agent)
                self._add_answers(rationales_by_agent, score_of)

    def metrics(self) -> list[Metric]:
        """All metrics of what was added, each agent's in the order of the agents, then `agents`."""
        agent_order = {agent: position for position, agent in enumerate([*self._agents, AGENTS])}
        metrics = [self._metric(agent, name, mean) for (agent, name), mean in self._means.items()]
        return sorted(metrics, key=lambda metric: agent_order[metric.model])

    def _metric(self, agent: str, name: str, mean: RunningMean) -> Metric:
        estimate, low, high = mean.interval()
        # Disagreement is yes or no for each question, so its mean is a proportion.
        if name == "disagreement":
            low, high = wilson(round(mean.total), mean.n)
        return Metric(self._round, "train", agent, name, estimate, low, high, mean.n)

    def _add_texts(self, rationales_by_agent: Mapping[str, Sequence[Rationale]]) -> None:
        all_rationales = list(chain.from_iterable(rationales_by_agent.values()))
        for agent, of_agent in [*rationales_by_agent.items(), (AGENTS, all_rationales)]:
            if len(of_agent) > 1:  # a single text has nothing to be a copy of
                copied_share = duplicate_share([rationale.text for rationale in of_agent])
                self._means[agent, "duplicate_rate"].add(copied_share)
            tokens_N = [np.asarray(rationale.token_ids, dtype=np.int64) for rationale in of_agent]
            for n in (1, 2, 3):
                distinct_count, ngram_count = count_ngrams(tokens_N, n)
                if ngram_count:
                    self._means[agent, f"distinct_{n}"].add(distinct_count / ngram_count)
            token_count = sum(len(tokens) for tokens in tokens_N)
            # Each agent samples by its own weights and temperature: a mean over agents would say
            # nothing of any one sampler.
            if agent != AGENTS and token_count:
                summed_logprob = sum(rationale.logprob for rationale in of_agent)
                self._means[agent, "logprob_per_token"].add(summed_logprob / token_count)

    def _add_answers(
        self,
        rationales_by_agent: Mapping[str, Sequence[Rationale]],
        score_of: Mapping[str, Score],
    ) -> None:
        ballots_by_agent: dict[str, list[Ballot]] = {}
        right_by_agent: dict[str, int] = {}
        for agent, of_agent in rationales_by_agent.items():
            # Rationales come in any order, and of two answers equally frequent the earlier sample's
            # is the majority.
            by_sample = sorted(of_agent, key=lambda rationale: rationale.sample)
            scores = [score_of[rationale.id] for rationale in by_sample]
            ballots: list[Ballot] = [score.stated_key for score in scores]
            ballots_by_agent[agent] = ballots
            right_by_agent[agent] = sum(score.verdict == RIGHT for score in scores)
        all_ballots = list(chain.from_iterable(ballots_by_agent.values()))
        for agent, ballots in [*ballots_by_agent.items(), (AGENTS, all_ballots)]:
            stated = {ballot for ballot in ballots if ballot is not None}
            if stated:
                self._means[agent, "distinct_answers"].add(len(stated))
        count_by_agent = {agent: len(ballots) for agent, ballots in ballots_by_agent.items()}
        self._add_oracles(count_by_agent, right_by_agent)
        differ_within, differ_between = differing(list(ballots_by_agent.values()))
        for name, share in (("differ_within", differ_within), ("differ_between", differ_between)):
            if share is not None:
                self._means[AGENTS, name].add(share)
        if len(ballots_by_agent) == len(self._agents) > 1:
            majorities = {_majority(ballots) for ballots in ballots_by_agent.values()}
            self._means[AGENTS, "disagreement"].add(len(majorities) > 1)

    def _add_oracles(
        self, count_by_agent: Mapping[str, int], right_by_agent: Mapping[str, int]
    ) -> None:
        """oracle@k for k = 1, 2, 4, ... up to what every agent has, where all agents wrote."""
        if len(count_by_agent) < len(self._agents):
            return
        n_K = [count_by_agent[agent] for agent in self._agents]
        right_K = [right_by_agent[agent] for agent in self._agents]
        for k in (1 << power for power in range(min(n_K).bit_length())):
            oracle_K = [pass_at_k(n, right, k) for n, right in zip(n_K, right_K, strict=True)]
            for agent, agent_oracle in zip(self._agents, oracle_K, strict=True):
                self._means[agent, f"oracle@{k}"].add(agent_oracle)
            split_oracle = split_pass_at_k(n_K, right_K, k)
            self._means[AGENTS, f"oracle@{k}"].add(split_oracle)
            # With one sample the split is the agents' mean, and its gain would always be 0.
            if k > 1 and len(n_K) > 1:
                gain = split_oracle - sum(oracle_K) / len(oracle_K)
                self._means[AGENTS, f"oracle_gain@{k}"].add(gain)


def duplicate_share(texts: Sequence[str]) -> float:
    """Share of the texts that at least one other is equal to, but for spacing at the ends."""
    counts = Counter(text.strip() for text in texts)
    return sum(count for count in counts.values() if count > 1) / len(texts)


def count_ngrams(tokens_N: Sequence[NDArray[np.int64]], n: int) -> tuple[int, int]:
    """Distinct and all n-grams of token ids in these rows; none reaches from one into the next."""
    tokens = np.concatenate(tokens_N)
    row_of_token = np.repeat(np.arange(len(tokens_N)), [len(tokens_T) for tokens_T in tokens_N])
    n_starts = len(tokens) - n + 1
    if n_starts < 1:
        return 0, 0
    vocabulary, token_index = np.unique(tokens, return_inverse=True)
    # An n-gram as one number in base `len(vocabulary)`: three of two million still fit in 63 bits.
    ngram = np.zeros(n_starts, dtype=np.int64)
    for offset in range(n):
        ngram = ngram * len(vocabulary) + token_index[offset : offset + n_starts]
    # Grams across the border of two rows were computed too: their ends are in different rows.
    whole_ngrams = ngram[row_of_token[:n_starts] == row_of_token[n - 1 :]]
    return len(np.unique(whole_ngrams)), len(whole_ngrams)


def differing(ballots_K_N: Sequence[Sequence[Ballot]]) -> tuple[float | None, float | None]:
    """Share of pairs of samples with different answers: of one agent, and of two agents.

    Each is over all such pairs of the question, None where there is no pair. Unstated is an answer
    too, as it is for `votes.disagree`.
    """
    # Ordered pairs are counted from the sizes of groups: n equal answers are n (n - 1) equal pairs.
    # Going through the pairs themselves would take n^2 steps a question.
    ballot_counts_K = [Counter(ballots) for ballots in ballots_K_N]
    all_counts = sum(ballot_counts_K, Counter[Ballot]())
    ballots_per_agent = [counts.total() for counts in ballot_counts_K]
    pairs_within = sum(n * (n - 1) for n in ballots_per_agent)
    pairs_between = sum(ballots_per_agent) ** 2 - sum(n * n for n in ballots_per_agent)
    squares = sum(count * count for counts in ballot_counts_K for count in counts.values())
    same_within = squares - sum(ballots_per_agent)
    same_between = sum(count * count for count in all_counts.values()) - squares
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
    first_round, last_round = min(metrics_by_round), max(metrics_by_round)
    first_values = _of_all_agents(metrics_by_round[first_round])
    last_values = _of_all_agents(metrics_by_round[last_round])
    right_share = last_values.get("oracle@1")
    if right_share is None or right_share >= _MOSTLY_SOLVED:
        return None
    copied_share = last_values.get("duplicate_rate", 0.0)
    distinct_answers = last_values.get("distinct_answers")
    one_answer = distinct_answers is not None and distinct_answers <= _HARDLY_A_SECOND_ANSWER
    if copied_share >= _MANY_COPIES or one_answer:
        # A single agent has no disagreement to speak against repetition.
        disagreement = last_values.get("disagreement", 0.0)
        if disagreement <= _LITTLE_DISAGREEMENT:
            return _repetition_text(last_round, last_values)
    variety_before, variety_now = _variety(first_values), _variety(last_values)
    if last_round == first_round or variety_before is None or variety_now is None:
        return None
    if variety_now >= _VARIETY_LEFT * variety_before:
        return None
    return (
        f"diversity has collapsed from round {first_round} to round {last_round}: "
        f"{first_values['distinct_answers']:.2f} different answers a question became "
        f"{distinct_answers:.2f}, with {100 * first_values['oracle@1']:.0f} % and "
        f"{100 * right_share:.0f} % right"
    )


def _repetition_text(round: int, now: Mapping[str, float]) -> str:
    symptoms = [f"{100 * now.get('duplicate_rate', 0.0):.0f} % of the rationales are copies"]
    if "distinct_answers" in now:
        symptoms.append(f"{now['distinct_answers']:.2f} different answers a question")
    if "disagreement" in now:
        symptoms.append(f"agents disagree on {100 * now['disagreement']:.1f} % of the questions")
    right_text = f"{100 * now['oracle@1']:.0f} % are right"
    return f"diversity has collapsed in round {round}: {', '.join(symptoms)}; {right_text}"


def _of_all_agents(metrics: Sequence[Metric]) -> dict[str, float]:
    return {
        metric.name: metric.value
        for metric in metrics
        if (metric.model, metric.split) == (AGENTS, "train")
    }


def _variety(values: Mapping[str, float]) -> float | None:
    """Answers beyond the first a question, for each wrong rationale; None where none is wrong."""
    distinct_answers, right_share = values.get("distinct_answers"), values.get("oracle@1")
    if distinct_answers is None or right_share is None or right_share >= 1.0:
        return None
    return (distinct_answers - 1) / (1 - right_share)
