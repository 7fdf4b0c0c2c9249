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
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the edges the bound is exact, and rounding must not move it past.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return low, high


def bootstrap_mean(
    values_Q: ArrayLike, *, resamples: int, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Lower and upper bound of the mean of `values_Q`: percentiles over resampled questions.

    Raises ValueError for no values, values that are not finite, or no resamples.
    """
    tail = (1 - _checked(level)) / 2
    means = resampled_means(values_Q, resamples=resamples, rng=np.random.default_rng(seed))
    low, high = np.quantile(means, [tail, 1 - tail])
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
    distinct, counts = np.unique(values, return_counts=True)
    block = max(1, _BLOCK // distinct.size)
    sums = []
    for done in range(0, resamples, block):
        size = min(block, resamples - done)
        drawn = rng.multinomial(values.size, counts / values.size, size=size)
        sums.append(drawn @ distinct)
    return np.concatenate(sums) / values.size


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
        variance = max(0.0, self.squares - self.n * mean * mean) / (self.n - 1)
        quantile = float(stdtrit(self.n - 1, 0.5 + _checked(level) / 2))
        half = quantile * math.sqrt(variance / self.n)
        return Difference(mean, mean - half, mean + half)


def paired_bootstrap(
    ours_Q: ArrayLike, base_Q: ArrayLike, *, resamples: int, seed: int, level: float = 0.95
) -> Difference:
    """Mean of `ours_Q - base_Q` with its percentile bootstrap interval over questions.

    Both rows hold one number for each question, in the same order; a question is drawn with both of
    its numbers, so that what makes a question hard for both cancels (Efron & Tibshirani 1993, ch. 8
    and 13). Raises ValueError where the rows do not match.
    """
    ours, base = np.asarray(ours_Q, dtype=np.float64), np.asarray(base_Q, dtype=np.float64)
    if ours.shape != base.shape:
        raise ValueError(f"paired rows differ in shape: {ours.shape} and {base.shape}")
    low, high = bootstrap_mean(ours - base, resamples=resamples, seed=seed, level=level)
    return Difference(float(np.mean(ours - base)), low, high)


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Probability that one of `k` samples is right, given `correct` of `n` samples are.

    The unbiased estimator 1 - C(n - c, k) / C(n, k) (Chen et al. 2021, equation 1), in exact
    integers up to one division. Raises ValueError unless 1 <= k <= n and 0 <= correct <= n.
    """
    if not (1 <= k <= n and 0 <= correct <= n):
        raise ValueError(f"pass@{k} of {correct} right in {n}: expected 1 <= k <= n, 0 <= c <= n")
    ways = math.comb(n, k)
    return (ways - math.comb(n - correct, k)) / ways


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
    agents = len(n_K)
    each, extra = divmod(k, max(agents, 1))
    most = each + (extra > 0)
    counts = list(zip(n_K, correct_K, strict=True))
    if k < 1 or not counts or any(not (most <= n and 0 <= c <= n) for n, c in counts):
        raise ValueError(
            f"{k} samples split over agents with {list(correct_K)} right of {list(n_K)}: expected "
            f"at least {most} samples of each and 0 <= right <= samples"
        )
    failing = [1.0]
    for n, correct in counts:
        plain = math.comb(n - correct, each) / math.comb(n, each)
        more = math.comb(n - correct, most) / math.comb(n, most) if extra else 0.0
        shifted = [0.0, *(more * value for value in failing)]
        failing = [plain * a + b for a, b in zip([*failing, 0.0], shifted, strict=True)]
    return 1.0 - failing[extra] / math.comb(agents, extra)


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Chance that a score of a true label exceeds one of a false label, a tie counting half.

    The area under the ROC curve, which is the Mann-Whitney rank statistic over the number of pairs
    (Hanley & McNeil 1982). Scores that are NaN are left out with their labels; NaN comes back where
    either class is empty.
    """
    score, label = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
    if score.shape != label.shape:
        raise ValueError(f"scores and labels differ in shape: {score.shape} and {label.shape}")
    known = ~np.isnan(score)
    positive, negative = score[known & label], score[known & ~label]
    if positive.size == 0 or negative.size == 0:
        return math.nan
    negative = np.sort(negative)
    below = np.searchsorted(negative, positive, side="left")
    up_to = np.searchsorted(negative, positive, side="right")
    return float((below + up_to).sum() / (2 * positive.size * negative.size))


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level={level}: expected a number between 0 and 1")
    return level
