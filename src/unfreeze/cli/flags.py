"""Flags that several commands have: single ones, and groups of them that a command takes as one parameter."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import typer

Result = TypeVar("Result")

Flags = Mapping[str, Any]
"""What the flags of a group say, by their names: the arguments of the function that declares them."""

NO_FLAGS: Flags = MappingProxyType({})

PathColumn = Annotated[str, typer.Option(help="Column of paths in a CSV file.")]
LabelColumn = Annotated[str, typer.Option(help="Column of labels.")]
SplitColumn = Annotated[str, typer.Option(help="Column of splits, which may be missing.")]
GroupColumn = Annotated[str, typer.Option(help="Column of groups: one group is never split.")]
LabelSeparator = Annotated[str, typer.Option(help="Parts the labels of a picture, where it may have several.")]

ValidShare = Annotated[float, typer.Option(help="Part that validates where no folder does.")]

Exclude = Annotated[
    list[Path] | None, typer.Option(help="Leave out the pictures that this CSV file names; may be repeated.")
]
ExcludeKind = Annotated[
    list[str] | None, typer.Option(help="Of a list of findings, leave out this kind alone; may be repeated.")
]
Relabel = Annotated[list[Path] | None, typer.Option(help="Give pictures the labels in this CSV file; may be repeated.")]


def with_flags(group: Callable[..., object], *, into: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Gives a command, or a larger group, the flags of a group.

    Args:
        group: A function whose parameters are the flags; it is not called.
        into: Name of the command's parameter that takes what they say; in `--help` they stand in its place.

    Returns:
        What makes a command with a flag for each parameter of the group out of one with that parameter.
    """
    flags = inspect.signature(group).parameters

    def decorated(command: Callable[..., Result]) -> Callable[..., Result]:
        @wraps(command)
        def told(**given: Any) -> Result:
            return command(**{into: {name: given.pop(name) for name in flags}}, **given)

        own = inspect.signature(command)
        parameters = [
            new for name, old in own.parameters.items() for new in (flags.values() if name == into else [old])
        ]
        every = [found.replace(kind=inspect.Parameter.KEYWORD_ONLY) for found in parameters]
        vars(told)["__signature__"] = own.replace(parameters=every)
        return told

    return decorated
