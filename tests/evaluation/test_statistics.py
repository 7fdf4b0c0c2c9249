"""Estimators and intervals against scipy, full enumeration and slow loops."""

import itertools
import math
from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from collate.evaluation.statistics import (
    Difference,
    RunningMean,
    auc,
    bootstrap_mean,
    paired_bootstrap,
    pass_at_k,
    split_pass_at_k,
    wilson,
)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 50), (50, 50), (3, 7), (61, 500)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_wilson_agrees_with_scipy(successes: int, n: int, level: float) -> None:
    reference = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert wilson(successes, n, level) == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("successes", "n", "level"), [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0), (1, 5, 0.0)]
)
def test_wilson_refuses_the_impossible(successes: int, n: int, level: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        wilson(successes, n, level)


def test_bootstrap_has_the_distribution_of_all_resamples() -> None:
    ours, base = np.array([1, 1, 0, 1, 1.0]), np.array([0, 1, 1, 0, 0.0])
    every_mean = np.array([np.mean(drawn) for drawn in product(ours - base, repeat=5)])
    for level in (0.5, 0.9, 0.95):
        tail = (1 - level) / 2
        exact = np.quantile(every_mean, [tail, 1 - tail], method="inverted_cdf")
        difference = paired_bootstrap(ours, base, resamples=200_000, seed=3, level=level)
        assert difference.value == pytest.approx(0.4)
        assert difference[1:] == pytest.approx(tuple(exact), abs=1e-9)


def test_paired_bootstrap_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    base = rng.random(300) < 0.3
    ours = np.where(rng.random(300) < 0.2, ~base, base)
    reference = stats.bootstrap(
        (ours.astype(float), base.astype(float)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        paired=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    difference = paired_bootstrap(ours, base, resamples=20_000, seed=2)
    # Means move in steps of 1/300; two independent bootstraps agree to about one step.
    assert difference[1:] == pytest.approx((reference.low, reference.high), abs=1.01 / 300)
    assert difference.low < difference.value < difference.high


def test_bootstrap_of_many_distinct_values_agrees_with_drawing_indices() -> None:
    values = np.random.default_rng(5).normal(2.0, 1.0, size=400)
    index = np.random.default_rng(6).integers(0, 400, size=(20_000, 400))
    bounds = tuple(np.quantile(values[index].mean(axis=1), [0.025, 0.975]))
    assert bootstrap_mean(values, resamples=20_000, seed=7) == pytest.approx(bounds, abs=6e-3)


def test_bootstrap_is_a_function_of_its_seed_and_not_of_the_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(5).integers(-1, 2, size=200)
    whole = bootstrap_mean(values, resamples=999, seed=1)
    assert whole != bootstrap_mean(values, resamples=999, seed=2)
    monkeypatch.setattr("collate.evaluation.statistics._BLOCK", 100)
    assert whole == bootstrap_mean(values, resamples=999, seed=1)


def test_a_difference_that_is_the_same_everywhere_has_no_width() -> None:
    assert paired_bootstrap([1, 1], [0, 0], resamples=10, seed=0) == Difference(1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("ours", "base", "resamples"),
    [([1, 0], [1], 10), ([], [], 10), ([1, math.nan], [0, 0], 10), ([1], [0], 0)],
)
def test_bootstrap_refuses_what_it_cannot_pair(
    ours: list[float], base: list[float], resamples: int
) -> None:
    with pytest.raises(ValueError):
        paired_bootstrap(ours, base, resamples=resamples, seed=0)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_pass_at_k_is_the_share_of_subsets_with_a_right_one(n: int) -> None:
    for correct, k in product(range(n + 1), range(1, n + 1)):
        subsets = list(combinations([True] * correct + [False] * (n - correct), k))
        assert pass_at_k(n, correct, k) == pytest.approx(
            sum(any(drawn) for drawn in subsets) / len(subsets), abs=1e-15
        )


def test_pass_at_k_is_stable_for_many_samples() -> None:
    # The product form of Chen et al. 2021, listing 1.
    product_form = 1.0 - np.prod(1.0 - 100 / np.arange(2000 - 3 + 1, 2000 + 1))
    assert pass_at_k(2000, 3, 100) == pytest.approx(product_form, rel=1e-9)


@pytest.mark.parametrize(("n", "correct", "k"), [(4, 1, 0), (4, 1, 5), (4, 5, 1), (4, -1, 1)])
def test_pass_at_k_refuses_the_impossible(n: int, correct: int, k: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        pass_at_k(n, correct, k)


def slow_split(n_K: tuple[int, ...], correct_K: tuple[int, ...], k: int) -> float:
    """Share of all ways to draw k samples evenly, agents that give one more included."""
    each, extra = divmod(k, len(n_K))
    rows = [[True] * c + [False] * (n - c) for n, c in zip(n_K, correct_K, strict=True)]
    by_choice = []
    for chosen in combinations(range(len(n_K)), extra):
        draws = [combinations(row, each + (a in chosen)) for a, row in enumerate(rows)]
        solved = [any(itertools.chain(*drawn)) for drawn in product(*draws)]
        by_choice.append(sum(solved) / len(solved))
    return sum(by_choice) / len(by_choice)


@pytest.mark.parametrize("n_K", [(4,), (3, 3), (2, 4), (2, 3, 3), (2, 2, 2, 2)])
def test_split_pass_at_k_is_the_share_of_all_even_draws(n_K: tuple[int, ...]) -> None:
    for correct_K in product(*(range(n + 1) for n in n_K)):
        for k in range(1, len(n_K) * min(n_K) + 1):
            expected = slow_split(n_K, correct_K, k)
            assert split_pass_at_k(n_K, correct_K, k) == pytest.approx(expected, abs=1e-12)
            if len(n_K) == 1:
                assert pass_at_k(n_K[0], correct_K[0], k) == pytest.approx(expected)


def test_split_pass_at_k_is_without_bias() -> None:
    """Its mean over all outcomes of sampling, weighted by their probability, is the truth."""
    n, p_K = 3, (0.2, 0.9)
    for k, truth in ((2, 1 - 0.8 * 0.1), (3, 1 - (0.8**2 * 0.1 + 0.8 * 0.1**2) / 2)):
        expectation = sum(
            split_pass_at_k((n, n), correct, k)
            * math.prod(stats.binom.pmf(c, n, p) for c, p in zip(correct, p_K, strict=True))
            for correct in product(range(n + 1), repeat=2)
        )
        assert expectation == pytest.approx(truth, abs=1e-12)


@pytest.mark.parametrize(
    ("n_K", "correct_K", "k"),
    [((2, 2), (0, 0), 5), ((2, 2), (0, 3), 2), ((1, 2), (0, 0), 3), ((), (), 1), ((2,), (1,), 0)],
)
def test_split_pass_at_k_refuses_the_impossible(
    n_K: tuple[int, ...], correct_K: tuple[int, ...], k: int
) -> None:
    with pytest.raises(ValueError, match="expected at least"):
        split_pass_at_k(n_K, correct_K, k)


def test_running_mean_is_students_interval() -> None:
    values = np.random.default_rng(3).normal(-40.0, 2.0, size=25)
    running = RunningMean()
    with pytest.raises(ValueError, match="nothing"):
        running.interval()
    running.add(values[0])
    assert running.interval() == Difference(values[0], values[0], values[0])
    for value in values[1:]:
        running.add(value)
    expected = stats.t.interval(0.9, 24, values.mean(), stats.sem(values))
    assert running.interval(0.9) == pytest.approx((values.mean(), *expected), rel=1e-9)


def test_auc_counts_ordered_pairs_with_ties_half() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.integers(0, 6, size=60).astype(float), rng.random(60) < 0.4
    wins = [
        1.0 if right > wrong else 0.5 if right == wrong else 0.0
        for right in scores[labels]
        for wrong in scores[~labels]
    ]
    assert auc(scores, labels) == pytest.approx(sum(wins) / len(wins), abs=1e-12)
    statistic = stats.mannwhitneyu(scores[labels], scores[~labels]).statistic
    assert auc(scores, labels) == pytest.approx(statistic / len(wins), abs=1e-12)


def test_auc_leaves_out_missing_scores_and_needs_both_classes() -> None:
    assert auc([0.1, math.nan, 0.9], [False, True, True]) == 1.0
    assert math.isnan(auc([0.1, 0.2], [True, True]))
    with pytest.raises(ValueError, match="shape"):
        auc([0.1, 0.2], [True])
