"""Examples of tuning for the tests, and their sides."""

from collections.abc import Sequence
from typing import Any

from collate.tables import CHOSEN, REJECTED


def example(
    prompt_ids: Sequence[int],
    chosen_ids: Sequence[int],
    rejected_ids: Sequence[int] | None = None,
    question_id: str = "q",
) -> dict[str, Any]:
    """An example of a chosen completion, and of a rejected one unless there is none."""
    completions = {CHOSEN: list(chosen_ids)}
    if rejected_ids is not None:
        completions[REJECTED] = list(rejected_ids)
    return {
        "question_id": question_id,
        "prompt_ids": list(prompt_ids),
        "roles": list(completions),
        "completion_ids": list(completions.values()),
    }


def completion_of(row: dict[str, Any], role: str) -> list[int]:
    """The tokens of an example's completion."""
    ids: list[int] = row["completion_ids"][row["roles"].index(role)]
    return ids


def chosen_alone(row: dict[str, Any]) -> dict[str, Any]:
    """The example without what it rejects."""
    return example(row["prompt_ids"], completion_of(row, CHOSEN), None, row["question_id"])


def as_trl_has_it(row: dict[str, Any]) -> dict[str, Any]:
    """The example under the names of TRL's columns."""
    return {
        "prompt_ids": row["prompt_ids"],
        "chosen_ids": completion_of(row, CHOSEN),
        "rejected_ids": completion_of(row, REJECTED),
    }
