"""Flags of the training options, which `unfreeze train` has beside its own."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from unfreeze.training.options import TrainingOptions

DEFAULTS = TrainingOptions()


class Optimizer(StrEnum):
    """What takes the steps."""

    SGD = "sgd"
    ADAMW = "adamw"


class Balance(StrEnum):
    """What makes up for classes of different sizes."""

    NONE = "none"
    WEIGHTS = "weights"
    SAMPLING = "sampling"


class Precision(StrEnum):
    """Type of the numbers that the body is trained with."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


DEFAULT_OPTIMIZER, DEFAULT_BALANCE = Optimizer(DEFAULTS.optimizer), Balance(DEFAULTS.balance)
DEFAULT_PRECISION = Precision(DEFAULTS.precision)


def training_flags(
    optimizer: Annotated[Optimizer, typer.Option(help="What takes the steps.")] = DEFAULT_OPTIMIZER,
    weight_decay: Annotated[float, typer.Option(help="Draws weights to 0; biases and norms never.")] = (
        DEFAULTS.weight_decay
    ),
    label_smoothing: Annotated[float, typer.Option(help="Part of the right answer that all answers share.")] = (
        DEFAULTS.label_smoothing
    ),
    mixup: Annotated[float, typer.Option(help="Mix pictures of a batch, such as 0.2; 0 for no.")] = DEFAULTS.mixup,
    cutmix: Annotated[float, typer.Option(help="Paste boxes between pictures, such as 1; 0 for no.")] = DEFAULTS.cutmix,
    balance: Annotated[
        Balance, typer.Option(help="Classes of different sizes: rare ones weigh more, or are shown more.")
    ] = (DEFAULT_BALANCE),
    accumulate: Annotated[int, typer.Option(help="Parts that a batch of steps 7 and 8 is computed in.")] = (
        DEFAULTS.accumulate
    ),
    clip_norm: Annotated[float | None, typer.Option(help="Longest gradient of a step. [default: no limit]")] = None,
    ema: Annotated[
        float | None, typer.Option(help="Keep a running average of the weights, such as 0.99. [default: none]")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="Numbers in steps 7 and 8; untested on GPUs.")] = (
        DEFAULT_PRECISION
    ),
) -> dict[str, Any]:
    """What the flags say, by the names of `TrainingOptions`."""
    return {
        "optimizer": optimizer.value,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "mixup": mixup,
        "cutmix": cutmix,
        "balance": balance.value,
        "accumulate": accumulate,
        "clip_norm": clip_norm,
        "ema": ema,
        "precision": precision.value,
    }
