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
from collate.received_files import read_json
from collate.tables import Step
from collate.tuning.curves import read_curves, write_curves

WEIGHTS, OPTIMIZER, DIGESTS = "weights.safetensors", "optimizer.safetensors", "digests.json"


class Checkpoints:
    """The checkpoints of one agent's tuning in one round, `every` so many steps (0: none)."""

    def __init__(self, folder: Path, every: int):
        self._folder, self._every = folder, every

    def latest(self) -> list[Step]:
        """The curves up to the newest sound checkpoint; empty where there is none."""
        newest_checkpoint = self._newest()
        return read_curves(newest_checkpoint) if newest_checkpoint else []

    def restore(self, model: torch.nn.Module, optimizer: Any) -> None:
        """Put the newest checkpoint's weights and optimizer state in place."""
        newest_checkpoint = self._newest()
        # Called only where `latest` has found one.
        assert newest_checkpoint is not None
        trained_weights = _trained_parameters(model)
        with torch.no_grad():
            for name, value in load_file(newest_checkpoint / WEIGHTS).items():
                trained_weights[name].copy_(value)
        torch_optimizer = _torch_optimizer(optimizer)
        state = torch_optimizer.state_dict()
        number_by_name = {
            name: number
            for number, name in _names_by_number(torch_optimizer, trained_weights).items()
        }
        for key, value in load_file(newest_checkpoint / OPTIMIZER).items():
            # base_model.model.lm_head.lora_A.default.weight/exp_avg
            name, _, moment = key.rpartition("/")
            state["state"].setdefault(number_by_name[name], {})[moment] = value
        torch_optimizer.load_state_dict(state)

    def save(self, model: torch.nn.Module, optimizer: Any, steps: Sequence[Step]) -> None:
        """Keep the state after the last of the steps, if it is the turn of one."""
        if not self._every or len(steps) % self._every:
            return
        checkpoint = self._folder / f"step-{len(steps):06d}"
        shutil.rmtree(checkpoint, ignore_errors=True)  # one that lies there was not sound
        with complete_folder(checkpoint) as unfinished:
            trained_weights = _trained_parameters(model)
            save_file(_on_cpu(trained_weights), unfinished / WEIGHTS)
            save_file(
                _on_cpu(_optimizer_tensors(optimizer, trained_weights)), unfinished / OPTIMIZER
            )
            write_curves(unfinished, steps)
            digest_by_file = {path.name: file_digest(path) for path in sorted(unfinished.iterdir())}
            (unfinished / DIGESTS).write_text(json.dumps(digest_by_file))
        # Only now that the new one is whole: a process that dies in between finds one of the two.
        for older_checkpoint in self._folder.glob("step-*"):
            if older_checkpoint != checkpoint:
                shutil.rmtree(older_checkpoint, ignore_errors=True)

    def _newest(self) -> Path | None:
        """The newest checkpoint that holds what was written into it."""
        # Six digits each, so that names are in the order of steps.
        checkpoints = sorted(self._folder.glob("step-*"), reverse=True)
        return next(filter(_is_sound, checkpoints), None)


def _is_sound(checkpoint: Path) -> bool:
    try:
        digests = read_json(checkpoint / DIGESTS)
        return all(file_digest(checkpoint / name) == digest for name, digest in digests.items())
    except (OSError, ValueError, AttributeError):
        return False


def _trained_parameters(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def _optimizer_tensors(
    optimizer: Any, trained: Mapping[str, torch.nn.Parameter]
) -> dict[str, torch.Tensor]:
    """The optimizer's state as tensors named `<name of the weight>/<name of the moment>`."""
    torch_optimizer = _torch_optimizer(optimizer)
    state = torch_optimizer.state_dict()["state"]
    tensors = {}
    for number, name in _names_by_number(torch_optimizer, trained).items():
        for moment, value in state.get(number, {}).items():
            # A step count may be a plain number, and safetensors holds tensors alone.
            tensors[f"{name}/{moment}"] = torch.as_tensor(value)
    return tensors


def _torch_optimizer(optimizer: Any) -> torch.optim.Optimizer:
    """The torch optimizer inside accelerate's."""
    torch_optimizer: torch.optim.Optimizer = getattr(optimizer, "optimizer", optimizer)
    return torch_optimizer


def _names_by_number(
    optimizer: torch.optim.Optimizer, trained: Mapping[str, torch.nn.Parameter]
) -> dict[int, str]:
    """Names of the weights by the numbers that the optimizer's state has them under."""
    name_by_identity = {id(weight): name for name, weight in trained.items()}
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    return {number: name_by_identity[id(weight)] for number, weight in enumerate(weights)}


def _on_cpu(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
