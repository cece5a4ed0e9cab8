"""A collection made ready for training: the table of pictures and how they are served."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

from unfreeze.errors import choice
from unfreeze.images.amended import Manifests, amended
from unfreeze.images.collection import collection_layout
from unfreeze.images.columns import ColumnOptions, Columns
from unfreeze.images.csv_file import csv_layout
from unfreeze.images.frames import Frame, frame_layout
from unfreeze.images.layout import Layout, find_layout
from unfreeze.images.listing import Labels, list_layout
from unfreeze.images.scan import ScanOptions, scan_layout
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.network.backbones import DEFAULT_BACKBONE, preprocessing
from unfreeze.training.objective import Objective, Targets, objective_of, targets_of
from unfreeze.transforms.squares import Square
from unfreeze.transforms.transform import Transform
from unfreeze.transforms.views import Augment


class ManifestOptions(TypedDict, total=False):
    """Files in which a user has decided on single pictures.

    Attributes:
        exclude: CSV file, or files, of pictures that are left out; a list of findings is one.
        exclude_kinds: Kind, or kinds, of findings that are left out; all kinds unless said otherwise.
        relabel: CSV file, or files, of pictures with another label.
    """

    exclude: Manifests
    exclude_kinds: str | Sequence[str]
    relabel: Manifests


class ReadOptions(ManifestOptions, total=False):
    """What decides how a collection is read.

    Attributes:
        valid_share: Part of each class that validates where no picture is said to; 0.2 unless said otherwise.
        max_broken_share: The scan stops when more than this part of the files cannot be decoded; 0.1 unless said
            otherwise.
        progress: Called with the number of files read and the number of files.
        use_cache: Whether files that have not changed since an earlier scan are taken as it found them; True unless
            said otherwise.
    """

    valid_share: float
    max_broken_share: float
    progress: Callable[[int, int], None] | None
    use_cache: bool


class DataOptions(ReadOptions, total=False):
    """What all constructors of `ImageData` understand.

    Attributes:
        size_px: Side of the squares in pixels; the backbone's own unless said otherwise.
        square: What is done with a picture that is not square: crop, squash or pad; crop unless said otherwise.
        augment: How training views differ from the plain view; side_on unless said otherwise.
        seed: Decides split, views and order; 0 unless said otherwise.
    """

    size_px: int | None
    square: Square | str
    augment: Augment | str
    seed: int


class TableOptions(ColumnOptions, DataOptions, total=False):
    """What the constructors of `ImageData` understand that read a table."""


@dataclass(frozen=True, kw_only=True)
class ImageData:
    """Pictures, how they become squares, and how they are served.

    Attributes:
        table: The pictures.
        transform: How they become squares.
        batch_size: Pictures in a training batch.
        stored_views: K, the number of augmented views that are stored; epoch e trains on view 1 + (e mod K).
        threads: Pictures in work at a time, and threads that torch may use.
    """

    table: ImageTable
    transform: Transform
    batch_size: int = 32
    stored_views: int = 3
    threads: int = os.cpu_count() or 1

    @property
    def objective(self) -> Objective:
        """What is learned of the pictures: one class each, or any number of labels."""
        return objective_of(self.table)

    def targets(self, rows: Iterable[ImageRow]) -> Targets:
        """What losses of some rows are measured against: shape (N,), or (N, C) where there are several labels."""
        return targets_of(self.table, rows)

    @classmethod
    def from_path(cls, path: str | Path, **options: Unpack[TableOptions]) -> "ImageData":
        """Reads the collection that a path names, for the default backbone, as `unfreeze train` does.

        Args:
            path: A folder of class folders, a CSV or TSV file, a zip or tar archive, or shards of WebDataset;
                `collection_layout` knows each.
            **options: As for `from_csv`; what says how a table is read is for CSV and TSV files alone.

        Returns:
            The data.

        Raises:
            CollectionError: If the collection cannot be used.
            SettingsError: If there is no such square or kind of view, a share lies outside of its range, or columns
                are named for what is no table.
        """
        columns, others = _columns(options)
        layout = collection_layout(path, columns=columns, relabels=bool(others.get("relabel")))
        return cls._from_layout(layout, label_separator=columns.label_separator, **others)

    @classmethod
    def from_folder(cls, root: str | Path, **options: Unpack[DataOptions]) -> "ImageData":
        """Reads a folder of pictures, for the default backbone; `scan_layout` and `Transform` know all options.

        Args:
            root: `root/CLASS/*`, `root/train/CLASS/*` beside `root/valid/CLASS/*`, or `root/CLASS/train/*` beside
                `root/CLASS/valid/*`.
            **options: The options that `DataOptions` describes.

        Returns:
            The data.

        Raises:
            CollectionError: If the folder cannot be used.
            SettingsError: If there is no such square or kind of view, or the share lies outside of its range.
        """
        return cls._from_layout(find_layout(Path(root)), **options)

    @classmethod
    def from_csv(
        cls, path: str | Path, *, root: str | Path | None = None, **options: Unpack[TableOptions]
    ) -> "ImageData":
        """Reads the pictures that a CSV or TSV file names, for the default backbone; `csv_layout` knows the format.

        Args:
            path: A file with a header and one row a picture.
            root: The folder that relative paths start from; the file's own unless said otherwise.
            **options: path_column, label_column, split_column, group_column and label_separator, as `ColumnOptions`
                describes them, and what `from_folder` understands. Where the split is missing or empty, as
                `from_folder` without a validation folder, a share of each class validates.

        Returns:
            The data.

        Raises:
            CollectionError: If the file or the pictures cannot be used; all faults of the file are counted, and the
                first few named by line.
            SettingsError: If there is no such square or kind of view, or the share lies outside of its range.
        """
        columns, others = _columns(options)
        return cls._from_layout(
            csv_layout(path, root=root, columns=columns), label_separator=columns.label_separator, **others
        )

    @classmethod
    def from_frame(
        cls, frame: Frame, *, root: str | Path | None = None, **options: Unpack[TableOptions]
    ) -> "ImageData":
        """Reads the pictures that a DataFrame of pandas or polars names, for the default backbone.

        Args:
            frame: The frame, with one row a picture; labels may be lists where pictures have several of them, or none.
            root: The folder that relative paths start from; the current one unless said otherwise.
            **options: As for `from_csv`. A missing split or group is not given, a missing path or label is a fault.

        Returns:
            The data.

        Raises:
            CollectionError: If the frame or the pictures cannot be used; all faults of the frame are counted, and the
                first few named by row, from 0.
            SettingsError: If there is no such square or kind of view, or the share lies outside of its range.
        """
        columns, others = _columns(options)
        return cls._from_layout(
            frame_layout(frame, root=root, columns=columns), label_separator=columns.label_separator, **others
        )

    @classmethod
    def from_lists(
        cls,
        paths: Sequence[str | Path],
        labels: Labels,
        *,
        splits: Sequence[str | None] | None = None,
        groups: Sequence[str | None] | None = None,
        root: str | Path | None = None,
        **options: Unpack[DataOptions],
    ) -> "ImageData":
        """Reads the pictures that lists name, for the default backbone.

        Args:
            paths: Where the pictures are, absolute or below the root.
            labels: Class of each picture; or a list of labels for each, where a picture may have several or none.
            splits: Split of each picture, None or "" where it is left open; without the list, as `from_folder` without
                a validation folder, a share of each class validates.
            groups: Group of each picture, None or "" for a picture on its own; without the list there are no groups.
            root: The folder that relative paths start from; the current one unless said otherwise.
            **options: The options that `DataOptions` describes.

        Returns:
            The data.

        Raises:
            CollectionError: If the lists or the pictures cannot be used; all faults of the lists are counted, and the
                first few named by index.
            SettingsError: If there is no such square or kind of view, or the share lies outside of its range.
        """
        return cls._from_layout(list_layout(paths, labels, splits=splits, groups=groups, root=root), **options)

    @classmethod
    def _from_layout(
        cls,
        layout: Layout,
        *,
        label_separator: str = "",
        size_px: int | None = None,
        square: Square | str = Square.CROP,
        augment: Augment | str = Augment.SIDE_ON,
        seed: int = 0,
        **options: Unpack[ReadOptions],
    ) -> "ImageData":
        """The data of a layout; the options that decide the squares have their defaults here."""
        expected = preprocessing(DEFAULT_BACKBONE)
        transform = Transform(
            size_px=size_px or expected.size_px,
            square=choice(Square, square, setting="square"),
            crop_share=expected.crop_share,
            augment=choice(Augment, augment, setting="augment"),
            seed=seed,
        )
        threads = os.cpu_count() or 1
        manifests, scan = _parted(options, ManifestOptions)
        layout = amended(layout, label_separator=label_separator, **cast(ManifestOptions, manifests))
        table = scan_layout(layout, **cast(ScanOptions, {**scan, "seed": seed, "threads": threads}))
        return cls(table=table, transform=transform, threads=threads)


def _columns(options: TableOptions) -> tuple[Columns, DataOptions]:
    """The options that say how a table is read, and the others."""
    columns, others = _parted(options, ColumnOptions)
    return Columns.of(cast(ColumnOptions, columns)), cast(DataOptions, others)


def _parted(options: Mapping[str, Any], kind: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of one kind, and the others."""
    known = kind.__annotations__
    return (
        {name: value for name, value in options.items() if name in known},
        {name: value for name, value in options.items() if name not in known},
    )
