"""Shows that stages are the model that they were cut from, before anyone relies on them.

timm's models come in hundreds of variants, and another version of timm may change them. So each model that is built is
looked at: a rule that is right for its family may miss what this one does besides.
"""

from collections import Counter
from itertools import chain

import torch
from torch import nn

from unfreeze.network.families import Misfit, Stages

PROBE_SIDE_PX = 64
"""Side of the square on which stages are compared with their model, where the model takes squares of any side."""

TOLERANCE = 1e-5
"""Largest difference that is accepted, relative to the largest feature: the same layers run in the same order."""


def prove(model: nn.Module, stages: Stages) -> None:
    """Makes sure that stages hold all of a model, each parameter once, and compute what it computes.

    Args:
        model: The model, without a classifier.
        stages: What a rule made of it.

    Raises:
        Misfit: If something of the model lies in no stage or in two, or if its output is another.
    """
    owners = Counter(id(tensor) for _, stage in stages for tensor in chain(stage.parameters(), stage.buffers()))
    for name, tensor in chain(model.named_parameters(), model.named_buffers()):
        if owners[id(tensor)] != 1:
            raise Misfit(f"{name} lies in {owners[id(tensor)] or 'no'} stages")
    reached = {id(module) for _, stage in stages for module in stage.modules()}
    for name, module in model.named_modules():
        # Layers without parameters count too: an activation left out would be missed.
        if not any(module.children()) and not isinstance(module, nn.Identity) and id(module) not in reached:
            raise Misfit(f"{name} lies in no stage")
    _compare(model, nn.Sequential(*(stage for _, stage in stages)))


def _compare(model: nn.Module, stages: nn.Sequential) -> None:
    """Makes sure that stages give the model's own output, for one square; leaves both in eval mode."""
    sides = getattr(getattr(model, "patch_embed", None), "img_size", None) or (PROBE_SIDE_PX, PROBE_SIDE_PX)
    probe = torch.linspace(-2, 2, 3 * sides[0] * sides[1]).view(1, 3, *sides)
    model.eval()
    stages.eval()
    try:
        with torch.no_grad():  # inference mode would leave its mark on what a model keeps between calls
            expected = model.forward_head(model.forward_features(probe), pre_logits=True)  # type: ignore[operator]
            found = stages(probe)
    except Exception as error:  # A part that gets what it was not made for raises of many kinds.
        raise Misfit(f"it does not run: {type(error).__name__}") from error
    largest = float(expected.nan_to_num(0, 0, 0).abs().max())
    # Weights that are not finite are no fault of the rule.
    same = found.shape == expected.shape and torch.allclose(
        found, expected, rtol=0, atol=TOLERANCE * largest, equal_nan=True
    )
    if not same:
        raise Misfit("it computes something else")
