"""Flags of the training options, which `unfreeze train` has beside its own."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from types import MappingProxyType
from typing import Annotated, Any

import typer

from unfreeze.training.options import TrainingOptions

DEFAULTS = TrainingOptions()

Options = Mapping[str, Any]
"""What the flags say, by the names of `TrainingOptions`."""

NO_OPTIONS: Options = MappingProxyType({})


def training_flags(
    accumulate: Annotated[int, typer.Option(help="Parts that a batch of steps 7 and 8 is computed in.")] = (
        DEFAULTS.accumulate
    ),
) -> Options:
    """What the flags say, by the names of `TrainingOptions`."""
    return {"accumulate": accumulate}


def with_training_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the flags of the training options.

    Args:
        command: A command whose parameter `options` takes what the flags say, by name.

    Returns:
        The command with a flag an option in place of that parameter.
    """
    own = inspect.signature(command)
    flags = inspect.signature(training_flags).parameters
    assert set(flags) == {field.name for field in fields(TrainingOptions)}, "each option has its flag"

    @wraps(command)
    def told(**given: Any) -> None:
        options = training_flags(**{name: given.pop(name) for name in flags})
        command(**given, options=options)

    parameters = [found for name, found in own.parameters.items() if name != "options"]
    every = [found.replace(kind=inspect.Parameter.KEYWORD_ONLY) for found in (*parameters, *flags.values())]
    vars(told)["__signature__"] = own.replace(parameters=every)
    return told
