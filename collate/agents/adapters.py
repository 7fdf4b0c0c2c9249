"""LoRA adapters as PEFT folders: made, continued, saved.

What is saved is what `peft.PeftModel.from_pretrained` and vLLM's `LoRARequest` load: the
configuration as JSON and the tensors as safetensors, under the adapter name `default`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collate.config.schema import AgentsConfig


def lora_config(agents: AgentsConfig) -> Any:
    """The PEFT configuration of an agent's adapter."""
    from peft import LoraConfig

    targets: str | list[str] = agents.targets
    if targets != "all-linear":
        targets = [name.strip() for name in agents.targets.split(",")]
    return LoraConfig(
        r=agents.rank,
        lora_alpha=agents.alpha,
        # `tuning/low_rank.py` fuses only adapters without dropout.
        lora_dropout=0.0,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )


def new_adapter(model: Any, agents: AgentsConfig, *, seed: int) -> Any:
    """The model with a fresh adapter, which changes nothing yet (B is zero); A is seeded."""
    import torch
    from peft import get_peft_model

    # PEFT draws A from torch's global generator.
    torch.manual_seed(seed)
    return get_peft_model(model, lora_config(agents))


def continue_adapter(model: Any, folder: Path | str) -> Any:
    """The model with a saved adapter, ready to be trained further."""
    from peft import PeftModel

    adapted_model = PeftModel.from_pretrained(model, str(folder), is_trainable=True)
    # What was saved names the base without its folder; peft looks there for the vocabulary.
    adapted_model.peft_config["default"].base_model_name_or_path = model.config._name_or_path
    return adapted_model


@contextmanager
def without_adapter(adapted: Any) -> Iterator[Any]:
    """The model that lies under its adapter, which is switched off meanwhile."""
    with adapted.disable_adapter():
        yield adapted


def save_adapter(adapted: Any, folder: Path) -> None:
    """Write the adapter into an existing folder, without anything that names this machine."""
    adapted.save_pretrained(folder, selected_adapters=["default"])
    # PEFT writes a model card, which names the base model by its path on this machine.
    (folder / "README.md").unlink(missing_ok=True)
    settings_file = folder / "adapter_config.json"
    settings = json.loads(settings_file.read_text())
    settings["base_model_name_or_path"] = Path(settings["base_model_name_or_path"] or "").name
    # Peft keeps a set, whose order differs from process to process.
    if isinstance(settings["target_modules"], list):
        settings["target_modules"].sort()
    settings_file.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
