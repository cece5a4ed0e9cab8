"""Maps of a network in torch and what a class makes of them, for bodies that no graph can be asked for.

Grad-CAM (Selvaraju et al. 2017): where the head does not read plain averages, the gradient of a class's logit says what
it makes of each feature, near this picture. The gradients are summed over positions here, not averaged: for a head that
does read averages that sum is its own weights, so that the method then is the exact one.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.activations.maps import are_averages
from unfreeze.network.groups import POOLED

if TYPE_CHECKING:
    from torch import Tensor

    from unfreeze.network.network import Network


@dataclass(frozen=True, kw_only=True)
class WeighedMaps:
    """Features at each position of N pictures, and what a class makes of them.

    Attributes:
        maps: Shape (N, D, h, w).
        weights: Shape (N, D).
        logits: Shape (N, C).
        exact: Whether the head reads the maps' averages, so that nothing is approximated.
    """

    maps: Floats
    weights: Floats
    logits: Floats
    exact: bool


def weighed_maps(
    network: "Network", squares: npt.NDArray[np.uint8], *, classes: Sequence[int] | None = None
) -> WeighedMaps | None:
    """The last maps of a network that a class depends on, and the class's weights for them.

    Args:
        network: The network; its modes and gradients are left as they were.
        squares: Shape (N, 3, S, S).
        classes: The class asked about for each picture; the most probable one unless said otherwise.

    Returns:
        Maps and weights; None where no stage leaves features at positions that the class depends on.
    """
    import torch

    device = next(network.parameters()).device
    with _eval_mode(network), torch.enable_grad():
        reached, features, logits = _flow(network, torch.from_numpy(squares).to(device))
        asked = logits.argmax(1) if classes is None else torch.tensor(list(classes), device=device)
        total = logits.gather(1, asked[:, None]).sum()  # a picture's logit depends on no other picture
        for values in reversed(reached):
            (slopes,) = torch.autograd.grad(total, values, retain_graph=True)
            maps, down = _numpy(by_position(values)), _numpy(by_position(slopes))
            exact = are_averages(maps, _numpy(features))
            # A head that reads a class token has no use for what its last block leaves at the other tokens.
            if exact or down.any():
                return WeighedMaps(maps=maps, weights=down.sum((2, 3)), logits=_numpy(logits), exact=exact)
    return None


def by_position(values: "Tensor") -> "Tensor | None":
    """Activations of square pictures with their positions in rows and columns.

    Args:
        values: What flows between two stages: (N, D, h, w), (N, h, w, D) or, as tokens behind a few others, (N, L, D).

    Returns:
        Shape (N, D, h, w); None where there is but one position, or none at all.
    """
    if values.ndim == 4 and values.shape[2] == values.shape[3] > 1:
        return values
    if values.ndim == 4 and values.shape[1] == values.shape[2] > 1:
        return values.permute(0, 3, 1, 2)  # (N, h, w, D) -> (N, D, h, w)
    if values.ndim == 3 and values.shape[1] >= 4:
        count, _, width = values.shape
        side = math.isqrt(values.shape[1])
        return values[:, -side * side :].transpose(1, 2).reshape(count, width, side, side)  # (N, L, D) -> (N, D, h, w)
    return None


def _flow(network: "Network", squares: "Tensor") -> "tuple[list[Tensor], Tensor, Tensor]":
    """What flows between the stages and has positions, from the first with weights on; pooled features; logits."""
    reached: list[Tensor] = []
    weighty = False
    values = features = squares.float().requires_grad_()
    for name, stage in network.stages.items():
        if name == POOLED:
            features = values
        values = stage(values)
        weighty = weighty or any(True for _ in stage.parameters())
        if weighty and by_position(values) is not None:
            reached.append(values)
    return reached, features, values


@contextmanager
def _eval_mode(network: "Network") -> Iterator[None]:
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _numpy(tensor: "Tensor | None") -> Floats:
    assert tensor is not None, "kept only where it has positions"
    return np.asarray(tensor.detach().float().cpu().numpy())
