"""Where a completion ends, and how its tokens read: one rule for every engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import AutoConfig, GenerationConfig

from collate.engines.protocol import Completion, Request
from collate.errors import EngineError
from collate.models import before_stop, load_tokenizer, stop_texts


class Limits:
    """Stop tokens, stop texts, room for tokens, and decoding, for the model of a folder.

    `stop_ids` are the end-of-sequence tokens of the tokenizer and of the generation config (chat
    models often have an end-of-turn token only in the latter). `stop_texts` are for models without
    a chat template. `max_length` is the configured one, or the model's own where that is smaller.
    """

    def __init__(self, model_folder: str, max_length: int, *, trust_remote_code: bool):
        settings = AutoConfig.from_pretrained(model_folder, trust_remote_code=trust_remote_code)
        positions = getattr(settings.get_text_config(), "max_position_embeddings", None)
        self.max_length = min(max_length, positions or max_length)
        self.tokenizer = load_tokenizer(model_folder, trust_remote_code=trust_remote_code)
        self.stop_ids = stop_ids(model_folder, self.tokenizer)
        self.stop_texts = stop_texts(self.tokenizer)
        longest = max((len(text.encode()) for text in self.stop_texts), default=0)
        self._tail = longest + 1

    def room(self, request: Request) -> int:
        """Tokens that may be written: `max_tokens`, or what `max_length` leaves of it."""
        room = self.max_length - len(request.prompt_ids)
        if room < 1 or not request.prompt_ids:
            raise EngineError(
                f"request {request.key} has a prompt of {len(request.prompt_ids)} tokens; 1 to "
                f"{self.max_length - 1} are possible (engine.max_length, or the model's own limit)"
            )
        return min(request.max_tokens, room)

    def ends_with_stop_text(self, token_ids: Sequence[int]) -> bool:
        """Whether one of the last tokens completed a stop text; a token is at least a byte."""
        if not self.stop_texts:
            return False
        tail = self._decode(token_ids[-self._tail :])
        return any(text in tail for text in self.stop_texts)

    def completion(self, request: Request, token_ids: Sequence[int], logprob: float) -> Completion:
        """The completion that a request's sampled tokens make."""
        stopped = bool(token_ids) and token_ids[-1] in self.stop_ids
        text = self._decode(token_ids[:-1] if stopped else token_ids)
        kept = before_stop(text, self.stop_texts)
        return Completion(
            key=request.key,
            token_ids=tuple(token_ids),
            text=kept,
            finish_reason="stop" if stopped or kept != text else "length",
            logprob=logprob,
        )

    def _decode(self, token_ids: Sequence[int]) -> str:
        return self.tokenizer.decode(
            list(token_ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )


def stop_ids(model_folder: str, tokenizer: Any) -> frozenset[int]:
    """Ids of the tokens that end a completion; empty for a model that names none."""
    ids: set[int] = set()
    if tokenizer.eos_token_id is not None:
        ids.add(tokenizer.eos_token_id)
    if (Path(model_folder) / "generation_config.json").is_file():
        eos = GenerationConfig.from_pretrained(model_folder).eos_token_id
        ids.update([eos] if isinstance(eos, int) else eos or [])
    return frozenset(ids)
