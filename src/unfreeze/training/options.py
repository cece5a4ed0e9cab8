"""What training can be told beyond the method itself, each with a default that leaves the method as it is."""

from dataclasses import dataclass, fields
from typing import Any

from unfreeze.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """How steps are taken, where the lesson's own way is not wanted. Each default changes nothing.

    Attributes:
        accumulate: Parts that a training batch of the body is computed in, one after the other, so that it takes less
            memory: the gradient is the whole batch's.

    Raises:
        SettingsError: If a value cannot be used.
    """

    accumulate: int = 1

    def __post_init__(self) -> None:
        if faults := self.option_faults():
            raise SettingsError("; ".join(faults), subject=faults[0].split()[0])

    def option_faults(self) -> list[str]:
        """What is wrong with the options, a sentence each that begins with the flag."""
        return [f"--accumulate is {self.accumulate}; it must be at least 1"] if self.accumulate < 1 else []

    def options(self) -> "TrainingOptions":
        """The options alone, of settings that hold more."""
        return TrainingOptions(**{field.name: getattr(self, field.name) for field in fields(TrainingOptions)})

    def changed(self) -> dict[str, Any]:
        """The options that are not their defaults, as plain values by name."""
        default = TrainingOptions()
        names = (field.name for field in fields(TrainingOptions))
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(default, name)}
