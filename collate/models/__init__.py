"""A model's name -> a folder of safetensors -> tokens and tensors."""

from collate.models.chat import before_stop, render, stop_texts
from collate.models.folder import folder_digest, model_problems, prepare_model
from collate.models.loading import BaseModel, load_causal_lm, load_tokenizer

__all__ = [
    "BaseModel",
    "before_stop",
    "folder_digest",
    "load_causal_lm",
    "load_tokenizer",
    "model_problems",
    "prepare_model",
    "render",
    "stop_texts",
]
