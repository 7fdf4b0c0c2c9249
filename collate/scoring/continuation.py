"""What follows a prompt when an answer is scored, as tokens that know where the answer begins.

See `likelihood.py` for the seam between rationale, marker and answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from collate.models.text_tokens import REASONING_MARKS, TextEncoder


@dataclass(frozen=True, slots=True)
class Continuation:
    """Token ids after a prompt: the first `rationale_tokens` lie wholly in the rationale, the last
    `answer_tokens` carry the answer, and the marker is between them."""

    ids: tuple[int, ...]
    rationale_tokens: int
    answer_tokens: int

    def without_end_of_rationale(self, tokens: int) -> tuple[int, ...]:
        """The ids without the last so many tokens of the rationale."""
        kept_tokens = self.rationale_tokens - tokens
        return (*self.ids[:kept_tokens], *self.ids[self.rationale_tokens :])


class ContinuationEncoder:
    """Turns rationale, marker and answer into token ids that know where the answer begins."""

    def __init__(self, tokenizer: Any, marker: str) -> None:
        self._tokenizer = tokenizer
        self._marker = marker
        self._encoder = TextEncoder(tokenizer, allowed=REASONING_MARKS)

    def encode(self, rationale_texts: Sequence[str], answers: Sequence[str]) -> list[Continuation]:
        """A `Continuation` for each rationale, with its line end (see `with_line_end`), and answer.

        The texts and answers are parallel.
        """
        if not rationale_texts:
            return []
        texts_and_answers = list(zip(rationale_texts, answers, strict=True))
        # Only fast tokenizers say which characters a token covers.
        if not self._tokenizer.is_fast:
            return [self._in_parts(text, answer) for text, answer in texts_and_answers]
        encoded = self._tokenizer(
            [f"{text}{self._marker} {answer}" for text, answer in texts_and_answers],
            add_special_tokens=False,
            split_special_tokens=True,
            return_offsets_mapping=True,
        )
        return [
            # Some control tokens are matched in spite of split_special_tokens.
            self._in_parts(text, answer)
            if self._encoder.control_ids(token_ids)
            else self._located(text, token_ids, offsets)
            for (text, answer), token_ids, offsets in zip(
                texts_and_answers, encoded["input_ids"], encoded["offset_mapping"], strict=True
            )
        ]

    def _located(
        self, rationale_text: str, token_ids: Sequence[int], offsets: Sequence[tuple[int, int]]
    ) -> Continuation:
        # One more for the space between marker and answer.
        answer_start = len(rationale_text) + len(self._marker) + 1
        token_ends = [end for _, end in offsets]
        return Continuation(
            ids=tuple(token_ids),
            # A token that ends where the rationale does may hold its line end and more.
            rationale_tokens=sum(end < len(rationale_text) for end in token_ends),
            answer_tokens=sum(end > answer_start for end in token_ends),
        )

    def _in_parts(self, rationale_text: str, answer: str) -> Continuation:
        rationale_ids = self._encoder.ids(rationale_text)
        answer_ids = self._encoder.ids(f" {answer}")
        token_ids = (*rationale_ids, *self._encoder.ids(self._marker), *answer_ids)
        return Continuation(token_ids, len(rationale_ids), len(answer_ids))


def with_line_end(rationale: str) -> str:
    """A rationale with its line end, as it stands before the marker; nothing for a blank one."""
    if not rationale.strip():
        return ""
    return rationale if rationale.endswith("\n") else f"{rationale}\n"
