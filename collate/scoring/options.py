"""The posterior over the options of a question with options.

    p(gold | question, rationale, options) = exp(s_gold) / sum over options o of exp(s_o)

where s_o is the log-probability of stating option o after the rationale, end included: summed over
its tokens, or their mean (`scoring.posterior_of`). What all options have in common, such as the
probability of the form itself, cancels out.
"""

import math
from collections.abc import Sequence
from string import ascii_uppercase

from collate.scoring.normalisation import NORMALISATIONS, AnswerLikelihood
from collate.tables import Question


def stated_options(kind: str, question: Question) -> tuple[str, ...]:
    """What may be stated as the answer to a question; nothing where it has no options.

    Those of a multiple choice are its letters, as its gold answer is one. Raises ValueError where
    the gold answer is none of them.
    """
    stated: tuple[str, ...] = ()
    if kind == "choice":
        stated = tuple(ascii_uppercase[: len(question.options)])
    elif kind == "boolean":
        stated = ("yes", "no")
    if stated and question.gold not in stated:
        raise ValueError(
            f"question {question.id}: its gold answer {question.gold[:80]!r} is none of its "
            f"options, {', '.join(stated)}"
        )
    return stated


def posterior(likelihood_O: Sequence[AnswerLikelihood], gold: int, *, of: str) -> float:
    """The probability of option number `gold` among all, from 0 to 1."""
    logprob_O = [getattr(likelihood, NORMALISATIONS[of]) for likelihood in likelihood_O]
    highest = max(logprob_O)
    weight_O = [math.exp(logprob - highest) for logprob in logprob_O]
    return weight_O[gold] / math.fsum(weight_O)
