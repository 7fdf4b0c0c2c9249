"""Diversity of a round against slow counts over plain lists, block by block or at once."""

import math
import random
from collections.abc import Iterable, Sequence
from itertools import combinations
from statistics import mean

import numpy as np
import pytest
from scipy import stats

from collate.evaluation.divergence import CrossLogprob, cross_likelihood
from collate.evaluation.diversity import (
    Diversity,
    count_ngrams,
    differing,
    diversity_warning,
    duplicate_share,
)
from collate.tables import GOLD, HINT, PEER, Metric, Rationale, Score
from tests.evaluation.rows import Block, block_of, make_question, make_rationale, random_block

AGENTS = ["ada", "bob", "cid"]
# By model and name.
MetricByKey = dict[tuple[str, str], Metric]


def by_key(metrics: Iterable[Metric]) -> MetricByKey:
    return {(metric.model, metric.name): metric for metric in metrics}


def measure_blocks(*blocks: Block, agents: Sequence[str] = AGENTS) -> MetricByKey:
    diversity = Diversity(round=3, agents=agents)
    for block in blocks:
        diversity.add(*block)
    metrics = diversity.metrics()
    assert {(metric.round, metric.split) for metric in metrics} <= {(3, "train")}
    return by_key(metrics)


@pytest.fixture(scope="module")
def block() -> Block:
    return random_block(random.Random(1), [f"q{number}" for number in range(40)], AGENTS, 5)


def rows_of(block: Block, question_id: str, agents: Sequence[str]) -> list[tuple[Rationale, Score]]:
    """What these agents wrote for a question, agent by agent, with the scores."""
    score_of = {score.rationale_id: score for score in block[2]}
    rows = [
        (rationale, score_of[rationale.id])
        for rationale in block[1]
        if rationale.question_id == question_id and rationale.writer in agents
    ]
    return sorted(rows, key=lambda row: (row[0].writer, row[0].sample))


def value_of(stated: str | None) -> float | None:
    return None if stated is None else float(stated)


@pytest.mark.parametrize("agent", [*AGENTS, "agents"])
def test_texts_and_answers_are_counted_by_question(block: Block, agent: str) -> None:
    metrics = measure_blocks(block)
    copies, answers = [], []
    distinct: dict[int, list[float]] = {1: [], 2: [], 3: []}
    for question in block[0]:
        rows = rows_of(block, question.id, AGENTS if agent == "agents" else [agent])
        texts = [rationale.text.strip() for rationale, _ in rows]
        copies.append(mean(texts.count(text) > 1 for text in texts))
        stated = {value_of(score.stated) for _, score in rows} - {None}
        if stated:
            answers.append(len(stated))
        for n, shares in distinct.items():
            ngrams = []
            for rationale, _ in rows:
                tokens = rationale.token_ids
                ngrams += [tokens[start : start + n] for start in range(len(tokens) - n + 1)]
            if ngrams:
                shares.append(len(set(ngrams)) / len(ngrams))
    assert metrics[agent, "duplicate_rate"].value == pytest.approx(mean(copies))
    assert metrics[agent, "distinct_answers"].value == pytest.approx(mean(answers))
    assert metrics[agent, "distinct_answers"].n == len(answers)
    for n, shares in distinct.items():
        assert metrics[agent, f"distinct_{n}"].value == pytest.approx(mean(shares))
    low, high = stats.t.interval(0.95, len(copies) - 1, mean(copies), stats.sem(copies))
    metric = metrics[agent, "duplicate_rate"]
    assert (metric.low, metric.high) == pytest.approx((low, high))


def test_disagreement_is_of_majorities(block: Block) -> None:
    differ = []
    for question in block[0]:
        majorities = set()
        for agent in AGENTS:
            values = [value_of(score.stated) for _, score in rows_of(block, question.id, [agent])]
            votes = [value for value in values if value is not None]
            # The most frequent, and of equally frequent ones the first.
            winner = max(votes, key=lambda v: (votes.count(v), -votes.index(v)), default=None)
            majorities.add(winner)
        differ.append(len(majorities) > 1)
    metric = measure_blocks(block)["agents", "disagreement"]
    assert metric.value == pytest.approx(mean(differ))
    wilson = stats.binomtest(sum(differ), len(differ)).proportion_ci(0.95, method="wilson")
    assert (metric.low, metric.high) == pytest.approx((wilson.low, wilson.high))


def test_chance_that_two_samples_differ_is_over_all_pairs(block: Block) -> None:
    metrics = measure_blocks(block)
    within, between = [], []
    for question in block[0]:
        differ_within, differ_between = [], []
        for first, second in combinations(rows_of(block, question.id, AGENTS), 2):
            differ = value_of(first[1].stated) != value_of(second[1].stated)
            same_agent = first[0].writer == second[0].writer
            (differ_within if same_agent else differ_between).append(differ)
        within.append(mean(differ_within))
        between.append(mean(differ_between))
    assert metrics["agents", "differ_within"].value == pytest.approx(mean(within))
    assert metrics["agents", "differ_between"].value == pytest.approx(mean(between))
    assert differing([["x"], ["y"]]) == (None, 1.0)
    assert differing([["x", "x", None]]) == (pytest.approx(2 / 3), None)


