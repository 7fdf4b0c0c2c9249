"""What follows a prompt when an answer is scored, as tokens that know where the answer begins.

See `likelihood.py` for the seam between rationale, marker and answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Continuation:
    """Token ids after a prompt: the first `rationale_tokens` lie wholly in the rationale, the last
    `answer_tokens` carry the gold answer, and the marker is between them."""

    ids: tuple[int, ...]
    rationale_tokens: int
    answer_tokens: int


class ContinuationEncoder:
    """Turns rationale, marker and gold answer into token ids that know where the answer begins."""

    def __init__(self, tokenizer: Any, marker: str) -> None:
        self._tokenizer = tokenizer
        self._marker = marker

    def encode(self, leads: Sequence[str], answers: Sequence[str]) -> list[Continuation]:
        """One `Continuation` for each lead (a rationale and its line end) and its gold answer."""
        if not leads:
            return []
        if not self._tokenizer.is_fast:
            return [self._apart(*pair) for pair in zip(leads, answers, strict=True)]
        pairs = zip(leads, answers, strict=True)
        encoded = self._tokenizer(
            [f"{lead}{self._marker} {answer}" for lead, answer in pairs],
            add_special_tokens=False,
            split_special_tokens=True,
            return_offsets_mapping=True,
        )
        return [self._located(lead, encoded, i) for i, lead in enumerate(leads)]

    def _located(self, lead: str, encoded: Any, i: int) -> Continuation:
        gold_start = len(lead) + len(self._marker) + 1
        ends = [end for _, end in encoded["offset_mapping"][i]]
        return Continuation(
            ids=tuple(encoded["input_ids"][i]),
            rationale_tokens=sum(end < len(lead) for end in ends),
            answer_tokens=sum(end > gold_start for end in ends),
        )

    def _apart(self, lead: str, answer: str) -> Continuation:
        lead_ids, marker_ids, answer_ids = (
            self._tokenizer.convert_tokens_to_ids(
                self._tokenizer.tokenize(text, split_special_tokens=True)
            )
            for text in (lead, self._marker, f" {answer}")
        )
        ids = (*lead_ids, *marker_ids, *answer_ids)
        return Continuation(ids, len(lead_ids), len(answer_ids))


def lead_of(rationale: str) -> str:
    """A rationale with its line end, as it stands before the marker; nothing for a blank one."""
    if not rationale.strip():
        return ""
    return rationale if rationale.endswith("\n") else f"{rationale}\n"
