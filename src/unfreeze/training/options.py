"""What training can be told beyond the method itself, each with a default that leaves the method as it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from unfreeze.errors import SettingsError

OptimizerName = Literal["sgd", "adamw"]
BalanceName = Literal["none", "weights", "sampling"]
PrecisionName = Literal["auto", "float32", "bfloat16", "float16"]

NEEDS_GPU = "--precision float16 needs a GPU, and there is none; take auto, float32 or bfloat16"


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How steps are taken, where the lesson's own way is not wanted. Each default changes nothing.

    Attributes:
        optimizer: What takes the steps: "sgd", with momentum, or "adamw".
        weight_decay: How strongly weights are drawn to 0; biases and norms never are.
        label_smoothing: Part of what is said to be right that is shared out among all answers in training.
        mixup: Parameter of mixup's beta distribution; 0 for no mixup.
        cutmix: Parameter of cutmix's beta distribution, where training reads pictures; 0 for no cutmix.
        balance: What makes up for classes of different sizes: "weights" in the loss, "sampling" of pictures, or "none".
        accumulate: Parts that a training batch of the body is computed in, one after the other, so that it takes less
            memory: the gradient is the whole batch's.
        clip_norm: Length that a step's gradient is shortened to where it is longer; None for no limit.
        ema: Part of the running average of the weights that is kept at each step; the average is what is validated and
            kept. None for no average.
        precision: Type of the numbers that the body is trained with: "auto" is the shortest that suits a GPU, and
            float32 without one.

    Raises:
        SettingsError: If a value cannot be used.
    """

    optimizer: OptimizerName = "sgd"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    balance: BalanceName = "none"
    accumulate: int = 1
    clip_norm: float | None = None
    ema: float | None = None
    precision: PrecisionName = "float32"

    def __post_init__(self) -> None:
        if faults := self.option_faults():
            raise SettingsError("; ".join(faults), subject=faults[0].split()[0])

    def option_faults(self) -> list[str]:
        """What is wrong with the options, a sentence each that begins with the flag."""
        faults = [
            *_unknown("optimizer", self.optimizer, get_args(OptimizerName)),
            *_unknown("balance", self.balance, get_args(BalanceName)),
            *_unknown("precision", self.precision, get_args(PrecisionName)),
            *_below_zero("weight-decay", self.weight_decay),
            *_below_zero("mixup", self.mixup),
            *_below_zero("cutmix", self.cutmix),
        ]
        if not 0 <= self.label_smoothing < 1:
            faults.append(f"--label-smoothing is {self.label_smoothing}; it must be at least 0 and below 1")
        if self.accumulate < 1:
            faults.append(f"--accumulate is {self.accumulate}; it must be at least 1")
        if self.clip_norm is not None and not (math.isfinite(self.clip_norm) and self.clip_norm > 0):
            faults.append(f"--clip-norm is {self.clip_norm}; it must be a positive number")
        if self.ema is not None and not 0 < self.ema < 1:
            faults.append(f"--ema is {self.ema}; it must lie between 0 and 1, such as 0.99")
        return faults

    def options(self) -> "TrainingOptions":
        """The options alone, of settings that hold more."""
        return TrainingOptions(**{field.name: getattr(self, field.name) for field in fields(TrainingOptions)})

    def changed(self) -> dict[str, Any]:
        """The options that are not their defaults, as plain values by name."""
        default = TrainingOptions()
        names = (field.name for field in fields(TrainingOptions))
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(default, name)}


def _unknown(name: str, value: str, known: Sequence[str]) -> list[str]:
    choices = f"{', '.join(known[:-1])} or {known[-1]}"
    return [] if value in known else [f"--{name} is {value!r}; it must be {choices}"]


def _below_zero(flag: str, value: float) -> list[str]:
    fine = math.isfinite(value) and value >= 0
    return [] if fine else [f"--{flag} is {value}; it must be a number that is not below 0"]
