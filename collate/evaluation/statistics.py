"""Intervals and estimators behind the numbers of a run. Pure functions of arrays.

Proportions get Wilson's score interval, differences between two sets of answers to the same
questions a paired bootstrap, means of a stream Student's interval, samples the unbiased pass@k, and
a score the area under its ROC curve.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

BOOTSTRAP_RESAMPLES = 10_000
"""Of every bootstrap interval that is shown: the third digit of a bound is steady from here on."""

# Entries of a block of bootstrap counts: 32 MB of int64, whatever the number of questions.
_BLOCK = 4_000_000


class Difference(NamedTuple):
    """A mean difference and its interval, in the unit of what was compared."""

    value: float
    low: float
    high: float


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927), without continuity correction.

    Nothing observed says nothing: `n == 0` gives (0, 1). Raises ValueError for impossible counts.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}: expected 0 <= successes <= n")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + _checked(level) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half_width = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the edges the bound is exact, and rounding must not move it past.
    low = 0.0 if successes == 0 else centre - half_width
    high = 1.0 if successes == n else centre + half_width
    return low, high


def bootstrap_mean(
    values_Q: ArrayLike, *, resamples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Lower and upper bound of the mean of `values_Q`: percentiles over resampled questions.

    Raises ValueError for no values, values that are not finite, or no resamples.
    """
    tail = (1 - _checked(level)) / 2
    rng = np.random.default_rng(seed)
    replicate_means = resampled_means(values_Q, resamples=resamples, rng=rng)
    low, high = np.quantile(replicate_means, [tail, 1 - tail])
    return float(low), float(high)


