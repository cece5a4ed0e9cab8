"""A small collection and a learner on it."""

from collections.abc import Iterator

import pytest

from made import MakeCollection
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.build import build_network


@pytest.fixture
def data(make_collection: MakeCollection) -> ImageData:
    counts = {"train/red": 10, "train/blue": 10, "valid/red": 4, "valid/blue": 4}
    return ImageData.from_folder(make_collection(counts), size_px=64)


@pytest.fixture
def learner(data: ImageData) -> Iterator[Learner]:
    learner = Learner(data, build_network(classes=2))
    learner.batch_size = 8
    yield learner
    learner.close()
