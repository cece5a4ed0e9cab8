"""fastai's learner on the packaged body, built as fastai's documentation builds one for a model of timm's.

Batch size (64), workers (one a core up to 16), head, optimiser and layer groups are fastai's own. Squares are those of
its quick start, `Resize(size)`; views of training are `aug_transforms()`. `ChannelsLast` is what its documentation
offers for CPUs as well. Nothing is written beside the pictures.
"""

import argparse
import tempfile
import warnings
from typing import Any

from fastai.vision.all import (
    BnFreeze,
    ChannelsLast,
    ImageDataLoaders,
    Normalize,
    Resize,
    ResizeMethod,
    accuracy,
    aug_transforms,
    vision_learner,
)

from benchmarks.competitors.weights import ARCHITECTURE, MEAN, STD, load_body

warnings.filterwarnings("ignore")  # of torch's deprecations; they are fastai's affair


def make_learner(options: argparse.Namespace, *, augment: bool, train_bn: bool) -> Any:
    """A learner that is frozen up to its head.

    Args:
        options: What `question` asked for.
        augment: Whether training pictures are augmented.
        train_bn: False lets BatchNorm stand still in the frozen body: statistics, scale and shift.

    Returns:
        The `Learner`.
    """
    method = ResizeMethod.Squish if options.squash else ResizeMethod.Crop
    views = aug_transforms(do_flip=not options.upright) if augment else []
    loaders = ImageDataLoaders.from_folder(
        options.folder,
        item_tfms=Resize(options.size, method=method),
        batch_tfms=[*views, Normalize.from_stats(MEAN, STD, cuda=False)],
    )
    learner = vision_learner(
        loaders,
        ARCHITECTURE,
        normalize=False,  # the packaged weights want other statistics than timm's: they are given above
        pretrained=False,  # they are loaded below
        metrics=accuracy,
        cbs=[ChannelsLast()] if train_bn else [ChannelsLast(), BnFreeze()],
        train_bn=train_bn,
        path=tempfile.mkdtemp(prefix="fastai-"),
    )
    load_body(learner.model[0].model)
    learner.freeze()
    return learner


def last_epoch(learner: Any) -> tuple[float, float]:
    """Accuracy and mean loss on the validation pictures after the epoch trained last."""
    _, valid_loss, found = learner.recorder.values[-1]
    return float(found), float(valid_loss)
