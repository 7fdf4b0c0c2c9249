"""Score quality against counting every pair of a right and a wrong rationale."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from statistics import mean

import numpy as np
import pytest

from collate.evaluation.score_quality import (
    DISAGREEMENT,
    SCORER,
    SCORES,
    PairShare,
    ScoreQuality,
    compared,
)
from collate.tables import GOLD, Metric, Score
from tests.evaluation.rows import Block, block_of, make_question, make_rationale, random_block


def measure_blocks(*blocks: Block) -> dict[str, Metric]:
    quality = ScoreQuality(round=2)
    for block in blocks:
        quality.add(*block)
    metrics = quality.metrics()
    subjects = {(metric.round, metric.split, metric.model) for metric in metrics}
    assert subjects <= {(2, "train", SCORER)}
    return {metric.name: metric for metric in metrics}


@pytest.fixture(scope="module")
def block() -> Block:
    """Rationales of which not all have every score."""
    questions, rationales, scores = random_block(random.Random(4), list("abcdefgh"), ["x", "y"], 6)
    rng = random.Random(5)
    uneven_scores = [
        replace(
            score,
            sum_logprob=rng.choice([None, rng.random()]),
            lift=rng.random(),
            posterior=rng.random(),
        )
        for score in scores
    ]
    return questions, rationales, uneven_scores


def right_wrong_pairs(scores: Sequence[Score]) -> Iterator[tuple[Score, Score]]:
    for first, second in product(scores, repeat=2):
        if (first.verdict, second.verdict) == ("right", "wrong"):
            yield first, second


def test_auc_counts_pairs_over_all_and_within_questions(block: Block) -> None:
    metrics = measure_blocks(block)
    for name in SCORES:
        over_all, within = [], []
        for right, wrong in right_wrong_pairs(block[2]):
            right_value, wrong_value = getattr(right, name), getattr(wrong, name)
            if right_value is None or wrong_value is None:
                continue
            won = (right_value > wrong_value) + 0.5 * (right_value == wrong_value)
            over_all.append(won)
            if right.question_id == wrong.question_id:
                within.append(won)
        assert metrics[f"auc:{name}"].value == pytest.approx(mean(over_all))
        metric = metrics[f"auc_within:{name}"]
        assert (metric.value, metric.n) == (pytest.approx(mean(within)), len(within))
        assert 0 <= metric.low < metric.value < metric.high <= 1  # type: ignore[operator]


def test_scores_disagree_with_verdicts_where_the_wrong_one_is_likelier(block: Block) -> None:
    likelier_wrong = [
        wrong.likelihood > right.likelihood  # type: ignore[operator]
        for right, wrong in right_wrong_pairs(block[2])
        if right.question_id == wrong.question_id
    ]
    metric = measure_blocks(block)[DISAGREEMENT]
    assert metric.value == pytest.approx(mean(likelier_wrong))
    assert metric.n == len(likelier_wrong)
    assert compared(np.array([1.0, 2.0]), np.array([1.0, 3.0])) == (1.5, 2)


def test_blocks_change_nothing_and_gold_solutions_have_no_say(block: Block) -> None:
    questions, rationales, scores = block
    gold, gold_score = make_rationale(make_question("a"), "gold", 99, likelihood=1.0, origin=GOLD)
    blocks = []
    for names in ("abc", "defgh"):
        blocks.append(
            (
                [question for question in questions if question.id in names],
                [rationale for rationale in rationales if rationale.question_id in names],
                [score for score in scores if score.question_id in names],
            )
        )
    blocks[0][1].append(gold)
    blocks[0][2].append(gold_score)
    blocks[1][1].append(gold)  # without its score
    at_once, in_blocks = measure_blocks(block), measure_blocks(*blocks)
    assert list(at_once) == list(in_blocks)
    for name, metric in at_once.items():
        assert in_blocks[name].value == pytest.approx(metric.value)
        assert in_blocks[name].n == metric.n


def test_without_likelihoods_or_without_both_verdicts_there_is_no_metric() -> None:
    question = make_question("a")
    unscored = [
        make_rationale(question, "x", sample, stated=stated)
        for sample, stated in enumerate(["7", "8"])
    ]
    assert measure_blocks(block_of([question], unscored)) == {}
    all_right = [make_rationale(question, "x", sample, likelihood=0.5) for sample in range(3)]
    assert measure_blocks(block_of([question], all_right)) == {}
    with pytest.raises(ValueError, match="no such rationale"):
        measure_blocks(([question], [], [all_right[0][1]]))


def test_interval_of_a_pooled_share_agrees_with_a_bootstrap_over_questions() -> None:
    rng = np.random.default_rng(2)
    pairs_Q = rng.integers(1, 17, size=300)
    won_Q = rng.binomial(pairs_Q, rng.beta(3, 2, size=300)).astype(float)
    share = PairShare()
    for won, pairs in zip(won_Q, pairs_Q, strict=True):
        share.add(float(won), int(pairs))
    index = rng.integers(0, 300, size=(20_000, 300))
    shares = won_Q[index].sum(axis=1) / pairs_Q[index].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    expected = (won_Q.sum() / pairs_Q.sum(), low, high)
    assert share.interval() == pytest.approx(expected, abs=3e-3)
