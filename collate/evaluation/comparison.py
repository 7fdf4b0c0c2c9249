"""Arms of a comparison against each other, and what difference the numbers could detect.

An arm is a run with its settings, repeated under several seeds; every run answers the same
questions, so each arm is an array `_S_Q` of right (1) or wrong (0) by seed and question, or of
means over several samples. Two things vary: which questions were drawn, the same for all seeds and
arms, and how training went, anew for each run.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

from collate.evaluation.statistics import Difference, resampled_means

Array = NDArray[np.float64]


def paired_difference(
    arm_S_Q: ArrayLike, reference_R_Q: ArrayLike, *, resamples: int, seed: int, level: float = 0.95
) -> Difference:
    """Mean of the arm minus mean of the reference, with a bootstrap interval.

    The interval is over questions and seeds. A replicate draws questions with replacement, each
    with the answers of every run to it, so that what makes a question hard for all cancels; and,
    for each arm by itself, seeds with replacement. Their effects add up. (Drawing rows and columns
    of one table, Owen 2007, would count the noise of single answers up to three times.)

    The draws of seeds follow Davison & Hinkley 1997, section 3.8, on hierarchical data: the means
    of the runs differ also because each answer is noisy, which the draw of questions has in it
    already. So their deviations are shrunk to the variance between seeds that an analysis of
    variance finds, pooled over both arms, and corrected for being few: by sqrt(S / (S - 1)), and by
    Student's against the normal quantile at as many degrees of freedom as both arms have. With one
    seed the interval is over questions alone, and says nothing of another training run.

    Arms may have different numbers of seeds: an untrained base has one. Raises ValueError where the
    arrays are not (seeds, questions) over the same questions, or not finite.
    """
    arm, reference = _checked(arm_S_Q), _checked(reference_R_Q)
    if arm.shape[1] != reference.shape[1]:
        raise ValueError(
            f"arms answer {arm.shape[1]} and {reference.shape[1]} questions: expected the same"
        )
    rng = np.random.default_rng(seed)
    difference_Q = arm.mean(axis=0) - reference.mean(axis=0)
    replicates = resampled_means(difference_Q, resamples=resamples, rng=rng)
    seed_scale = _seed_scale((arm, reference), level)
    # Each arm draws its seeds by itself: run 1 of one arm has nothing in common with run 1 of
    # another but the number, where the questions are the same for both.
    if seed_scale > 0:
        replicates = replicates + _seed_effects(arm, seed_scale, resamples, rng)
        replicates = replicates - _seed_effects(reference, seed_scale, resamples, rng)
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return Difference(float(difference_Q.mean()), float(low), float(high))


def mean_over_seeds(
    arm_S_Q: ArrayLike, *, resamples: int, seed: int, level: float = 0.95
) -> Difference:
    """Accuracy of an arm with its interval over questions and seeds, as `paired_difference` has it.

    The interval is cut to [0, 1], which few and unlike seeds would leave.
    """
    arm = _checked(arm_S_Q)
    # Against a reference that is wrong everywhere the difference is the accuracy itself. One run of
    # it has no degrees of freedom, so the pooled variance between seeds is the arm's alone.
    zero_reference = np.zeros((1, arm.shape[1]))
    accuracy, low, high = paired_difference(
        arm, zero_reference, resamples=resamples, seed=seed, level=level
    )
    return Difference(accuracy, max(0.0, low), min(1.0, high))


def compare_arms(
    arms: Mapping[str, ArrayLike], reference: str, *, resamples: int, seed: int
) -> dict[str, Difference]:
    """The paired difference of every other arm from the arm `reference`, by name.

    Raises KeyError where no arm has that name, ValueError as `paired_difference` does.
    """
    reference_S_Q = arms[reference]
    return {
        arm_name: paired_difference(arm, reference_S_Q, resamples=resamples, seed=seed)
        for arm_name, arm in arms.items()
        if arm_name != reference
    }


def seed_spread(arm_S_Q: ArrayLike) -> float:
    """Standard deviation of accuracy between seeds, without the noise of single answers.

    The estimate of a two-way analysis of variance with random effects, sqrt((MS_seed - MS_rest) /
    Q) or 0 where that is negative; 0 for one seed or one question, which say nothing of it.
    """
    observed_variance, noise_variance = _between_seeds(_checked(arm_S_Q))
    return math.sqrt(max(0.0, observed_variance - noise_variance))


def detectable_difference(
    *,
    n_questions: int,
    n_seeds: int,
    base_accuracy: float,
    correlation: float,
    seed_spread: float = 0.0,
    power: float = 0.8,
    level: float = 0.05,
) -> float:
    """The smallest gain over `base_accuracy` that is found with probability `power`.

    Two arms of `n_seeds` runs each answer the same `n_questions`; found means that the two-sided
    test at `level` of their paired difference rejects, d = (z_(1 - level/2) + z_power) se(d) with
    the standard error at that difference. Two answers to one question by different runs correlate
    by `correlation`, of the same arm or not. With v = p (1 - p) of each arm and S seeds,

        Q var(d) = (v_0 + v_1) (1 + (S - 1) rho) / S - 2 rho sqrt(v_0 v_1),

    which for one seed and small d is the share of discordant questions, 2 v (1 - rho), in McNemar's
    test (Connor 1987). `seed_spread` is the standard deviation of accuracy from training run to
    training run and adds 2 spread^2 / S, which no number of questions takes away. A gain, as a
    share; inf where even getting everything right would not be found.

    Raises ValueError for numbers that cannot be.
    """
    if n_questions < 1 or n_seeds < 1 or seed_spread < 0:
        raise ValueError(
            f"{n_questions} questions, {n_seeds} seeds, spread {seed_spread}: expected at least "
            "one of each and no negative spread"
        )
    if not (0 < base_accuracy < 1 and 0 <= correlation < 1 and 0 < level < 1 and 0.5 <= power < 1):
        raise ValueError(
            f"base_accuracy={base_accuracy}, correlation={correlation}, level={level}, "
            f"power={power}: expected shares, correlation below 1 and power of at least a half"
        )
    # How many standard errors a gain must be away from zero.
    required_errors = float(ndtri(1 - level / 2) + ndtri(power))
    base_variance = base_accuracy * (1 - base_accuracy)
    within_arm = (1 + (n_seeds - 1) * correlation) / n_seeds

    def excess(gain: float) -> float:
        # Rounding may leave 1 - p a hair below zero.
        arm_variance = max(0.0, (base_accuracy + gain) * (1 - base_accuracy - gain))
        covariance = correlation * math.sqrt(base_variance * arm_variance)
        question_variance = (base_variance + arm_variance) * within_arm - 2 * covariance
        variance = question_variance / n_questions + 2 * seed_spread**2 / n_seeds
        return gain - required_errors * math.sqrt(variance)

    # The standard error depends on the gain through v_1, so the gain is the root of an equation.
    # The excess is negative at 0, and there is a root unless it is negative at the other end too.
    largest_gain = 1 - base_accuracy
    return math.inf if excess(largest_gain) < 0 else float(brentq(excess, 0.0, largest_gain))


def _between_seeds(arm_S_Q: Array) -> tuple[float, float]:
    """Variance of a run's mean between seeds, and how much of it single answers account for."""
    n_seeds, n_questions = arm_S_Q.shape
    if n_seeds < 2 or n_questions < 2:
        return 0.0, 0.0
    run_mean_S = arm_S_Q.mean(axis=1, keepdims=True)
    question_mean_Q = arm_S_Q.mean(axis=0, keepdims=True)
    # What neither the run nor the question explains is the noise of single answers.
    residual_squares = ((arm_S_Q - run_mean_S - question_mean_Q + arm_S_Q.mean()) ** 2).sum()
    noise_variance = residual_squares / ((n_seeds - 1) * (n_questions - 1)) / n_questions
    return float(run_mean_S.var(ddof=1)), float(noise_variance)


