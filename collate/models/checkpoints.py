"""Weights as streams of (checkpoint name, tensor), read from safetensors and never kept.

An agent's merged weights always start from the base model's tensors on disk: merging into and out
of live weights drifts in bfloat16. Tensors are memory-mapped, so a stream costs one tensor of
memory at a time.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from collate.errors import EngineError
from collate.models.weights import AgentWeights

Named = Iterator[tuple[str, Tensor]]
"""(checkpoint name, tensor on the CPU)."""

_PEFT_PREFIX = "base_model.model."


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter that can be merged: its tensors, its rank, and the factor of B A."""

    file: Path
    rank: int
    scaling: float
    modules: tuple[str, ...]


def agent_state(base_folder: str, weights: AgentWeights) -> Named:
    """Everything that a model must hold to be this agent, whatever kind of weights it owns."""
    if weights.kind == "base":
        return full_state(base_folder)
    if weights.folder is None:
        raise EngineError(
            f"agent {weights.agent!r}: weights of kind {weights.kind!r} need a folder"
        )
    if weights.kind == "adapter":
        return merged_state(base_folder, weights.folder)
    if weights.kind == "full":
        return full_state(weights.folder, like=base_folder)
    raise EngineError(
        f"agent {weights.agent!r}: unknown kind of weights {weights.kind!r}; expected base, "
        "adapter or full"
    )


def full_state(folder: str, *, like: str | None = None) -> Named:
    """All tensors of a model folder, as stored.

    With `like`, raises `EngineError` at once unless every tensor of that folder is there in the
    same shape, since whatever is missing would be left from the agent before.
    """
    files = checkpoint_files(folder)
    if like is not None:
        shapes, expected = _shapes(files), _shapes(checkpoint_files(like))
        wrong = [name for name, shape in expected.items() if shapes.get(name) != shape]
        if wrong:
            raise EngineError(
                f"{folder} is not a copy of the base model: {len(wrong)} tensors are missing or of "
                f"another shape, for example {wrong[0]}"
            )
    return _stream(files)


def merged_state(base_folder: str, adapter_folder: str) -> Named:
    """All tensors of the base model with a LoRA adapter merged in.

    Adapted tensors are W + scaling * B A in float32, with scaling alpha / r, or alpha / sqrt(r)
    with rsLoRA (Hu et al. 2021, section 4.1; Kalajdzievski 2023); the others are as stored. Raises
    `EngineError`, before the first tensor, for an adapter that is not plain LoRA on linear layers
    of this base.
    """
    adapter = check_adapter(base_folder, adapter_folder)
    return _merge(checkpoint_files(base_folder), adapter)


def check_adapter(base_folder: str, adapter_folder: str) -> Adapter:
    """The adapter of a PEFT folder, fit for this base; raises `EngineError` otherwise."""
    adapter = read_adapter(adapter_folder)
    _check_fit(adapter, _shapes(checkpoint_files(base_folder)), adapter_folder)
    return adapter


def checkpoint_files(folder: str) -> list[Path]:
    """The safetensors files of a model folder: one, or the shards that its index names."""
    index, single = (
        Path(folder) / "model.safetensors.index.json",
        Path(folder) / "model.safetensors",
    )
    if index.is_file():
        names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
        return [Path(folder) / name for name in names]
    if single.is_file():
        return [single]
    raise EngineError(f"{folder} holds neither {single.name} nor {index.name}")


