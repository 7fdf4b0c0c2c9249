"""Intervals and estimators behind the numbers of a run. Pure functions of arrays.

Proportions get Wilson's score interval, differences between two sets of answers to the same
questions a paired bootstrap, samples the unbiased pass@k, and a score the area under its ROC curve.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

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
    """Percentile bootstrap interval of the mean of `values_Q`, resampling questions.

    A resample's mean depends only on how often each distinct value was drawn, and those counts are
    multinomial. Drawing the counts gives the bootstrap distribution itself at a cost that grows
    with the distinct values (three for the difference of two verdicts), not with the questions.
    Raises ValueError for no values, values that are not finite, or no resamples.
    """
    values = np.asarray(values_Q, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"expected a row of finite numbers, found shape {values.shape}")
    if resamples < 1:
        raise ValueError(f"resamples={resamples}: expected at least 1")
    distinct, counts = np.unique(values, return_counts=True)
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // distinct.size)
    means = np.concatenate(
        [
            rng.multinomial(values.size, counts / values.size, size=min(block, resamples - done))
            @ distinct
            for done in range(0, resamples, block)
        ]
    )
    tail = (1 - _checked(level)) / 2
    low, high = np.quantile(means / values.size, [tail, 1 - tail])
    return float(low), float(high)


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


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Chance that a score of a true label exceeds one of a false label, a tie counting half.

    The area under the ROC curve, which is the Mann-Whitney rank statistic over the number of pairs
    (Hanley & McNeil 1982). Scores that are NaN are left
    out with their labels; NaN comes back where either class is empty.
    """
    score, label = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
    if score.shape != label.shape:
        raise ValueError(f"scores and labels differ in shape: {score.shape} and {label.shape}")
    kept = ~np.isnan(score)
    positive, negative = score[kept & label], score[kept & ~label]
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
