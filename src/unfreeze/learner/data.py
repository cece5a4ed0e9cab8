"""A collection made ready for training: the table of pictures and how they are served."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from unfreeze.errors import choice
from unfreeze.images.scan import scan_folder
from unfreeze.images.table import ImageTable
from unfreeze.network.backbones import DEFAULT_BACKBONE, preprocessing
from unfreeze.transforms.squares import Square
from unfreeze.transforms.transform import Transform
from unfreeze.transforms.views import Augment


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

    @classmethod
    def from_folder(
        cls,
        root: str | Path,
        *,
        size_px: int | None = None,
        square: Square | str = Square.CROP,
        augment: Augment | str = Augment.SIDE_ON,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> "ImageData":
        """Reads a folder of pictures, for the default backbone; `scan_folder` and `Transform` know all options.

        Args:
            root: `root/CLASS/*`, or `root/train/CLASS/*` beside `root/valid/CLASS/*`.
            size_px: Side of the squares in pixels; the backbone's own unless said otherwise.
            square: What is done with a picture that is not square.
            augment: How training views differ from the plain view.
            seed: Decides split, views and order.
            progress: Called with the number of files read and the number of files.

        Returns:
            The data.

        Raises:
            CollectionError: If the folder cannot be used.
            SettingsError: If there is no such square or kind of view.
        """
        expected = preprocessing(DEFAULT_BACKBONE)
        transform = Transform(
            size_px=size_px or expected.size_px,
            square=choice(Square, square, setting="square"),
            crop_share=expected.crop_share,
            augment=choice(Augment, augment, setting="augment"),
            seed=seed,
        )
        threads = os.cpu_count() or 1
        table = scan_folder(root, seed=seed, threads=threads, progress=progress)
        return cls(table=table, transform=transform, threads=threads)
