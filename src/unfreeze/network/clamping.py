"""Trains ReLU6 in place without the copy of its input that torch keeps.

The gradient passes where 0 < x < 6, and that is where 0 < clamp(x, 0, 6) < 6: the output, which the next convolution
keeps anyway, says all that the backward pass has to know.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def clamped_in_place(module: nn.Module) -> Iterator[None]:
    """Runs each in-place ReLU6 of a module without a copy inside the context; values and gradients stay the same bits.

    Args:
        module: The network, or the part of it that is trained.

    Yields:
        Nothing.
    """
    clamps = [part for part in module.modules() if type(part) is nn.ReLU6 and part.inplace]
    clamps = [part for part in clamps if "forward" not in vars(part)]
    for clamp in clamps:
        vars(clamp)["forward"] = _Clamp.apply
    try:
        yield
    finally:
        for clamp in clamps:
            vars(clamp).pop("forward", None)


class _Clamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.mark_dirty(values.clamp_(0, 6))
        ctx.save_for_backward(values)
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (clamped,) = ctx.saved_tensors
        passed: Tensor = torch.ops.aten.hardtanh_backward(gradients[0], clamped, 0.0, 6.0)
        return passed
