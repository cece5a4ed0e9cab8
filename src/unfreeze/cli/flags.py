"""Flags that several commands have: how a list of pictures is read, and what manifests say of single pictures."""

from pathlib import Path
from typing import Annotated

import typer

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
