"""Weights as streams of (tensor name, tensor), read from safetensors and written to safetensors.

Tensors are mapped into memory as a stream comes to them, so that reading a model costs one tensor
of memory, and writing one shard. Merged weights always start from the base model's tensors on disk:
merging into and out of live weights drifts in bfloat16.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from collate.errors import ModelError
from collate.models.folder_checks import (
    ADAPTER_SETTINGS,
    ADAPTER_TENSORS,
    INDEX,
    WEIGHTS,
    index_problems,
    read_index,
    read_settings_file,
)
from collate.models.weights import AgentWeights

NamedTensors = Iterator[tuple[str, Tensor]]
"""(name in the checkpoint, tensor on the CPU)."""

_PEFT_PREFIX = "base_model.model."
# What a LoRA adapter may be beyond pairs of matrices, by the switch in its settings.
_UNSUPPORTED = {
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


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter that can be merged: its tensors, its rank, and the factor of B A."""

    file: Path
    rank: int
    scaling: float
    modules: tuple[str, ...]


# Reading ------------------------------------------------------------------------------------------


def agent_state(base_folder: str, weights: AgentWeights) -> NamedTensors:
    """Everything that a model must hold to be this agent, whatever kind of weights it owns.

    Raises `ModelError` where the weights do not fit the base model.
    """
    if weights.kind == "base":
        return full_state(base_folder)
    if weights.folder is None:
        raise ModelError(
            f"agent {weights.agent!r}: weights of kind {weights.kind!r} need a folder, and none is "
            "named"
        )
    if weights.kind == "adapter":
        return merged_state(base_folder, weights.folder)
    if weights.kind == "full":
        return full_state(weights.folder, like=base_folder)
    raise ModelError(
        f"agent {weights.agent!r}: unknown kind of weights {weights.kind!r}; expected base, "
        "adapter or full"
    )


def full_state(folder: str, *, like: str | None = None) -> NamedTensors:
    """All tensors of a model folder, as stored.

    With `like`, raises `ModelError` at once unless every tensor of that folder is there in the same
    shape: whatever were missing would be left from the agent before.
    """
    files = checkpoint_files(folder)
    if like is not None:
        shape_by_tensor, expected_shapes = _shapes(files), _shapes(checkpoint_files(like))
        wrong_tensors = [
            name for name, shape in expected_shapes.items() if shape_by_tensor.get(name) != shape
        ]
        if wrong_tensors:
            raise ModelError(
                f"{folder} is not a copy of the base model: {len(wrong_tensors)} tensors are "
                f"missing or of another shape, for example {wrong_tensors[0]}"
            )
    return _stream(files)


def merged_state(base_folder: str, adapter_folder: str) -> NamedTensors:
    """All tensors of the base model with a LoRA adapter merged in.

    Adapted tensors are W + scaling * B A in float32, with scaling alpha / r, or alpha / sqrt(r)
    with rsLoRA (Hu et al. 2021, section 4.1; Kalajdzievski 2023); the others are as stored. Raises
    `ModelError`, before the first tensor, for an adapter that is not plain LoRA on linear layers of
    this base.
    """
    adapter = check_adapter(base_folder, adapter_folder)
    return _merge(checkpoint_files(base_folder), adapter)


def check_adapter(base_folder: str, adapter_folder: str) -> Adapter:
    """The adapter of a PEFT folder, fit for this base; raises `ModelError` otherwise."""
    adapter = read_adapter(adapter_folder)
    _check_fit(adapter, _shapes(checkpoint_files(base_folder)), adapter_folder)
    return adapter


def checkpoint_files(folder: str) -> list[Path]:
    """The safetensors files of a model folder: one, or the shards that its index names.

    Raises `ModelError` where there are none, or the index names other files than those beside it.
    """
    index_file, single_file = Path(folder) / INDEX, Path(folder) / WEIGHTS
    if index_file.is_file():
        if problems := index_problems(Path(folder)):
            raise ModelError(f"{folder}: {problems[0]}")
        return [Path(folder) / name for name in sorted(set(read_index(Path(folder)).values()))]
    if single_file.is_file():
        return [single_file]
    raise ModelError(f"{folder} holds neither {single_file.name} nor {index_file.name}")


