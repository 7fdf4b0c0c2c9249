"""Judging rationales: the verifier, and the likelihood of the gold answer.

The likelihood needs torch, which is imported only when its names are asked for, so that judging
alone (and the child process it runs in) stays light.
"""

from typing import TYPE_CHECKING, Any

from collate.scoring.stage import score_rationales, take_baselines
from collate.scoring.verifier import Judgement, Verifier

if TYPE_CHECKING:
    from collate.scoring.likelihood import AnswerLikelihood, LikelihoodScorer

__all__ = [
    "AnswerLikelihood",
    "Judgement",
    "LikelihoodScorer",
    "Verifier",
    "score_rationales",
    "take_baselines",
]


def __getattr__(name: str) -> Any:
    if name not in ("AnswerLikelihood", "LikelihoodScorer"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from collate.scoring import likelihood

    return getattr(likelihood, name)
