"""Score quality against counting every pair of a right and a wrong rationale."""

import random
from dataclasses import replace
from statistics import mean

import numpy as np
import pytest

from collate.evaluation.score_quality import SCORES, PairShare, Separation, compared
from collate.tables import GOLD, Metric
from tests.evaluation.rows import Block, asked, random_block, written


def measured(*blocks: Block) -> dict[str, Metric]:
    separation = Separation(round=2)
    for block in blocks:
        separation.add(*block)
    metrics = separation.metrics()
    assert {(m.round, m.split, m.agent) for m in metrics} <= {(2, "train", "scorer")}
    return {m.name: m for m in metrics}


@pytest.fixture(scope="module")
def block() -> Block:
    questions, rationales, scores = random_block(random.Random(4), list("abcdefgh"), ["x", "y"], 6)
    rng = random.Random(5)
    uneven = [
        replace(
            s, sum_logprob=rng.choice([None, rng.random()]), lift=rng.random(),
            posterior=rng.random(),
        )
        for s in scores
    ]  # fmt: skip
    return questions, rationales, uneven


def test_auc_counts_pairs_over_all_and_within_questions(block: Block) -> None:
    found = measured(block)
    for name in SCORES:
        every, within = [], []
        for one in block[2]:
            for other in block[2]:
                a, b = getattr(one, name), getattr(other, name)
                if (one.verdict, other.verdict) == ("right", "wrong") and None not in (a, b):
                    every.append((a > b) + 0.5 * (a == b))
                    if one.question_id == other.question_id:
                        within.append(every[-1])
        assert found[f"auc:{name}"].value == pytest.approx(mean(every))
        metric = found[f"auc_within:{name}"]
        assert (metric.value, metric.n) == (pytest.approx(mean(within)), len(within))
        assert 0 <= metric.low < metric.value < metric.high <= 1  # type: ignore[operator]


def test_misranked_are_the_pairs_whose_wrong_one_is_likelier(block: Block) -> None:
    pairs = [
        (right.likelihood, wrong.likelihood)
        for right in block[2]
        for wrong in block[2]
        if right.question_id == wrong.question_id
        and (right.verdict, wrong.verdict) == ("right", "wrong")
    ]
    found = measured(block)["misranked"]
    assert found.value == pytest.approx(mean(wrong > right for right, wrong in pairs))  # type: ignore[operator]
    assert found.n == len(pairs)
    assert compared(np.array([1.0, 2.0]), np.array([1.0, 3.0])) == (1.5, 2)


def test_blocks_change_nothing_and_gold_solutions_have_no_say(block: Block) -> None:
    questions, rationales, scores = block
    extra, judged = written(asked("a"), "gold", 99, likelihood=1.0, source=GOLD)
    parts = []
    for names in ("abc", "defgh"):
        parts.append(
            (
                [q for q in questions if q.id in names],
                [r for r in rationales if r.question_id in names] + [extra],
                [s for s in scores if s.question_id in names],
            )
        )
    parts[0][2].append(judged)
    whole, pieces = measured(block), measured(*parts)
    assert list(whole) == list(pieces)
    for name, metric in whole.items():
        assert pieces[name].value == pytest.approx(metric.value)
        assert pieces[name].n == metric.n


def test_without_likelihoods_or_without_both_verdicts_nothing_is_said() -> None:
    rows = [written(asked("a"), "x", n, stated=stated) for n, stated in enumerate(["7", "8"])]
    assert measured(([asked("a")], [r for r, _ in rows], [s for _, s in rows])) == {}
    rows = [written(asked("a"), "x", n, likelihood=0.5) for n in range(3)]
    assert measured(([asked("a")], [r for r, _ in rows], [s for _, s in rows])) == {}
    with pytest.raises(ValueError, match="no such rationale"):
        measured(([asked("a")], [], [rows[0][1]]))


def test_interval_of_a_pooled_share_agrees_with_a_bootstrap_over_questions() -> None:
    rng = np.random.default_rng(2)
    pairs = rng.integers(1, 17, size=300)
    won = rng.binomial(pairs, rng.beta(3, 2, size=300)).astype(float)
    share = PairShare()
    for one, compared_pairs in zip(won, pairs, strict=True):
        share.add(float(one), int(compared_pairs))
    index = rng.integers(0, 300, size=(20_000, 300))
    drawn = won[index].sum(axis=1) / pairs[index].sum(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert share.interval() == pytest.approx((won.sum() / pairs.sum(), low, high), abs=3e-3)
