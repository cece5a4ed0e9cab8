"""Where in its squares a learner's network saw what it says: class activation maps of pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unfreeze.activations.extract import read_squares
from unfreeze.activations.maps import open_maps
from unfreeze.activations.packaged import PackagedPrefix
from unfreeze.errors import CollectionError
from unfreeze.evaluation.activation_maps import ActivationMaps, Explain, Squares, through_graph, through_torch
from unfreeze.images.decode import decode
from unfreeze.images.table import ImageRow
from unfreeze.learner.learner import Learner
from unfreeze.network.groups import POOLED

PLAIN = 0
"""The view that is explained: what validation and prediction see."""


def activation_maps(
    learner: Learner, pictures: Sequence[ImageRow | str | Path], *, classes: Sequence[int] | None = None
) -> ActivationMaps:
    """What pictures show for a class, on the plain view, under the learner's weights as they are now.

    A packaged body that is as it was published is asked through its graph, without torch.

    Args:
        learner: The learner.
        pictures: Rows of its table, or files, at least one.
        classes: Index of the class asked about for each picture; the most probable one unless said otherwise.

    Returns:
        The maps, in the order of the pictures.

    Raises:
        SettingsError: If no stage of the network has positions, as in a body that mixes all of them at once.
        CollectionError: If a picture of the table was removed or changed since the scan, or a file is not there.
        PictureError: If a file is not a picture.
    """
    assert pictures, "there is nothing to explain"
    return _explain(learner)(np.stack([_square(learner, picture) for picture in pictures]), classes)  # (N, 3, S, S)


def _explain(learner: Learner) -> Explain:
    """The way that a learner's network can be asked."""
    prefix = learner.model.prefix(POOLED)
    if isinstance(prefix, PackagedPrefix):
        engine = open_maps(prefix.graph(), size_px=learner.data.transform.size_px)
        assert engine, "packaged bodies end in an average over positions"
        return through_graph(engine, learner.model.head)
    return through_torch(learner.network)


def _square(learner: Learner, picture: ImageRow | str | Path) -> Squares:
    """What the network sees of a picture, shape (3, S, S)."""
    table, transform = learner.data.table, learner.data.transform
    if isinstance(picture, ImageRow):
        return read_squares(table, transform, picture, (PLAIN,))[0]
    try:
        data = Path(picture).read_bytes()
    except OSError as error:
        raise CollectionError(f"{picture}: cannot be read ({error.strerror})", subject=picture) from error
    image = decode(data, path=picture, short_side_px=transform.short_side_px)
    return transform(image, content="", number=PLAIN)  # the plain view depends on no content
