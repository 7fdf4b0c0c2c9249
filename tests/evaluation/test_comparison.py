"""Differences between arms against slow resampling, and what they promise over many trials."""

import math

import numpy as np
import pytest
from scipy import stats

from collate.evaluation.comparison import (
    compare_arms,
    detectable_difference,
    mean_over_seeds,
    paired_difference,
    seed_spread,
)
from collate.evaluation.statistics import paired_bootstrap

Rng = np.random.Generator


def runs(
    rng: Rng, accuracy: float, difficulty_Q: np.ndarray, *, seeds: int, rho: float, spread: float
) -> np.ndarray:
    """Right or wrong by seed and question: a threshold on a latent normal, as in probit models."""
    noise = rng.normal(size=(seeds, len(difficulty_Q)))
    latent = math.sqrt(rho) * difficulty_Q + math.sqrt(1 - rho) * noise
    threshold = stats.norm.ppf(accuracy)
    threshold_S = threshold + rng.normal(size=(seeds, 1)) * spread / stats.norm.pdf(threshold)
    return (latent < threshold_S).astype(float)


def test_one_seed_is_the_paired_bootstrap_over_questions() -> None:
    rng = np.random.default_rng(0)
    arm, base = rng.random((1, 200)) < 0.5, rng.random((1, 200)) < 0.4
    difference = paired_difference(arm, base, resamples=4000, seed=1)
    expected = paired_bootstrap(arm[0], base[0], resamples=4000, seed=1)
    assert difference == pytest.approx(tuple(expected), abs=1e-12)


def test_seeds_widen_the_interval_by_their_own_part() -> None:
    """Against the same two draws made with indices, and a spread that is worked out by hand."""
    rng = np.random.default_rng(3)
    arm = (rng.random((4, 300)) < np.array([[0.4], [0.5], [0.6], [0.7]])).astype(float)
    base = (rng.random((1, 300)) < 0.5).astype(float)
    difference = paired_difference(arm, base, resamples=40_000, seed=5)
    mean_S = arm.mean(axis=1)
    residuals = arm - mean_S[:, None] - arm.mean(axis=0) + arm.mean()
    variance = np.var(mean_S, ddof=1) - (residuals**2).sum() / (3 * 299) / 300
    assert seed_spread(arm) == pytest.approx(math.sqrt(variance))
    student = stats.t.ppf(0.975, 3) / stats.norm.ppf(0.975)
    effect_S = (mean_S - mean_S.mean()) * student * math.sqrt(variance / np.var(mean_S))
    difference_Q = arm.mean(axis=0) - base[0]
    question_draws = rng.integers(0, 300, size=(40_000, 300))
    seed_draws = rng.integers(0, 4, size=(40_000, 4))
    means = difference_Q[question_draws].mean(axis=1) + effect_S[seed_draws].mean(axis=1)
    assert difference.value == pytest.approx(float(arm.mean() - base.mean()))
    bounds = tuple(np.quantile(means, [0.025, 0.975]))
    assert difference[1:] == pytest.approx(bounds, abs=4e-3)


def test_an_arm_against_itself_and_all_arms_against_one() -> None:
    arm = (np.random.default_rng(1).random((3, 50)) < 0.5).astype(float)
    arms = {"base": arm[:1], "dpo": arm, "sft": 1 - arm}
    differences = compare_arms(arms, "base", resamples=500, seed=0)
    assert list(differences) == ["dpo", "sft"]
    assert differences["dpo"].value == pytest.approx(arm.mean() - arm[0].mean())
    assert differences["dpo"] == paired_difference(arm, arm[:1], resamples=500, seed=0)
    with pytest.raises(KeyError):
        compare_arms({"dpo": arm}, "base", resamples=500, seed=0)
    opposite = paired_difference(arm[:1], arm, resamples=500, seed=0)
    assert opposite.value == pytest.approx(-differences["dpo"].value)
    accuracy = mean_over_seeds(arm, resamples=2000, seed=0)
    assert accuracy.value == pytest.approx(arm.mean())
    assert accuracy.low < accuracy.value < accuracy.high


@pytest.mark.parametrize(
    ("arm", "base"),
    [([[1, 0]], [[1]]), ([1, 0], [[1, 0]]), ([[math.nan, 0]], [[1, 0]]), ([[]], [[]])],
)
def test_what_cannot_be_paired_is_refused(arm: list[list[float]], base: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="expected"):
        paired_difference(arm, base, resamples=10, seed=0)


@pytest.mark.parametrize(
    ("seeds", "spread"), [(1, 0.0), (3, 0.0), (3, 0.03), (3, 0.1), (5, 0.1), (2, 0.1)]
)
def test_nineteen_of_twenty_intervals_hold_the_truth(seeds: int, spread: float) -> None:
    rng, trials, hits = np.random.default_rng(7), 250, 0
    for trial in range(trials):
        difficulty = rng.normal(size=200)
        settings = {"seeds": seeds, "rho": 0.5, "spread": spread}
        base = runs(rng, 0.40, difficulty, **settings)  # type: ignore[arg-type]
        arm = runs(rng, 0.47, difficulty, **settings)  # type: ignore[arg-type]
        difference = paired_difference(arm, base, resamples=500, seed=trial)
        hits += difference.low <= 0.07 <= difference.high
    # Three standard errors of a share of 250 below 95 %.
    assert hits / trials > 0.95 - 3 * math.sqrt(0.95 * 0.05 / trials)


