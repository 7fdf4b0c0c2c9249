"""One answer's token log-probabilities as one number, and a gold answer's odds among options.

Four numbers are of one answer alone (`NORMALISATIONS`). The fifth is the posterior over a
question's options,

    p(gold | question, rationale, options) = exp(s_gold) / sum over options o of exp(s_o)

where s_o is the log-probability of stating option o after the rationale, summed over its tokens,
end included. What all options have in common, such as the probability of the form itself, cancels
out. Nothing here imports torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from collate.tables import Question

NORMALISATIONS = {
    "sum": "sum_logprob",
    "mean_log": "mean_logprob",
    "geometric": "geometric",
    "mean_prob": "mean_prob",
}
"""Which number of an `AnswerLikelihood` each choice of `scoring.normalisation` names."""

POSTERIOR = "posterior"
"""The choice of `scoring.normalisation` that is not a number of one answer alone."""


@dataclass(frozen=True, slots=True)
class AnswerLikelihood:
    """Four normalisations of one answer's token log-probabilities, the end included.

    `sum_logprob` and `mean_logprob` are in nats; `geometric` is exp(mean_logprob), the geometric
    mean of the token probabilities; `mean_prob` is their arithmetic mean (RLPR), so that one
    unlikely token cannot drive it to zero.
    """

    sum_logprob: float
    mean_logprob: float
    geometric: float
    mean_prob: float

    @classmethod
    def of(cls, logprob_T: Sequence[float]) -> "AnswerLikelihood":
        """From one answer's token log-probabilities in nats, at least one."""
        sum_logprob = math.fsum(logprob_T)
        mean_logprob = sum_logprob / len(logprob_T)
        mean_prob = math.fsum(math.exp(logprob) for logprob in logprob_T) / len(logprob_T)
        return cls(sum_logprob, mean_logprob, math.exp(mean_logprob), mean_prob)


def stated_options(kind: str, question: Question) -> tuple[str, ...]:
    """What may be stated as the answer to a question; nothing where it has no options.

    Those of a multiple choice are its letters, as its gold answer is one. Raises ValueError where
    the gold answer is none of them.
    """
    options: tuple[str, ...] = ()
    if kind == "choice":
        options = tuple(ascii_uppercase[: len(question.options)])
    elif kind == "boolean":
        options = ("yes", "no")
    if options and question.gold not in options:
        raise ValueError(
            f"question {question.id}: its gold answer {question.gold[:80]!r} is none of its "
            f"options, {', '.join(options)}"
        )
    return options


def posterior(likelihood_O: Sequence[AnswerLikelihood], gold_option: int) -> float:
    """The probability of option number `gold_option` among all, from 0 to 1."""
    logprob_O = [likelihood.sum_logprob for likelihood in likelihood_O]
    highest = max(logprob_O)  # subtracted, so that no exponential underflows
    weight_O = [math.exp(logprob - highest) for logprob in logprob_O]
    return weight_O[gold_option] / math.fsum(weight_O)
