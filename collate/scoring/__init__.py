"""Judging rationales: the verifier, the marks, and the likelihood of the gold answer.

Every name is loaded when it is asked for: the likelihood needs torch and the stage needs pyarrow,
and neither belongs into the child processes that read model text.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collate.scoring.alarm import unknown_warning
    from collate.scoring.judging import Judgement
    from collate.scoring.likelihood import LikelihoodScorer
    from collate.scoring.marks import count_marks
    from collate.scoring.normalisation import AnswerLikelihood
    from collate.scoring.stage import score_rationales
    from collate.scoring.verifier import Verifier

__all__ = [
    "AnswerLikelihood",
    "Judgement",
    "LikelihoodScorer",
    "Verifier",
    "count_marks",
    "score_rationales",
    "unknown_warning",
]

_HOMES = {
    "AnswerLikelihood": "normalisation",
    "Judgement": "judging",
    "LikelihoodScorer": "likelihood",
    "Verifier": "verifier",
    "count_marks": "marks",
    "score_rationales": "stage",
    "unknown_warning": "alarm",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