def test_spread_between_seeds_is_estimated_without_the_noise_of_answers() -> None:
    rng = np.random.default_rng(1)
    squares = []
    for _ in range(300):
        arm = runs(rng, 0.5, rng.normal(size=150), seeds=5, rho=0.4, spread=0.06)
        squares.append(seed_spread(arm) ** 2)
    assert math.sqrt(np.mean(squares)) == pytest.approx(0.06, rel=0.15)
    assert seed_spread([[1, 0, 1]]) == seed_spread([[1], [0]]) == 0.0


def test_uncorrelated_arms_need_what_the_textbook_formula_says() -> None:
    gain = detectable_difference(n_questions=400, n_seeds=1, base_accuracy=0.3, correlation=0.0)
    arm, z = 0.3 + gain, stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    questions = (z / gain) ** 2 * (0.3 * 0.7 + arm * (1 - arm))
    assert questions == pytest.approx(400)


def test_one_seed_agrees_with_mcnemar_by_discordant_questions() -> None:
    """Connor 1987: n = (z_a sqrt(psi) + z_b sqrt(psi - d^2))^2 / d^2, psi the discordant share."""
    gain = detectable_difference(n_questions=2000, n_seeds=1, base_accuracy=0.5, correlation=0.6)
    psi = 2 * 0.5 * 0.5 * (1 - 0.6)
    z_a, z_b = stats.norm.ppf(0.975), stats.norm.ppf(0.8)
    questions = (z_a * math.sqrt(psi) + z_b * math.sqrt(psi - gain**2)) ** 2 / gain**2
    assert questions == pytest.approx(2000, rel=0.02)


def correlation_of(rho: float, low: float, high: float) -> float:
    """Correlation of two indicators that are thresholds of normals with correlation rho."""
    thresholds = [stats.norm.ppf(low), stats.norm.ppf(high)]
    both = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf(thresholds)
    return (both - low * high) / math.sqrt(low * (1 - low) * high * (1 - high))


@pytest.mark.parametrize(("seeds", "spread"), [(1, 0.0), (3, 0.0), (3, 0.02)])
def test_the_detectable_difference_is_detected_as_often_as_its_power_says(
    seeds: int, spread: float
) -> None:
    rho = 0.6
    correlation = correlation_of(rho, 0.4, 0.47)
    gain = detectable_difference(
        n_questions=300, n_seeds=seeds, base_accuracy=0.4, correlation=correlation,
        seed_spread=spread,
    )  # fmt: skip
    rng, gains = np.random.default_rng(0), []
    for _ in range(1500):
        difficulty = rng.normal(size=300)
        settings = {"seeds": seeds, "rho": rho, "spread": spread}
        arm = runs(rng, 0.4 + gain, difficulty, **settings)  # type: ignore[arg-type]
        base = runs(rng, 0.4, difficulty, **settings)  # type: ignore[arg-type]
        gains.append(arm.mean() - base.mean())
    # The test at known variance, which is what the formula speaks of.
    detected = np.mean(np.abs(gains) > stats.norm.ppf(0.975) * np.std(gains))
    assert np.mean(gains) == pytest.approx(gain, abs=0.004)
    assert detected == pytest.approx(0.8, abs=0.04)


def test_more_of_anything_detects_less_and_seeds_have_a_floor() -> None:
    def detectable(n_questions: int = 500, n_seeds: int = 3, **other: float) -> float:
        settings = {"base_accuracy": 0.4, "correlation": 0.5} | other
        return detectable_difference(n_questions=n_questions, n_seeds=n_seeds, **settings)

    assert detectable(2000) < detectable() < detectable(100)
    assert detectable(n_seeds=9) < detectable() < detectable(n_seeds=1)
    assert detectable(correlation=0.8) < detectable() < detectable(correlation=0.0)
    assert detectable(power=0.5) < detectable() < detectable(power=0.95)
    floor = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * 0.02 * math.sqrt(2 / 3)
    assert detectable(10**9, seed_spread=0.02) == pytest.approx(floor, rel=1e-3)
    assert detectable(3, base_accuracy=0.9, correlation=0.0) == math.inf
    assert detectable(10, 1, base_accuracy=0.1) < 0.9


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_questions": 0}, {"n_seeds": 0}, {"seed_spread": -0.1}, {"base_accuracy": 0.0},
        {"base_accuracy": 1.0}, {"correlation": 1.0}, {"power": 0.3}, {"level": 1.0},
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    settings = {"n_questions": 10, "n_seeds": 1, "base_accuracy": 0.5, "correlation": 0.5} | wrong
    with pytest.raises(ValueError, match="expected"):
        detectable_difference(**settings)  # type: ignore[arg-type]
