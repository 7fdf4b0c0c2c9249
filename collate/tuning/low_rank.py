"""LoRA's part of a linear layer in a form that moves less memory than PEFT's.

Together with the tiles of `models/tiled_attention.py` and the log-softmax of `models/logprobs.py`
it takes a step of 8 short pairs on two cores from 4.2 s to 3.7 s, as measured in turn in one
process; each gives the plain form's numbers up to rounding, which the tests compare.
"""

from typing import Any

import torch
from peft.tuners.lora import Linear
from peft.tuners.lora.layer import LoraVariant
from torch import Tensor


class LowRank(LoraVariant):
    """How PEFT's linear layers add their adapter's part: into the base's result, where it lies.

    PEFT scales the adapter's part and adds it in two more passes over the layer's output, and again
    over its gradient.
    """

    @staticmethod
    def forward(module: Any, active_adapter: str, x: Tensor, result: Tensor, **_: Any) -> Tensor:
        added: Tensor = _AddLowRank.apply(
            result,
            x,
            module.lora_A[active_adapter].weight,
            module.lora_B[active_adapter].weight,
            module.scaling[active_adapter],
        )
        return added


class _AddLowRank(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, result: Tensor, x: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
        inner = x.flatten(0, -2) @ a.T
        result.view(-1, result.shape[-1]).addmm_(inner, b.T, alpha=scale)
        # The base's result is changed in place, which autograd has to be told.
        ctx.mark_dirty(result)
        ctx.save_for_backward(x, inner, a, b)
        ctx.scale = scale
        return result

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:
        x, inner, a, b = ctx.saved_tensors
        grad = grads[0].flatten(0, -2)
        grad_inner = (grad @ b).mul_(ctx.scale)
        grad_x = (grad_inner @ a).view_as(x)
        grad_a = grad_inner.T @ x.flatten(0, -2)
        grad_b = (grad.T @ inner).mul_(ctx.scale)
        # What the base added passes through, so its gradient is the incoming one.
        return grads[0], grad_x, grad_a, grad_b, None


def fuse_adapters(model: Any) -> None:
    """Have every linear layer under an adapter add its part with `LowRank`, where it can.

    It can where adapter and layer are of one type and there is no dropout.
    """
    for module in model.modules():
        if not isinstance(module, Linear):
            continue
        for name, weight in module.lora_A.items():
            has_no_dropout = isinstance(module.lora_dropout[name], torch.nn.Identity)
            is_plain = has_no_dropout and name not in module.lora_variant
            if is_plain and weight.weight.dtype == module.get_base_layer().weight.dtype:
                module.lora_variant[name] = LowRank()
