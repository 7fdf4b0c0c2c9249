"""One answer's token log-probabilities as one number: four ways of it. Imports no torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

NORMALISATIONS = {
    "sum": "sum_logprob",
    "mean_log": "mean_logprob",
    "geometric": "geometric",
    "mean_prob": "mean_prob",
}
"""Which number of an `AnswerLikelihood` each choice of `ScoringConfig.normalisation` names, and of
`posterior_of`; the fifth choice, posterior, is not a number of one answer alone."""


@dataclass(frozen=True, slots=True)
class AnswerLikelihood:
    """Four normalisations of one answer's token log-probabilities, the end included.

    `sum_logprob` and `mean_logprob` are in nats; `geometric` is exp(mean_logprob), the geometric
    mean of the token probabilities; `mean_prob` is their arithmetic mean (RLPR), which one odd
    token cannot bring to nought.
    """

    sum_logprob: float
    mean_logprob: float
    geometric: float
    mean_prob: float

    @classmethod
    def of(cls, logprob_T: Sequence[float]) -> "AnswerLikelihood":
        """From one answer's token log-probabilities in nats, at least one."""
        total = math.fsum(logprob_T)
        mean = total / len(logprob_T)
        mean_prob = math.fsum(math.exp(logprob) for logprob in logprob_T) / len(logprob_T)
        return cls(total, mean, math.exp(mean), mean_prob)
