"""How a turn of a model ends: which tokens stop it, which texts, and which token we write.

Engines stop at these, the scorer takes their probability as the end of an answer, and texts that
the model did not write itself (solutions, stated answers) get `end_id` behind them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collate.models.chat import PLAIN_FRAME_STOP


@dataclass(frozen=True, slots=True)
class Stopping:
    """What ends a model's turn.

    `end_id` is the token that ends a turn which the model is taught or shown; None where the model
    has none. `stop_ids` are all tokens at which generation stops, `end_id` among them. `stop_texts`
    end generation too, as texts; only models without a chat template have any.
    """

    end_id: int | None
    stop_ids: frozenset[int]
    stop_texts: tuple[str, ...]


def stopping_of(folder: Path | str, tokenizer: Any) -> Stopping:
    """How turns of the model of a folder end; `tokenizer` is that model's.

    Stop tokens are the tokenizer's end-of-sequence token and those of the folder's generation
    settings, since chat models often have their end-of-turn token only in the latter.
    """
    end_id: int | None = tokenizer.eos_token_id
    stop_ids = set() if end_id is None else {end_id}
    stop_ids |= _generation_stop_ids(Path(folder))
    has_template = tokenizer.chat_template is not None
    return Stopping(end_id, frozenset(stop_ids), () if has_template else (PLAIN_FRAME_STOP,))


def _generation_stop_ids(folder: Path) -> set[int]:
    from transformers import GenerationConfig

    if not (folder / "generation_config.json").is_file():
        return set()
    # One id, a list of ids, or None.
    stop_ids = GenerationConfig.from_pretrained(folder).eos_token_id
    return {stop_ids} if isinstance(stop_ids, int) else set(stop_ids or [])
