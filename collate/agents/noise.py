"""Seeded noise on the weights, by which one copy of the model differs from its siblings.

With adapters the noise is a LoRA adapter whose product B A has, in every adapted layer, a Frobenius
norm of `agents.noise` times that of the layer's weight. With full weights it is Gaussian noise of
the same relative norm on every weight matrix. Both are written as folders that peft, transformers
and vLLM load as they are.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from collate.agents.adapters import new_adapter, save_adapter
from collate.config.schema import AgentsConfig
from collate.models.loading import load_causal_lm, load_tokenizer

if TYPE_CHECKING:
    from torch import Generator, Tensor


def write_noisy_weights(
    base: str, folder: Path, *, agents: AgentsConfig, seed: int, trust_remote_code: bool = False
) -> None:
    """Write one agent's noisy weights, an adapter or a whole model, into an existing empty folder.

    `base` is the base model's folder. The same seed gives the same weights.
    """
    import torch

    # In bfloat16 noise below about 1/256 of a weight would be lost to rounding.
    model = load_causal_lm(base, dtype="float32", trust_remote_code=trust_remote_code)
    # Drawn on the CPU, so that a seed gives the same noise on every machine.
    generator = torch.Generator().manual_seed(seed)
    if agents.weights == "full":
        _perturb_matrices(model, agents.noise, generator)
        model.save_pretrained(folder)
        load_tokenizer(base, trust_remote_code=trust_remote_code).save_pretrained(folder)
    else:
        adapted_model = new_adapter(model, agents, seed=seed)
        _perturb_adapter(adapted_model, agents.noise, generator)
        save_adapter(adapted_model, folder)


def _perturb_matrices(model: Any, noise: float, generator: "Generator") -> None:
    """Add noise to every weight matrix in place; norms and biases, which are vectors, stay."""
    import torch

    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 2:
                weight.add_(_noise_like(weight, noise, generator))


def _perturb_adapter(adapted: Any, noise: float, generator: "Generator") -> None:
    """Draw B of every adapted layer, and scale it so that B A has the wanted size.

    A fresh adapter has B = 0 and changes nothing; its A is random already.
    """
    import torch

    with torch.no_grad():
        for layer in adapted.modules():
            if not (hasattr(layer, "lora_B") and "default" in layer.lora_B):
                continue
            up_matrix, down_matrix = layer.lora_B["default"].weight, layer.lora_A["default"].weight
            up_matrix.copy_(torch.randn(up_matrix.shape, generator=generator))
            product_norm = (up_matrix @ down_matrix).norm() * layer.scaling["default"]
            up_matrix.mul_(noise * layer.get_base_layer().weight.float().norm() / product_norm)


def _noise_like(weight: "Tensor", noise: float, generator: "Generator") -> "Tensor":
    """Gaussian noise of a matrix's shape, whose norm is `noise` times the matrix's."""
    import torch

    gaussian = torch.randn(weight.shape, generator=generator, dtype=torch.float32)
    gaussian *= noise * weight.detach().float().norm().cpu() / gaussian.norm()
    return gaussian.to(device=weight.device, dtype=weight.dtype)
