"""Models: their names, their folders of safetensors, how they chat, how their weights are read."""

from collate.models.chat import before_stop, render
from collate.models.folder import folder_digest
from collate.models.loading import BaseModel, load_causal_lm, load_tokenizer

__all__ = [
    "BaseModel",
    "before_stop",
    "folder_digest",
    "load_causal_lm",
    "load_tokenizer",
    "render",
]
