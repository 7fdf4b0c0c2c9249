"""Models and tokenizers in memory, for scoring and tuning (torch) and for rendering prompts."""

from functools import cached_property
from pathlib import Path
from typing import Any

from collate.models.stopping import Stopping, stopping_of
from collate.models.weights import ResolvedModel


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

    model: Any = AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype=getattr(torch, _dtype_name(dtype)),
        attn_implementation="sdpa",
        use_safetensors=True,
        trust_remote_code=trust_remote_code,
    )
    return model.to(device()).eval()


def load_resolved(model: ResolvedModel, *, dtype: str) -> Any:
    """A resolved model in memory, in eval mode; an adapter is merged into its base."""
    folder, trust_remote_code = model.folder, model.trust_remote_code
    if model.weights.kind == "full" and model.weights.folder is not None:
        folder = Path(model.weights.folder)
    loaded_model = load_causal_lm(folder, dtype=dtype, trust_remote_code=trust_remote_code)
    if model.weights.kind != "adapter":
        return loaded_model
    from peft import PeftModel

    adapted_model = PeftModel.from_pretrained(loaded_model, str(model.weights.folder))
    # safe_merge refuses weights that are not finite.
    return adapted_model.merge_and_unload(safe_merge=True).eval()


def max_positions(source: Any, *, trust_remote_code: bool = False) -> int | None:
    """The longest sequence that a model can read, in tokens; None where its settings do not say.

    `source` is the model's folder, or its configuration as transformers has it in memory.
    """
    config = source
    if isinstance(source, str | Path):
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(str(source), trust_remote_code=trust_remote_code)
    # A model that reads images as well keeps the settings of its text part apart.
    positions: int | None = getattr(config.get_text_config(), "max_position_embeddings", None)
    return positions


def _dtype_name(dtype: str) -> str:
    if dtype != "auto":
        return dtype
    return "bfloat16" if device() == "cuda" else "float32"


class BaseModel:
    """The untouched base model of a process: it scores, and carries one agent's adapter at a time.

    It is loaded when it is needed for the first time and stays, so that a round of K agents loads
    it once and not K + 1 times. Whoever puts an adapter on it takes it off again, or calls
    `forget`.
    """

    def __init__(self, folder: Path | str, *, trust_remote_code: bool = False):
        self.folder, self.trust_remote_code = str(folder), trust_remote_code
        self._model: Any = None
        self._dtype = ""

    def loaded(self, dtype: str) -> Any:
        """The model in this type, in eval mode; only one type is in memory at a time."""
        # By what the name stands for here: `auto` is one of the others.
        if self._dtype != _dtype_name(dtype):
            self.forget()
            self._model = load_causal_lm(
                self.folder, dtype=dtype, trust_remote_code=self.trust_remote_code
            )
            self._dtype = _dtype_name(dtype)
        # Tuning may have left an attention of its own.
        self._model.set_attn_implementation("sdpa")
        return self._model.eval()

    @cached_property
    def tokenizer(self) -> Any:
        return load_tokenizer(self.folder, trust_remote_code=self.trust_remote_code)

    @cached_property
    def stopping(self) -> Stopping:
        """How a turn of the model ends."""
        return stopping_of(self.folder, self.tokenizer)

    def forget(self) -> None:
        """Make room for another model."""
        self._model, self._dtype = None, ""
