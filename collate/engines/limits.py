"""Where a completion ends, and how its tokens read: one rule for every engine."""

from collections.abc import Sequence

from collate.engines.protocol import Completion, Request
from collate.errors import EngineError
from collate.models.chat import before_stop
from collate.models.loading import load_tokenizer, max_positions
from collate.models.stopping import stopping_of


class Limits:
    """How far the completions of one model may go.

    `max_length` is the longest prompt and completion together, in tokens: the configured one, or
    the model's own where that is smaller. `stopping` says what ends a completion before.
    """

    def __init__(self, model_folder: str, max_length: int, *, trust_remote_code: bool):
        positions = max_positions(model_folder, trust_remote_code=trust_remote_code)
        self.max_length = min(max_length, positions or max_length)
        self.tokenizer = load_tokenizer(model_folder, trust_remote_code=trust_remote_code)
        self.stopping = stopping_of(model_folder, self.tokenizer)
        # A token is at least a byte, so that a stop text and a token before it fit into this many.
        stop_bytes = [len(text.encode()) for text in self.stopping.stop_texts]
        self._tail_tokens = max(stop_bytes, default=0) + 1

    def room(self, request: Request) -> int:
        """Tokens that may be written: `max_tokens`, or what `max_length` leaves of it."""
        free_positions = self.max_length - len(request.prompt_ids)
        if free_positions < 1 or not request.prompt_ids:
            raise EngineError(
                f"request {request.key} has a prompt of {len(request.prompt_ids)} tokens; 1 to "
                f"{self.max_length - 1} are possible (engine.max_length, or the model's own limit)"
            )
        return min(request.max_tokens, free_positions)

    def is_complete(self, token_ids: Sequence[int]) -> bool:
        """Whether the last of the tokens ended the completion."""
        if token_ids[-1] in self.stopping.stop_ids:
            return True
        if not self.stopping.stop_texts:
            return False
        tail = self._decode(token_ids[-self._tail_tokens :])
        return any(text in tail for text in self.stopping.stop_texts)

    def completion(self, request: Request, token_ids: Sequence[int], logprob: float) -> Completion:
        """The completion that a request's sampled tokens make."""
        ends_in_stop = bool(token_ids) and token_ids[-1] in self.stopping.stop_ids
        whole_text = self._decode(token_ids[:-1] if ends_in_stop else token_ids)
        text = before_stop(whole_text, self.stopping.stop_texts)
        return Completion(
            key=request.key,
            token_ids=tuple(token_ids),
            text=text,
            finish_reason="stop" if ends_in_stop or text != whole_text else "length",
            logprob=logprob,
        )

    def _decode(self, token_ids: Sequence[int]) -> str:
        # No cleaning up: it removes spaces before punctuation that the model did write.
        text: str = self.tokenizer.decode(
            list(token_ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text
