"""All that is read off the text of one rationale: the judgement of its answer, steps and flags.

This is what the verifier's child processes run, so that no other process reads what a model wrote.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from collate.answers.flags import flags_of
from collate.answers.judging import Judgement, gave_up, judge_text
from collate.answers.steps import check_steps


@dataclass(frozen=True)
class Review:
    """The judgement of a rationale, its flags (the words of `flags.py`), and how many of its steps
    are true, false and unreadable (`steps/`)."""

    judgement: Judgement
    flags: tuple[str, ...] = ()
    true_steps: int = 0
    false_steps: int = 0
    unreadable_steps: int = 0


def review_request(request: list[Any]) -> list[Any]:
    """What the child processes run: arguments of `judge_text` and the question's text in, the
    fields of a `Review` out. Without a question (None) only the answer is judged."""
    kind, marker, text, gold, options, languages, question = request
    judgement = judge_text(kind, marker, text, gold, options, languages)
    if question is None:
        return [astuple(judgement)]
    steps = check_steps(text)
    flags: Sequence[str] = flags_of(
        text, question=question, gold=gold, options=options, judgement=judgement,
        false_steps=steps.false, kind=kind, marker=marker, languages=languages,
    )  # fmt: skip
    return [astuple(judgement), flags, steps.true, steps.false, steps.unreadable]


def review_of(result: list[Any]) -> Review:
    """The review whose fields a child process sent."""
    judgement, *rest = result
    if not rest:
        return Review(Judgement(*judgement))
    flags, *counts = rest
    return Review(Judgement(*judgement), tuple(flags), *counts)


def review_given_up(limit: str) -> Review:
    """The review of a rationale that met a limit."""
    return Review(gave_up(limit))
