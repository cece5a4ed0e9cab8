"""Flags that decide which activations a run reads: those of the pictures, their squares and the body."""

from pathlib import Path
from typing import Annotated, Any

import typer

from unfreeze.activations.plan import parse_bytes, readable_bytes
from unfreeze.cli.flags import NO_FLAGS, Flags, with_flags
from unfreeze.cli.table_flags import table_flags
from unfreeze.recipe.settings import TrainSettings, parse_fold
from unfreeze.transforms.squares import Square
from unfreeze.transforms.views import Augment

DEFAULTS = TrainSettings()
DEFAULT_CACHE_SIZE = readable_bytes(DEFAULTS.cache_size).replace(" ", "")


@with_flags(table_flags, into="table")
def activation_flags(
    backbone: Annotated[str, typer.Option(help="Pretrained body: a name of timm's or efficientnet_lite0, 1 or 2.")] = (
        DEFAULTS.backbone
    ),
    weights: Annotated[Path | None, typer.Option(help="Weights file for the body (safetensors or state dict).")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the squares in pixels. [default: the backbone's]")] = None,
    square: Annotated[Square | None, typer.Option(help="Pictures that are not square. [default: crop]")] = None,
    augment: Annotated[Augment | None, typer.Option(help="Kind of training views. [default: side_on]")] = None,
    views: Annotated[int, typer.Option(help="Augmented views that are stored.")] = DEFAULTS.views,
    tta_views: Annotated[int, typer.Option(help="Views of test-time augmentation; 0 for none.")] = DEFAULTS.tta_views,
    table: Flags = NO_FLAGS,
    fold: Annotated[str | None, typer.Option(help="Cross-validation: which fold validates, such as 2/5.")] = None,
    max_broken_share: Annotated[float, typer.Option(help="Stop above this part of broken files.")] = (
        DEFAULTS.max_broken_share
    ),
    seed: Annotated[int, typer.Option(help="Decides split, views, order and dropout.")] = DEFAULTS.seed,
    cache_size: Annotated[
        str, typer.Option(help="Activations in the cache; earlier runs make room.")
    ] = DEFAULT_CACHE_SIZE,
) -> dict[str, Any]:
    """What the flags say, by the names of `TrainSettings`; what is left to a sample and was not given is not there."""
    left_open = {"size": size, "square": square, "augment": augment}
    return {
        "backbone": backbone,
        "weights": weights,
        **{name: value for name, value in left_open.items() if value is not None},
        "views": views,
        "tta_views": tta_views,
        **table_flags(**table),
        "fold": parse_fold(fold) if fold else None,
        "max_broken_share": max_broken_share,
        "seed": seed,
        "cache_size": parse_bytes(cache_size),
    }