def read_adapter(folder: str) -> Adapter:
    """The adapter of a PEFT folder; raises `ModelError` for anything but plain LoRA.

    Both ways of hosting an agent refuse the same adapters, so that a run means the same on a CPU
    and on a GPU.
    """
    settings_file, tensors_file = Path(folder) / ADAPTER_SETTINGS, Path(folder) / ADAPTER_TENSORS
    for needed_file in (settings_file, tensors_file):
        if not needed_file.is_file():
            raise ModelError(f"{folder} is not an adapter folder: it holds no {needed_file.name}")
    try:
        settings = read_settings_file(settings_file)
    except (OSError, ValueError) as error:
        raise ModelError(f"{settings_file} cannot be read ({error})") from error
    if problem := _unsupported(settings):
        raise ModelError(f"the adapter in {folder} {problem}; only plain LoRA can be hosted")
    rank, alpha = settings.get("r"), settings.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float):
        raise ModelError(
            f"{settings_file} has r={rank!r} and lora_alpha={alpha!r}, expected two numbers"
        )
    scaling = alpha / math.sqrt(rank) if settings.get("use_rslora") else alpha / rank
    modules = _adapted_modules(tensors_file, folder)
    return Adapter(file=tensors_file, rank=rank, scaling=scaling, modules=modules)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """The tensors of a safetensors file, by name; raises `ModelError` for a damaged file."""
    try:
        with safe_open(file, framework="pt") as tensors:
            yield tensors
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{file} cannot be read as safetensors ({error})") from error


def _adapted_modules(file: Path, folder: str) -> tuple[str, ...]:
    """Names of the linear layers that an adapter changes, by the base model's names."""
    # base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight
    suffix = ".lora_A.weight"
    with _opened(file) as tensors:
        tensor_names = set(tensors.keys())
    module_names = sorted(
        name.removeprefix(_PEFT_PREFIX).removesuffix(suffix)
        for name in tensor_names
        if name.startswith(_PEFT_PREFIX) and name.endswith(suffix)
    )
    expected_names = {
        f"{_PEFT_PREFIX}{module}.lora_{side}.weight" for module in module_names for side in "AB"
    }
    if not module_names or tensor_names != expected_names:
        unexpected = sorted(tensor_names ^ expected_names)
        raise ModelError(
            f"the adapter in {folder} is not made of pairs of lora_A and lora_B on linear layers: "
            f"{unexpected[0] if unexpected else 'it holds no tensor'}"
        )
    return tuple(module_names)


def _unsupported(settings: Mapping[str, Any]) -> str | None:
    """What an adapter's settings ask for that cannot be hosted, in words; None where nothing."""
    if settings.get("peft_type") != "LORA":
        return f"is of type {settings.get('peft_type')}"
    if settings.get("bias", "none") != "none":
        return f"trains biases (bias={settings['bias']!r})"
    return next((words for switch, words in _UNSUPPORTED.items() if settings.get(switch)), None)


def _check_fit(adapter: Adapter, base_shapes: Mapping[str, Sequence[int]], folder: str) -> None:
    with _opened(adapter.file) as tensors:
        for module in adapter.modules:
            # lora_A is rank x inputs, lora_B is outputs x rank.
            down_shape, up_shape = (
                tensors.get_slice(f"{_PEFT_PREFIX}{module}.lora_{side}.weight").get_shape()
                for side in "AB"
            )
            base_shape = base_shapes.get(f"{module}.weight")
            if base_shape is None:
                raise ModelError(
                    f"the adapter in {folder} adapts {module}, which the base model has no weights "
                    "for (a tied lm_head cannot be adapted)"
                )
            adapted_shape = (up_shape[0], down_shape[1])
            if tuple(base_shape) != adapted_shape or {down_shape[0], up_shape[1]} != {adapter.rank}:
                raise ModelError(
                    f"the adapter in {folder} was made for another model: {module} is "
                    f"{' x '.join(map(str, adapted_shape))} at rank {down_shape[0]}, the base "
                    f"model's is {' x '.join(map(str, base_shape))}, and its settings say rank "
                    f"{adapter.rank}"
                )