def test_oracles_compare_the_same_number_of_samples(block: Block) -> None:
    metrics = measure_blocks(block)
    for k in (1, 2, 4):
        alone_means = []
        for agent in AGENTS:
            alone = []
            for question in block[0]:
                rows = rows_of(block, question.id, [agent])
                right = [score.verdict == "right" for _, score in rows]
                alone.append(mean(any(draw) for draw in combinations(right, k)))
            assert metrics[agent, f"oracle@{k}"].value == pytest.approx(mean(alone))
            alone_means.append(mean(alone))
        gain = metrics["agents", f"oracle@{k}"].value - mean(alone_means)
        if k == 1:
            assert gain == pytest.approx(0.0)
            assert ("agents", "oracle_gain@1") not in metrics
        else:
            assert metrics["agents", f"oracle_gain@{k}"].value == pytest.approx(gain)
    assert ("agents", "oracle@8") not in metrics


def test_agents_that_solve_different_questions_gain_what_one_never_can() -> None:
    questions, rows = [make_question("q"), make_question("r")], []
    for question, solver in zip(questions, ("ada", "bob"), strict=True):
        for agent in ("ada", "bob"):
            stated = "7" if agent == solver else "8"
            rows += [make_rationale(question, agent, sample, stated=stated) for sample in (0, 1)]
    metrics = measure_blocks(block_of(questions, rows), agents=["ada", "bob"])
    assert metrics["ada", "oracle@2"].value == metrics["bob", "oracle@2"].value == 0.5
    assert metrics["agents", "oracle@2"].value == 1.0
    assert metrics["agents", "oracle_gain@2"].value == 0.5


def test_blocks_and_order_change_nothing(block: Block) -> None:
    questions, rationales, scores = block
    blocks = []
    for part in (questions[:7], questions[7:9], questions[9:]):
        ids = {question.id for question in part}
        part_rationales = [each for each in reversed(rationales) if each.question_id in ids]
        part_scores = [score for score in scores if score.question_id in ids]
        blocks.append((part, part_rationales, part_scores))
    at_once, in_blocks = measure_blocks(block), measure_blocks(*blocks)
    assert list(at_once) == list(in_blocks)
    for key, metric in at_once.items():
        assert in_blocks[key].value == pytest.approx(metric.value, abs=1e-12)
        assert in_blocks[key].n == metric.n


def test_logprob_is_a_token_and_only_what_was_sampled_counts() -> None:
    question = make_question("q")
    sampled = [
        make_rationale(question, "ada", 0, tokens=[1, 2], logprob=-1.0),
        make_rationale(question, "ada", 1, tokens=[1, 2, 3, 4], logprob=-5.0),
    ]
    not_sampled = [
        make_rationale(question, "gold", 2, origin=GOLD, logprob=math.nan),
        make_rationale(question, "ada", 3, origin=HINT, stated="5"),
        make_rationale(question, "ada", 4, origin=PEER, stated="6"),
    ]
    metrics = measure_blocks(block_of([question], sampled), agents=["ada"])
    assert metrics["ada", "logprob_per_token"].value == pytest.approx(-1.0)
    assert measure_blocks(block_of([question], sampled + not_sampled), agents=["ada"]) == metrics
    assert ("agents", "disagreement") not in metrics and ("agents", "differ_between") not in metrics
    assert measure_blocks() == {}


def test_unknown_writers_questions_and_scores_are_refused() -> None:
    question = make_question("q")
    rationale, score = make_rationale(question, "ada", 0)
    diversity = Diversity(round=1, agents=["bob"])
    with pytest.raises(ValueError, match="is of 'ada', not of"):
        diversity.add([question], [rationale], [score])
    for questions, scores in (([], [score]), ([question], [])):
        with pytest.raises(ValueError, match="question or score is not in the block"):
            diversity.add(questions, [rationale], scores)


def test_ngrams_do_not_reach_into_the_next_text() -> None:
    rows = [np.array([5, 6, 5, 6]), np.array([6]), np.array([], dtype=np.int64), np.array([2**31])]
    assert count_ngrams(rows, 1) == (3, 6)
    assert count_ngrams(rows, 2) == (2, 3)
    assert count_ngrams(rows, 3) == (2, 2)
    assert count_ngrams(rows, 7) == (0, 0)
    assert duplicate_share(["x", "x ", "y", "x"]) == 0.75


