"""All that is read off the text of one rationale: the judgement of its answer, and its flags.

This is what the verifier's child processes run, so that no other process reads what a model wrote.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from collate.answers.flags import flags_of
from collate.answers.judging import Judgement, gave_up, judge_text


@dataclass(frozen=True)
class Review:
    """The judgement of a rationale and its flags (the words of `flags.py`)."""

    judgement: Judgement
    flags: tuple[str, ...] = ()


def review_request(request: list[Any]) -> list[Any]:
    """What the child processes run: arguments of `judge_text` and the question's text (None where
    no flags are asked for) in, the fields of a `Review` out."""
    kind, marker, text, gold, options, languages, question = request
    judgement = judge_text(kind, marker, text, gold, options, languages)
    flags: Sequence[str] = ()
    if question is not None:
        flags = flags_of(
            text, question=question, gold=gold, options=options, judgement=judgement, kind=kind,
            marker=marker, languages=languages,
        )  # fmt: skip
    return [astuple(judgement), flags]


def review_of(result: list[Any]) -> Review:
    """The review whose fields a child process sent."""
    judgement, flags = result
    return Review(Judgement(*judgement), tuple(flags))


def review_given_up(limit: str) -> Review:
    """The review of a rationale that met a limit."""
    return Review(gave_up(limit))