def _shapes(files: Sequence[Path]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        with _opened(file) as tensors:
            # Shapes stand in the file's header, so that no tensor is read.
            shapes |= {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    return shapes


def _stream(files: Sequence[Path]) -> NamedTensors:
    for file in files:
        with _opened(file) as tensors:
            for name in tensors.keys():  # noqa: SIM118
                yield name, tensors.get_tensor(name)


def _merge(files: Sequence[Path], adapter: Adapter) -> NamedTensors:
    prefix_by_tensor = {f"{module}.weight": f"{_PEFT_PREFIX}{module}" for module in adapter.modules}
    with _opened(adapter.file) as adapter_tensors:
        for name, tensor in _stream(files):
            if name not in prefix_by_tensor:
                yield name, tensor
                continue
            prefix = prefix_by_tensor[name]
            down_matrix = adapter_tensors.get_tensor(f"{prefix}.lora_A.weight").float()
            up_matrix = adapter_tensors.get_tensor(f"{prefix}.lora_B.weight").float()
            # Left in float32: who takes the tensor knows the number format that it is to have.
            yield name, torch.addmm(tensor.float(), up_matrix, down_matrix, alpha=adapter.scaling)


# Writing ------------------------------------------------------------------------------------------


def write_checkpoint(
    folder: Path,
    named_tensors: Iterable[tuple[str, Tensor]],
    *,
    shard_bytes: int,
    like: Path | None = None,
) -> None:
    """Write tensors, in the order in which they come, as the safetensors of a model folder.

    What fits into `shard_bytes` becomes one file; more becomes shards of at most that size (or of
    one larger tensor) with the index that transformers reads. No more than one shard is in memory.
    With `like`, a model's folder, every tensor is stored in the number format that it has there;
    raises `ModelError` unless the names and shapes are that folder's.
    """
    expected = None if like is None else _layout(like)
    files: list[Path] = []
    file_of_tensor: dict[str, Path] = {}
    total_size = 0
    for shard in _shards(_in_layout(named_tensors, expected, like), shard_bytes):
        # How many shards there will be, which is part of their names, is known at the end only.
        file = folder / f"unfinished-{len(files) + 1}.safetensors"
        save_file(shard, file, metadata={"format": "pt"})
        files.append(file)
        file_of_tensor.update(dict.fromkeys(shard, file))
        total_size += sum(tensor.nbytes for tensor in shard.values())
        shard.clear()  # or it would stay in memory while the next one grows
    if len(files) == 1:
        files[0].rename(folder / WEIGHTS)
        return
    shard_names = {}
    for shard_number, file in enumerate(files, start=1):
        shard_names[file] = f"model-{shard_number:05d}-of-{len(files):05d}.safetensors"
        file.rename(folder / shard_names[file])
    weight_map = {name: shard_names[file] for name, file in sorted(file_of_tensor.items())}
    index = {"metadata": {"total_size": total_size}, "weight_map": weight_map}
    (folder / INDEX).write_text(json.dumps(index, indent=2) + "\n")


def _shards(named_tensors: NamedTensors, shard_bytes: int) -> Iterator[dict[str, Tensor]]:
    """The tensors in groups of at most so many bytes; at least one group, and one tensor in it."""
    shard: dict[str, Tensor] = {}
    shard_bytes_so_far = 0
    for name, tensor in named_tensors:
        if shard and shard_bytes_so_far + tensor.nbytes > shard_bytes:
            yield shard
            shard, shard_bytes_so_far = {}, 0
        # safetensors refuses tensors whose memory is not in one piece.
        shard[name] = tensor.contiguous()
        shard_bytes_so_far += tensor.nbytes
    yield shard


def _layout(folder: Path) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Shape and number format of every tensor of a model folder."""
    layout_by_tensor = {}
    for name, tensor in full_state(str(folder)):
        layout_by_tensor[name] = tuple(tensor.shape), tensor.dtype
    return layout_by_tensor


def _in_layout(
    named_tensors: Iterable[tuple[str, Tensor]],
    expected: Mapping[str, tuple[tuple[int, ...], torch.dtype]] | None,
    like: Path | None,
) -> NamedTensors:
    """The tensors in the number formats of another checkpoint, which has the same ones."""
    if expected is None:
        yield from named_tensors
        return
    missing_tensors = set(expected)
    for name, tensor in named_tensors:
        shape, dtype = expected.get(name, ((), tensor.dtype))
        if name not in missing_tensors or tuple(tensor.shape) != shape:
            raise ModelError(
                f"tensor {name} of shape {' x '.join(map(str, tensor.shape))} has no place in a "
                f"model such as {like}"
            )
        missing_tensors.remove(name)
        yield name, tensor.to(dtype)
    if missing_tensors:
        raise ModelError(
            f"{len(missing_tensors)} tensors of {like} are missing, for example "
            f"{min(missing_tensors)}"
        )
