"""Perturbation `noise`: seeded noise by which the weights of one copy differ from its siblings'.

With adapters the noise is a LoRA adapter whose product B A has, in every adapted layer, a Frobenius
norm of `noise` times that of the layer's weight. With full weights it is Gaussian noise of the same
relative norm on every weight matrix. Both are written as folders that peft, transformers and vLLM
load as they are.
"""

from pathlib import Path

from collate.agents.adapters import new_adapter, save_adapter
from collate.config.schema import AgentsConfig
from collate.models import load_causal_lm, load_tokenizer


def noise(
    base: str, folder: Path, *, agents: AgentsConfig, seed: int, trust_remote_code: bool = False
) -> None:
    """Write one agent's perturbed weights into an existing empty folder."""
    import torch

    model = load_causal_lm(base, dtype="float32", trust_remote_code=trust_remote_code)
    generator = torch.Generator().manual_seed(seed)
    if agents.weights == "full":
        with torch.no_grad():
            for weight in model.parameters():
                if weight.ndim == 2:
                    weight.add_(_noise_like(weight, agents.noise, generator))
        model.save_pretrained(folder)
        load_tokenizer(base, trust_remote_code=trust_remote_code).save_pretrained(folder)
        return
    adapted = new_adapter(model, agents, seed=seed)
    with torch.no_grad():
        for layer in adapted.modules():
            if not (hasattr(layer, "lora_B") and "default" in layer.lora_B):
                continue
            up, down = layer.lora_B["default"].weight, layer.lora_A["default"].weight
            up.copy_(torch.randn(up.shape, generator=generator))
            size = (up @ down).norm() * layer.scaling["default"]
            up.mul_(agents.noise * layer.get_base_layer().weight.float().norm() / size)
    save_adapter(adapted, folder)


def _noise_like(weight, relative: float, generator):  # type: ignore[no-untyped-def]
    import torch

    drawn = torch.randn(weight.shape, generator=generator, dtype=torch.float32)
    drawn *= relative * weight.detach().float().norm().cpu() / drawn.norm()
    return drawn.to(device=weight.device, dtype=weight.dtype)