def _seed_scale(arms: Sequence[Array], level: float) -> float:
    """What deviations of runs are multiplied by, so that drawing them gives the seeds' own part."""
    freedom_A = np.array([len(arm) - 1 for arm in arms])
    variances_A_2 = np.array([_between_seeds(arm) for arm in arms])
    # Weighted sums: dividing by the degrees of freedom would cancel in the ratio below.
    observed_variance, noise_variance = freedom_A @ variances_A_2
    # The seeds differ no more than noisy answers do, which the draw of questions has already.
    if observed_variance <= noise_variance:
        return 0.0
    upper_tail = 0.5 + level / 2
    student_factor = stdtrit(int(freedom_A.sum()), upper_tail) / ndtri(upper_tail)
    seed_share = (observed_variance - noise_variance) / observed_variance
    return float(student_factor * math.sqrt(seed_share))


def _seed_effects(arm_S_Q: Array, scale: float, resamples: int, rng: np.random.Generator) -> Array:
    """Change of the arm's mean from drawing its seeds anew, one for each resample."""
    n_seeds = len(arm_S_Q)
    run_mean_S = arm_S_Q.mean(axis=1)
    # Deviations from a mean of the same few runs are too small by sqrt((S - 1) / S).
    small_sample = math.sqrt(n_seeds / max(n_seeds - 1, 1))
    deviation_S = (run_mean_S - run_mean_S.mean()) * scale * small_sample
    times_drawn_R_S = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=resamples)
    return times_drawn_R_S @ deviation_S / n_seeds


def _checked(arm_S_Q: ArrayLike) -> Array:
    arm = np.asarray(arm_S_Q, dtype=np.float64)
    if arm.ndim != 2 or arm.size == 0 or not np.isfinite(arm).all():
        raise ValueError(f"expected finite numbers by seed and question, found shape {arm.shape}")
    return arm
