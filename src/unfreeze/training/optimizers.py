"""The optimizers of torch that train a network's layer groups, and what they remember by names."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from unfreeze.network.groups import GROUP_NAMES
from unfreeze.network.network import Network
from unfreeze.training.descent import SQUARES_KEPT, Descent, decays
from unfreeze.training.loop import MOMENTUM
from unfreeze.training.options import OptimizerName

REMEMBERED: Mapping[OptimizerName, Mapping[str, str]] = MappingProxyType(
    {
        "sgd": {"": "momentum_buffer"},
        "adamw": {"": "exp_avg", "square.": "exp_avg_sq", "steps.": "step"},
    }
)
"""What each optimizer knows of a parameter: torch's name by what stands before the parameter's own when it is saved."""


def torch_optimizer(network: Network, descent: Descent) -> torch.optim.Optimizer:
    """An optimizer of all layer groups, frozen ones included: what gets no gradient takes no step.

    Args:
        network: Whose parameters are trained.
        descent: How.

    Returns:
        SGD or AdamW; groups of parameters carry the names of their layer groups.
    """
    groups = [
        {"params": parameters, "name": name, "weight_decay": decay}
        for name in GROUP_NAMES
        for parameters, decay in _by_decay(network.group_parameters(name), descent.weight_decay)
    ]
    if descent.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=1.0, betas=(MOMENTUM, SQUARES_KEPT))
    return torch.optim.SGD(groups, lr=1.0, momentum=MOMENTUM)


def set_pace(optimizer: torch.optim.Optimizer, rates: Sequence[float], momentum: float) -> None:
    """Gives an optimizer the rate of each layer group, and the momentum of all.

    Args:
        optimizer: What `torch_optimizer` made.
        rates: Learning rate of each layer group.
        momentum: What part of the last step's direction is kept.
    """
    by_name = dict(zip(GROUP_NAMES, rates, strict=True))
    for group in optimizer.param_groups:
        group["lr"] = by_name[group["name"]]
        if "betas" in group:
            group["betas"] = (momentum, SQUARES_KEPT)
        else:
            group["momentum"] = momentum


def remembered(state: Mapping[str, Any], kind: OptimizerName) -> Iterator[tuple[str, Tensor]]:
    """What an optimizer knows of one parameter, by what stands before the parameter's name; nothing if it never moved.

    Args:
        state: Torch's state of that parameter.
        kind: Which optimizer it is.

    Yields:
        Prefixes and copies on the CPU.
    """
    for prefix, theirs in REMEMBERED[kind].items():
        value = state.get(theirs)
        if value is not None:
            yield prefix, value.detach().cpu().clone()


def as_state(found: Mapping[str, Tensor], kind: OptimizerName, like: Tensor) -> dict[str, Tensor]:
    """Torch's state of one parameter from what `remembered` gave.

    Args:
        found: Values by prefix; they are copied.
        kind: Which optimizer it is.
        like: The parameter.

    Returns:
        The state. A number of steps stays on the CPU, where torch keeps it.
    """
    theirs = REMEMBERED[kind]
    return {
        theirs[prefix]: value.clone() if prefix == "steps." else value.to(like.device, copy=True)
        for prefix, value in found.items()
    }


def _by_decay(parameters: Sequence[nn.Parameter], decay: float) -> list[tuple[list[nn.Parameter], float]]:
    """Those that are decayed and those that are not; all in one where nothing is."""
    if not decay:
        return [(list(parameters), 0.0)]
    parts = ([p for p in parameters if decays(p.ndim) is decayed] for decayed in (True, False))
    return [(part, kept) for part, kept in zip(parts, (decay, 0.0), strict=True) if part]
