"""One question of a run, whole: what every agent wrote for it, and which pairs came of it."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from collate.console.text import one_line, visible
from collate.tables import RIGHT, UNKNOWN, WRONG, Question

_RANK = {RIGHT: 0, UNKNOWN: 1, WRONG: 2}


def best_first(rationales: pd.DataFrame) -> pd.DataFrame:
    """Scored rationales from best to worst: by verdict, then by the likelihood of the gold answer.

    What was not scored comes last. The index is the place in the given frame.
    """
    order = pd.DataFrame(
        {
            "verdict": rationales["verdict"].map(_RANK).astype(float),
            "likelihood": -rationales["likelihood"].astype(float),
            "id": rationales["id"],
        }
    )
    return rationales.loc[order.sort_values(["verdict", "likelihood", "id"]).index]


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
        asked = self.question
        lines = [f"{asked.id}  {asked.task}, {asked.split}", "", visible(asked.text)]
        lines += [f"  ({chr(65 + n)}) {visible(option)}" for n, option in enumerate(asked.options)]
        lines += [f"gold answer: {visible(asked.gold)}"]
        for row in self.rationales.itertuples():
            lines += ["", f"── {row.agent}, round {row.round}, sample {row.sample}: {judged(row)}"]
            lines += [visible(str(row.text)).strip()]
        if len(self.pairs):
            lines += ["", "pairs (chosen > rejected, or chosen alone)"]
        for row in self.pairs.itertuples():
            lines += [f"  round {row.round}, for {row.agent}: {_paired(row)}"]
        greedy = self.answers[self.answers["sample"] == 0]
        if len(greedy):
            lines += ["", "greedy answers in evaluation"]
        for row in greedy.itertuples():
            stated = "states no answer" if pd.isna(row.stated) else one_line(str(row.stated), 40)
            lines += [f"  round {row.round}, {row.agent}: {stated}, {row.verdict}"]
        return "\n".join(lines)


def _paired(row: Any) -> str:
    """Who wrote the two sides of a pair, by which rule it came, and how the texts begin."""
    chosen = one_line(str(row.chosen_text), 40)
    if pd.isna(row.rejected_id):
        return f"{row.chosen_agent}, {row.rule}: {chosen!r}"
    rejected = one_line(str(row.rejected_text), 40)
    return (
        f"{row.chosen_agent} > {row.rejected_agent}, {row.rule}, margin {row.margin:.3f}: "
        f"{chosen!r} > {rejected!r}"
    )


def judged(row: object) -> str:
    """What verifier and scorer say of one rationale, from a row of scored rationales."""
    verdict, likelihood = getattr(row, "verdict", None), getattr(row, "likelihood", None)
    if not isinstance(verdict, str):
        return "not scored yet"
    marks = "".join(f", {mark}" for mark in getattr(row, "marks", ()))
    if likelihood is None or pd.isna(likelihood):
        return verdict + marks
    lift = getattr(row, "lift", None)
    change = "" if lift is None or pd.isna(lift) else f" ({lift:+.3f} by the rationale)"
    return f"{verdict}{marks}, likelihood {likelihood:.3f}{change}"