def resampled_means(
    values_Q: ArrayLike, *, resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Means of `resamples` bootstrap samples of `values_Q`, as `bootstrap_mean` draws them."""
    values = np.asarray(values_Q, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"expected a row of finite numbers, found shape {values.shape}")
    if resamples < 1:
        raise ValueError(f"resamples={resamples}: expected at least 1")
    # A resample's mean depends only on how often each distinct value was drawn, and those counts
    # are multinomial. Drawing the counts gives the bootstrap distribution itself, at a cost that
    # grows with the distinct values (three for the difference of two verdicts), not the questions.
    distinct_values, value_counts = np.unique(values, return_counts=True)
    value_shares = value_counts / values.size
    block_size = max(1, _BLOCK // distinct_values.size)
    replicate_sums = []
    for done_count in range(0, resamples, block_size):
        resample_count = min(block_size, resamples - done_count)
        times_drawn = rng.multinomial(values.size, value_shares, size=resample_count)
        replicate_sums.append(times_drawn @ distinct_values)
    return np.concatenate(replicate_sums) / values.size


@dataclass(slots=True)
class RunningMean:
    """A mean over questions of which only sums are kept, for tables that come in blocks."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.n += 1
        self.total += value
        self.squares += value * value

    def interval(self, level: float = 0.95) -> Difference:
        """The mean with Student's t interval; no width where one value says nothing of spread.

        Raises ValueError where nothing was added.
        """
        if self.n == 0:
            raise ValueError("a mean of nothing")
        mean = self.total / self.n
        if self.n == 1:
            return Difference(mean, mean, mean)
        # Rounding may leave the sum of squared deviations a hair below zero.
        variance = max(0.0, self.squares - self.n * mean * mean) / (self.n - 1)
        student_quantile = float(stdtrit(self.n - 1, 0.5 + _checked(level) / 2))
        half_width = student_quantile * math.sqrt(variance / self.n)
        return Difference(mean, mean - half_width, mean + half_width)


def paired_bootstrap(
    ours_Q: ArrayLike, base_Q: ArrayLike, *, resamples: int, seed: int, level: float = 0.95
) -> Difference:
    """Mean of `ours_Q - base_Q` with its percentile bootstrap interval over questions.

    Both rows hold one number for each question, in the same order; a question is drawn with both of
    its numbers, so that what makes a question hard for both cancels (Efron & Tibshirani 1993, ch. 8
    and 13). Raises ValueError where the rows do not match.
    """
    our_values = np.asarray(ours_Q, dtype=np.float64)
    base_values = np.asarray(base_Q, dtype=np.float64)
    # NumPy would broadcast a row of one number instead of refusing it.
    if our_values.shape != base_values.shape:
        raise ValueError(f"paired rows differ in shape: {our_values.shape} and {base_values.shape}")
    difference_Q = our_values - base_values
    low, high = bootstrap_mean(difference_Q, resamples=resamples, seed=seed, level=level)
    return Difference(float(np.mean(difference_Q)), low, high)


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Probability that one of `k` samples is right, given `correct` of `n` samples are.

    The unbiased estimator 1 - C(n - c, k) / C(n, k) (Chen et al. 2021, equation 1), in exact
    integers up to one division. Raises ValueError unless 1 <= k <= n and 0 <= correct <= n.
    """
    if not (1 <= k <= n and 0 <= correct <= n):
        raise ValueError(f"pass@{k} of {correct} right in {n}: expected 1 <= k <= n, 0 <= c <= n")
    n_draws = math.comb(n, k)
    return (n_draws - math.comb(n - correct, k)) / n_draws


def split_pass_at_k(n_K: Sequence[int], correct_K: Sequence[int], k: int) -> float:
    """Probability that one of `k` samples is right that are split evenly over the agents.

    Agent a has `correct_K[a]` right of `n_K[a]` samples. With k = mK + r, every agent gives m and r
    agents, drawn at random, one more. A draw of m from one agent fails with probability
    f(m) = C(n - c, m) / C(n, m), without bias for (1 - p)^m (Chen et al. 2021, equation 1). Agents
    are sampled independently, so that the product of their f is without bias for the failure of
    all, and so is its mean over the choices of r agents: the coefficient of z^r in
    prod_a (f_a(m) + z f_a(m + 1)), over C(K, r). With one agent this is `pass_at_k`.

    For agents of success p_a it tends to 1 - (prod_a (1 - p_a))^(k/K), which is never below the
    mean over agents of 1 - (1 - p_a)^k (arithmetic against geometric mean), and equal to it only
    where all have the same p. Raises ValueError where an agent has too few samples.
    """
    n_agents = len(n_K)
    samples_each, agents_with_more = divmod(k, max(n_agents, 1))
    most_samples = samples_each + (agents_with_more > 0)
    counts = list(zip(n_K, correct_K, strict=True))
    is_possible = [most_samples <= n and 0 <= correct <= n for n, correct in counts]
    if k < 1 or not counts or not all(is_possible):
        raise ValueError(
            f"{k} samples split over agents with {list(correct_K)} right of {list(n_K)}: expected "
            f"at least {most_samples} samples of each and 0 <= right <= samples"
        )
    # The product of the docstring as the list of its coefficients by the power of z, multiplied by
    # one agent's factor after the other.
    coefficients = [1.0]
    for n, correct in counts:
        fails_each = math.comb(n - correct, samples_each) / math.comb(n, samples_each)
        fails_one_more = 0.0
        if agents_with_more:
            fails_one_more = math.comb(n - correct, most_samples) / math.comb(n, most_samples)
        times_z = [0.0, *(fails_one_more * coefficient for coefficient in coefficients)]
        coefficients = [
            fails_each * without_z + with_z
            for without_z, with_z in zip([*coefficients, 0.0], times_z, strict=True)
        ]
    return 1.0 - coefficients[agents_with_more] / math.comb(n_agents, agents_with_more)


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Chance that a score of a true label exceeds one of a false label, a tie counting half.

    The area under the ROC curve, which is the Mann-Whitney rank statistic over the number of pairs
    (Hanley & McNeil 1982). Scores that are NaN are left out with their labels; NaN comes back where
    either class is empty.
    """
    score_N, label_N = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
    if score_N.shape != label_N.shape:
        raise ValueError(f"scores and labels differ in shape: {score_N.shape} and {label_N.shape}")
    is_known_N = ~np.isnan(score_N)
    positive_scores = score_N[is_known_N & label_N]
    negative_scores = score_N[is_known_N & ~label_N]
    if positive_scores.size == 0 or negative_scores.size == 0:
        return math.nan
    # A binary search for each positive instead of a table of all pairs, which may not fit in
    # memory. The two ends of a run of ties average to half a win for each tie.
    negative_scores = np.sort(negative_scores)
    below_count = np.searchsorted(negative_scores, positive_scores, side="left")
    up_to_count = np.searchsorted(negative_scores, positive_scores, side="right")
    n_pairs = positive_scores.size * negative_scores.size
    return float((below_count + up_to_count).sum() / (2 * n_pairs))


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level={level}: expected a number between 0 and 1")
    return level
