"""Models and tokenizers in memory, for scoring and tuning (torch) and for rendering prompts."""

from pathlib import Path
from typing import Any


def load_tokenizer(folder: Path | str, *, trust_remote_code: bool = False) -> Any:
    """The tokenizer of a model folder."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=trust_remote_code)


def device() -> str:
    """The device that torch work goes to in this process."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def load_causal_lm(folder: Path | str, *, dtype: str, trust_remote_code: bool = False) -> Any:
    """The model of a folder on this process's device, in eval mode.

    `dtype` auto is bfloat16 on a GPU and float32 on a CPU, where bfloat16 is emulated on most
    processors.
    """
    import torch
    from transformers import AutoModelForCausalLM

    if dtype == "auto":
        dtype = "bfloat16" if device() == "cuda" else "float32"
    model: Any = AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype=getattr(torch, dtype),
        attn_implementation="sdpa",
        trust_remote_code=trust_remote_code,
    )
    return model.to(device()).eval()
