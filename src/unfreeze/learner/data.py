"""A collection made ready for training: the table of pictures and how they are served."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from unfreeze.errors import choice
from unfreeze.images.amended import Manifests, amended
from unfreeze.images.csv_file import SPLIT_COLUMN, csv_layout
from unfreeze.images.layout import Layout, find_layout
from unfreeze.images.listing import list_layout
from unfreeze.images.scan import VALID_SHARE, scan_layout
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


class DataOptions(ManifestOptions, total=False):
    """What all constructors of `ImageData` understand.

    Attributes:
        size_px: Side of the squares in pixels; the backbone's own unless said otherwise.
        square: What is done with a picture that is not square: crop, squash or pad; crop unless said otherwise.
        augment: How training views differ from the plain view; side_on unless said otherwise.
        seed: Decides split, views and order; 0 unless said otherwise.
        valid_share: Part of each class that validates where no picture is said to; 0.2 unless said otherwise.
        progress: Called with the number of files read and the number of files.
        use_cache: Whether files that have not changed since an earlier scan are taken as it found them; True unless
            said otherwise.
    """

    size_px: int | None
    square: Square | str
    augment: Augment | str
    seed: int
    valid_share: float
    progress: Callable[[int, int], None] | None
    use_cache: bool


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
    def from_folder(cls, root: str | Path, **options: Unpack[DataOptions]) -> "ImageData":
        """Reads a folder of pictures, for the default backbone; `scan_layout` and `Transform` know all options.

        Args:
            root: `root/CLASS/*`, or `root/train/CLASS/*` beside `root/valid/CLASS/*`.
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
        cls,
        path: str | Path,
        *,
        root: str | Path | None = None,
        path_column: str = "path",
        label_column: str = "label",
        split_column: str = SPLIT_COLUMN,
        **options: Unpack[DataOptions],
    ) -> "ImageData":
        """Reads the pictures that a CSV or TSV file names, for the default backbone; `csv_layout` knows the format.

        Args:
            path: A file in UTF-8 with a header and one row a picture.
            root: The folder that relative paths start from; the file's own unless said otherwise.
            path_column: Name of the column of paths.
            label_column: Name of the column of labels.
            split_column: Name of the column of splits; where it is missing or empty, as `from_folder` without a
                validation folder, a share of each class validates.
            **options: The options that `DataOptions` describes.

        Returns:
            The data.

        Raises:
            CollectionError: If the file or the pictures cannot be used; all faults of the file are counted, and the
                first few named by line.
            SettingsError: If there is no such square or kind of view, or the share lies outside of its range.
        """
        layout = csv_layout(
            path, root=root, path_column=path_column, label_column=label_column, split_column=split_column
        )
        return cls._from_layout(layout, **options)

    @classmethod
    def from_lists(
        cls,
        paths: Sequence[str | Path],
        labels: Sequence[str],
        *,
        splits: Sequence[str | None] | None = None,
        root: str | Path | None = None,
        **options: Unpack[DataOptions],
    ) -> "ImageData":
        """Reads the pictures that lists name, for the default backbone.

        Args:
            paths: Where the pictures are, absolute or below the root.
            labels: Class of each picture.
            splits: Split of each picture, None or "" where it is left open; without the list, as `from_folder` without
                a validation folder, a share of each class validates.
            root: The folder that relative paths start from; the current one unless said otherwise.
            **options: The options that `DataOptions` describes.

        Returns:
            The data.

        Raises:
            CollectionError: If the lists or the pictures cannot be used; all faults of the lists are counted, and the
                first few named by index.
            SettingsError: If there is no such square or kind of view, or the share lies outside of its range.
        """
        return cls._from_layout(list_layout(paths, labels, splits=splits, root=root), **options)

    @classmethod
    def _from_layout(
        cls,
        layout: Layout,
        *,
        size_px: int | None = None,
        square: Square | str = Square.CROP,
        augment: Augment | str = Augment.SIDE_ON,
        seed: int = 0,
        valid_share: float = VALID_SHARE,
        progress: Callable[[int, int], None] | None = None,
        use_cache: bool = True,
        **manifests: Unpack[ManifestOptions],
    ) -> "ImageData":
        """The data of a layout; here, and here alone, the options of the constructors have their defaults."""
        expected = preprocessing(DEFAULT_BACKBONE)
        transform = Transform(
            size_px=size_px or expected.size_px,
            square=choice(Square, square, setting="square"),
            crop_share=expected.crop_share,
            augment=choice(Augment, augment, setting="augment"),
            seed=seed,
        )
        threads = os.cpu_count() or 1
        table = scan_layout(
            amended(layout, **manifests),
            valid_share=valid_share,
            seed=seed,
            threads=threads,
            progress=progress,
            use_cache=use_cache,
        )
        return cls(table=table, transform=transform, threads=threads)
