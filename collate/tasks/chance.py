"""What guessing gets: the line that a table of accuracies is read against."""

from collections.abc import Sequence
from statistics import fmean

from collate.tables import Question


def chance_level(questions: Sequence[Question], answer_kind: str) -> float | None:
    """The expected accuracy of a uniform guess, from 0 to 1, or None where it is not known.

    For `choice` the mean of 1 / number of options over the questions (None where a question keeps
    its options in its text), for `boolean` one half. Numbers and texts have no such level.
    """
    if not questions:
        return None
    if answer_kind == "boolean":
        return 0.5
    if answer_kind != "choice" or not all(question.options for question in questions):
        return None
    return fmean(1 / len(question.options) for question in questions)
