"""`unfreeze shard`: a collection as tar archives, for training and prediction from far or slow disks."""

import os
from pathlib import Path
from typing import Annotated

import typer

from unfreeze.cli.flags import GroupColumn, LabelColumn, LabelSeparator, PathColumn, SplitColumn
from unfreeze.images.columns import Columns

SHARD_SIZE = "256MB"


def shard_command(
    pictures: Annotated[Path, typer.Argument(help="A folder, a CSV file, or an archive, as for unfreeze train.")],
    out: Annotated[Path, typer.Option(help="New folder for the shards.")],
    shard_size: Annotated[str, typer.Option(help="Size of a shard at most, such as 1GB.")] = SHARD_SIZE,
    path_column: PathColumn = Columns.path,
    label_column: LabelColumn = Columns.label,
    split_column: SplitColumn = Columns.split,
    group_column: GroupColumn = Columns.group,
    label_separator: LabelSeparator = Columns.label_separator,
    threads: Annotated[int | None, typer.Option(help="Files read at a time. [default: all cores]", min=1)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Write pictures as shards of WebDataset: tar archives with a label beside each picture.

    unfreeze train and unfreeze predict --out read them, in this folder or from a URL, and train comes to the same model
    as from the pictures themselves. Pictures go in as they are, byte for byte; labels and splits are kept. A file that
    cannot be decoded is left out and listed in bad.csv beside the shards.
    """
    from unfreeze.activations.plan import parse_bytes
    from unfreeze.cli.console import RunConsole
    from unfreeze.cli.predict import echo
    from unfreeze.images.collection import collection_layout
    from unfreeze.images.shard_writer import write_shards

    limit = parse_bytes(shard_size, flag="--shard-size")
    columns = Columns(
        path=path_column,
        label=label_column,
        split=split_column,
        group=group_column,
        label_separator=label_separator,
    )
    layout = collection_layout(pictures, columns=columns, needs_training=False)
    with RunConsole(quiet=quiet) as console:
        sharded = write_shards(
            layout,
            out,
            shard_bytes=limit,
            threads=threads or os.cpu_count() or 1,
            progress=lambda done, total: console.progress("reading", done, total),
        )
    for bad in sharded.bad:
        echo(f"{bad.path}: left out: {bad.reason}", err=True)
    if not quiet:
        for note in layout.notes:
            echo(f"note: {note}", err=True)
        echo(f"{out}: {sharded.pictures:,} pictures in {len(sharded.shards)} shards, {len(sharded.bad)} left out")
