"""A model's name -> a folder of safetensors -> tokens and tensors."""

from collate.models.chat import render, stop_texts
from collate.models.folder import folder_digest, model_problems, prepare_model
from collate.models.load import BaseModel, load_causal_lm, load_tokenizer

__all__ = [
    "BaseModel",
    "folder_digest",
    "load_causal_lm",
    "load_tokenizer",
    "model_problems",
    "prepare_model",
    "render",
    "stop_texts",
]
