"""Where tuning stands after some step: weights, optimizer state, curves; in safe formats.

A checkpoint is a folder `step-000050` that appears whole, with the digests of its files. The newest
replaces the others. What else a step depends on (the order of the examples, the schedule, the
reference) is decided by the run's settings, and computed again.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from collate.atomic import complete_folder, file_digest
from collate.tables import Step
from collate.tuning.curves import read_curves, write_curves

WEIGHTS, OPTIMIZER, DIGESTS = "weights.safetensors", "optimizer.safetensors", "digests.json"


class Checkpoints:
    """The checkpoints of one agent's tuning in one round, `every` so many steps (0: none)."""

    def __init__(self, folder: Path, every: int):
        self._folder, self._every = folder, every

    def latest(self) -> list[Step]:
        """The curves up to the newest sound checkpoint; empty where there is none."""
        newest = self._newest()
        return read_curves(newest) if newest else []

    def restore(self, model: torch.nn.Module, optimizer: Any) -> None:
        """Put the newest checkpoint's weights and optimizer state in place."""
        newest = self._newest()
        assert newest is not None
        trained = _trained_parameters(model)
        with torch.no_grad():
            for name, value in load_file(newest / WEIGHTS).items():
                trained[name].copy_(value)
        inner = _torch_optimizer(optimizer)
        state = inner.state_dict()
        numbers = {name: number for number, name in _names_by_number(inner, trained).items()}
        for key, value in load_file(newest / OPTIMIZER).items():
            # base_model.model.lm_head.lora_A.default.weight/exp_avg
            name, _, moment = key.rpartition("/")
            state["state"].setdefault(numbers[name], {})[moment] = value
        inner.load_state_dict(state)

    def save(self, model: torch.nn.Module, optimizer: Any, steps: Sequence[Step]) -> None:
        """Keep the state after the last of the steps, if it is the turn of one."""
        if not self._every or len(steps) % self._every:
            return
        checkpoint = self._folder / f"step-{len(steps):06d}"
        shutil.rmtree(checkpoint, ignore_errors=True)  # one that lies there was not sound
        with complete_folder(checkpoint) as unfinished:
            trained = _trained_parameters(model)
            save_file(_on_cpu(trained), unfinished / WEIGHTS)
            save_file(_on_cpu(_optimizer_tensors(optimizer, trained)), unfinished / OPTIMIZER)
            write_curves(unfinished, steps)
            digests = {path.name: file_digest(path) for path in sorted(unfinished.iterdir())}
            (unfinished / DIGESTS).write_text(json.dumps(digests))
        for older in self._folder.glob("step-*"):
            if older != checkpoint:
                shutil.rmtree(older, ignore_errors=True)

    def _newest(self) -> Path | None:
        """The newest checkpoint that holds what was written into it."""
        checkpoints = sorted(self._folder.glob("step-*"), reverse=True)
        return next(filter(_is_sound, checkpoints), None)


def _is_sound(checkpoint: Path) -> bool:
    try:
        digests = json.loads((checkpoint / DIGESTS).read_text())
        return all(file_digest(checkpoint / name) == digest for name, digest in digests.items())
    except (OSError, ValueError):
        return False


def _trained_parameters(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def _optimizer_tensors(
    optimizer: Any, trained: Mapping[str, torch.nn.Parameter]
) -> dict[str, torch.Tensor]:
    """The optimizer's state as tensors named `<name of the weight>/<name of the moment>`."""
    inner = _torch_optimizer(optimizer)
    state = inner.state_dict()["state"]
    tensors = {}
    for number, name in _names_by_number(inner, trained).items():
        for moment, value in state.get(number, {}).items():
            tensors[f"{name}/{moment}"] = torch.as_tensor(value)
    return tensors


def _torch_optimizer(optimizer: Any) -> torch.optim.Optimizer:
    """The torch optimizer inside accelerate's."""
    inner: torch.optim.Optimizer = getattr(optimizer, "optimizer", optimizer)
    return inner


def _names_by_number(
    optimizer: torch.optim.Optimizer, trained: Mapping[str, torch.nn.Parameter]
) -> dict[int, str]:
    """Names of the weights by the numbers that the optimizer's state has them under."""
    names = {id(weight): name for name, weight in trained.items()}
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    return {number: names[id(weight)] for number, weight in enumerate(weights)}


def _on_cpu(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
