"""One question of a run, whole: what every agent wrote for it, and what was preferred to what."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from collate.answers.flags import FALSE_STEP
from collate.answers.steps import false_steps_in
from collate.console.text import one_line, visible
from collate.tables import RIGHT, UNKNOWN, WRONG, Question

MOST_STEPS = 3
"""False steps of a rationale that are named."""

_VERDICT_RANKS = {RIGHT: 0, UNKNOWN: 1, WRONG: 2}


def best_first(rationales: pd.DataFrame) -> pd.DataFrame:
    """Scored rationales from best to worst: by verdict, then by the likelihood of the gold answer.

    What was not scored comes last. Rows keep the index that they have in the given frame.
    """
    sort_keys = pd.DataFrame(
        {
            "verdict": rationales["verdict"].map(_VERDICT_RANKS).astype(float),
            "likelihood": -rationales["likelihood"].astype(float),
            "id": rationales["id"],  # so that ties have the same order on every machine
        }
    )
    return rationales.loc[sort_keys.sort_values(["verdict", "likelihood", "id"]).index]


@dataclass(frozen=True)
class QuestionView:
    """A question with its rationales (scored, best first), its pairs and its evaluated answers.

    `str()` of it is a page to read in a terminal or a notebook.
    """

    question: Question
    rationales: pd.DataFrame
    pairs: pd.DataFrame
    answers: pd.DataFrame

    def __str__(self) -> str:
        lines = self._question_lines()
        for row in self.rationales.itertuples():
            verdict = verdict_text(row)
            lines += ["", f"── {row.writer}, round {row.round}, sample {row.sample}: {verdict}"]
            lines += [visible(str(row.text)).strip()]
        if len(self.pairs):
            lines += ["", "preferences (chosen > rejected, or chosen alone)"]
        for row in self.pairs.itertuples():
            lines += [f"  round {row.round}, for {row.agent}: {_pair_text(row)}"]
        greedy_answers = self.answers[self.answers["sample"] == 0]
        if len(greedy_answers):
            lines += ["", "greedy answers in evaluation"]
        for row in greedy_answers.itertuples():
            stated_text = "states no answer"
            if not pd.isna(row.stated):
                stated_text = one_line(str(row.stated), 40)
            lines += [f"  round {row.round}, {row.writer}: {stated_text}, {row.verdict}"]
        return "\n".join(lines)

    def _question_lines(self) -> list[str]:
        question = self.question
        lines = [f"{question.id}  {question.task}, {question.split}", "", visible(question.text)]
        for number, option in enumerate(question.options):
            lines.append(f"  ({chr(ord('A') + number)}) {visible(option)}")
        return [*lines, f"gold answer: {visible(question.gold)}"]


def _pair_text(row: Any) -> str:
    """Who wrote the two sides of a pair, by which rule it came, and how the texts begin."""
    chosen_text = one_line(str(row.chosen_text), 40)
    if pd.isna(row.rejected_id):
        return f"{row.chosen_writer}, {row.rule}: {chosen_text!r}"
    rejected_text = one_line(str(row.rejected_text), 40)
    return (
        f"{row.chosen_writer} > {row.rejected_writer}, {row.rule}, margin {row.margin:.3f}: "
        f"{chosen_text!r} > {rejected_text!r}"
    )


def verdict_text(row: Any) -> str:
    """What verifier and scorer say of a rationale, from its row as `itertuples` gives it.

    For example `right, only the answer, likelihood 0.913 (+0.412 by the rationale)`; false steps
    stand behind their flag, `wrong, a false step (9 * 2 = 19)`.
    """
    # A missing text in a frame is NaN, which is true in a condition.
    if not isinstance(row.verdict, str):
        return "not scored yet"
    flags = [
        f"{flag}{_false_steps(row.text)}" if flag == FALSE_STEP else flag for flag in row.flags
    ]
    flagged_verdict = ", ".join([row.verdict, *flags])
    if pd.isna(row.likelihood):
        return flagged_verdict
    lift_text = "" if pd.isna(row.lift) else f" ({row.lift:+.3f} by the rationale)"
    return f"{flagged_verdict}, likelihood {row.likelihood:.3f}{lift_text}"


def _false_steps(text: str) -> str:
    """The false steps of a rationale in brackets; nothing where a later version finds none."""
    steps = [one_line(step, 60) for step in false_steps_in(text)[:MOST_STEPS]]
    return f" ({'; '.join(steps)})" if steps else ""