def read_adapter(folder: str) -> Adapter:
    """The adapter of a PEFT folder; raises `EngineError` for anything but plain LoRA.

    Both ways of hosting an agent refuse the same adapters, so that a run means the same on a CPU
    and on a GPU.
    """
    settings_file, file = (
        Path(folder) / "adapter_config.json",
        Path(folder) / "adapter_model.safetensors",
    )
    for part in (settings_file, file):
        if not part.is_file():
            raise EngineError(f"{folder} is not an adapter folder: it holds no {part.name}")
    settings = json.loads(settings_file.read_text())
    if problem := _unsupported(settings):
        raise EngineError(f"the adapter in {folder} {problem}; only plain LoRA can be hosted")
    rank, alpha = settings["r"], settings["lora_alpha"]
    with safe_open(file, framework="pt") as tensors:
        names = set(tensors.keys())
    modules = sorted(
        name[len(_PEFT_PREFIX) : -len(".lora_A.weight")]
        for name in names
        if name.startswith(_PEFT_PREFIX) and name.endswith(".lora_A.weight")
    )
    known = {f"{_PEFT_PREFIX}{module}.lora_{side}.weight" for module in modules for side in "AB"}
    if not modules or names != known:
        odd = sorted(names ^ known)
        example = odd[0] if odd else "no tensor at all"
        raise EngineError(
            f"the adapter in {folder} is not made of pairs of lora_A and lora_B on linear layers: "
            f"{example}"
        )
    scaling = alpha / math.sqrt(rank) if settings.get("use_rslora") else alpha / rank
    return Adapter(file=file, rank=rank, scaling=scaling, modules=tuple(modules))


def _unsupported(settings: dict[str, Any]) -> str | None:
    if settings.get("peft_type") != "LORA":
        return f"is of type {settings.get('peft_type')}"
    if settings.get("bias", "none") != "none":
        return f"trains biases (bias={settings['bias']!r})"
    switches = {
        "use_dora": "uses DoRA",
        "modules_to_save": "carries whole modules (modules_to_save)",
        "fan_in_fan_out": "is made for transposed weights (fan_in_fan_out)",
        "lora_bias": "has biases of its own (lora_bias)",
        "rank_pattern": "mixes ranks (rank_pattern)",
        "alpha_pattern": "mixes scalings (alpha_pattern)",
        "layer_replication": "replicates layers (layer_replication)",
        "use_qalora": "uses QALoRA",
        "use_bdlora": "uses block-diagonal LoRA",
        "alora_invocation_tokens": "is switched on by tokens (aLoRA)",
        "target_parameters": "adapts bare parameters (target_parameters)",
        "trainable_token_indices": "trains token embeddings (trainable_token_indices)",
    }
    return next((words for switch, words in switches.items() if settings.get(switch)), None)


def _check_fit(adapter: Adapter, shapes: dict[str, tuple[int, ...]], folder: str) -> None:
    with safe_open(adapter.file, framework="pt") as tensors:
        for module in adapter.modules:
            rank_in, inputs = tensors.get_slice(f"{_PEFT_PREFIX}{module}.lora_A.weight").get_shape()
            outputs, rank_out = tensors.get_slice(
                f"{_PEFT_PREFIX}{module}.lora_B.weight"
            ).get_shape()
            found = shapes.get(f"{module}.weight")
            if found is None:
                raise EngineError(
                    f"the adapter in {folder} adapts {module}, which the base model has no weights "
                    "for (a tied lm_head cannot be adapted)"
                )
            if found != (outputs, inputs) or rank_in != adapter.rank or rank_out != adapter.rank:
                raise EngineError(
                    f"the adapter in {folder} was made for another model: {module} is "
                    f"{outputs} x {inputs} at rank {rank_in}, the base model's is "
                    f"{' x '.join(map(str, found))}, and its settings say rank {adapter.rank}"
                )


def _shapes(files: list[Path]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        with safe_open(file, framework="pt") as tensors:
            shapes |= {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    return shapes


def _stream(files: list[Path]) -> Named:
    for file in files:
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118
                yield name, tensors.get_tensor(name)


def _merge(files: list[Path], adapter: Adapter) -> Named:
    adapted = {f"{module}.weight": f"{_PEFT_PREFIX}{module}" for module in adapter.modules}
    with safe_open(adapter.file, framework="pt") as lora:
        for name, tensor in _stream(files):
            if name not in adapted:
                yield name, tensor
                continue
            a = lora.get_tensor(f"{adapted[name]}.lora_A.weight").float()
            b = lora.get_tensor(f"{adapted[name]}.lora_B.weight").float()
            yield name, torch.addmm(tensor.float(), b, a, alpha=adapter.scaling)