def test_distance_of_agents_with_known_distributions() -> None:
    """Two agents that write one token: the estimate tends to their Kullback-Leibler divergence."""
    probabilities = {"ada": np.array([0.7, 0.2, 0.1]), "bob": np.array([0.2, 0.3, 0.5])}
    rng = np.random.default_rng(0)
    rows = []
    for writer, written_by in probabilities.items():
        for number, token in enumerate(rng.choice(3, size=4000, p=written_by)):
            for reader, read_by in probabilities.items():
                logprob = math.log(read_by[token])
                rows.append(CrossLogprob(f"{writer}{number}", writer, reader, logprob))
    metrics = by_key(cross_likelihood(rows, agents=["ada", "bob"], round=1))
    for writer, reader in (("ada", "bob"), ("bob", "ada")):
        exact = stats.entropy(probabilities[writer], probabilities[reader])
        metric = metrics[writer, "divergence"]
        assert metric.low < exact < metric.high  # type: ignore[operator]
        under_reader = metrics[writer, f"logprob_under:{reader}"].value
        expected = float(probabilities[writer] @ np.log(probabilities[reader]))
        assert under_reader == pytest.approx(expected, abs=0.05)
        under_itself = metrics[writer, f"logprob_under:{writer}"].value
        assert under_itself - under_reader == pytest.approx(metric.value)
    assert metrics["agents", "divergence"].value == pytest.approx(
        mean(metrics[agent, "divergence"].value for agent in probabilities)
    )


def test_cross_likelihood_counts_what_both_read_and_refuses_the_rest() -> None:
    rows = [
        CrossLogprob("x", "ada", "ada", -1.0),
        CrossLogprob("x", "ada", "bob", -1.5),
        CrossLogprob("y", "ada", "ada", -9.0),
    ]
    metrics = by_key(cross_likelihood(rows, agents=["ada", "bob"], round=1))
    assert metrics["ada", "logprob_under:ada"].value == -5.0
    assert (metrics["ada", "divergence"].value, metrics["ada", "divergence"].n) == (0.5, 1)
    with pytest.raises(ValueError, match="not two of"):
        cross_likelihood(rows, agents=["ada"], round=1)
    with pytest.raises(ValueError, match="twice"):
        cross_likelihood([rows[0], rows[0]], agents=["ada"], round=1)


def metrics_with(*, right: float = 0.3, **values: float) -> list[Metric]:
    """Metrics of all agents together; `right` is the share of right rationales."""
    return [
        Metric(1, "train", "agents", name, value, None, None, 50)
        for name, value in {**values, "oracle@1": right}.items()
    ]


@pytest.mark.parametrize(
    ("values", "warns"),
    [
        ({"duplicate_rate": 0.95, "distinct_answers": 2.0, "disagreement": 0.02}, True),
        ({"duplicate_rate": 0.3, "distinct_answers": 1.05, "disagreement": 0.02}, True),
        ({"duplicate_rate": 0.95, "distinct_answers": 1.05}, True),  # a single agent
        ({"duplicate_rate": 0.95, "distinct_answers": 2.0, "disagreement": 0.2}, False),
        ({"duplicate_rate": 0.5, "distinct_answers": 2.0, "disagreement": 0.02}, False),
        ({"duplicate_rate": 1.0, "distinct_answers": 1.0, "right": 0.97}, False),
    ],
)
def test_repetition_is_alarming_where_agents_agree_and_are_not_right(
    values: dict[str, float], warns: bool
) -> None:
    warning = diversity_warning({1: metrics_with(**values)})
    assert (warning is not None) == warns
    if warning:
        assert "collapsed in round 1" in warning


def test_a_warning_of_repetition_says_what_it_is_about() -> None:
    values = {"duplicate_rate": 0.95, "distinct_answers": 1.05, "disagreement": 0.02}
    assert diversity_warning({3: metrics_with(**values)}) == (
        "diversity has collapsed in round 3: 95 % of the rationales are copies, 1.05 different "
        "answers a question, agents disagree on 2.0 % of the questions; 30 % are right"
    )


def test_a_loss_of_variety_is_alarming_unless_success_explains_it() -> None:
    before = metrics_with(duplicate_rate=0.1, distinct_answers=5.0, disagreement=0.6, right=0.2)
    narrow = metrics_with(duplicate_rate=0.5, distinct_answers=1.5, disagreement=0.3, right=0.3)
    better = metrics_with(duplicate_rate=0.5, distinct_answers=1.5, disagreement=0.3, right=0.85)
    warning = diversity_warning({1: before, 2: before, 4: narrow})
    assert warning is not None
    assert "from round 1 to round 4: 5.00" in warning and "1.50" in warning
    assert diversity_warning({1: before, 4: better}) is None
    assert diversity_warning({4: narrow}) is None
    assert diversity_warning({}) is None and diversity_warning({1: []}) is None
