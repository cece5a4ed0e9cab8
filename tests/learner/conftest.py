"""A small collection and a learner on it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL.Image import Image

from made import MakeCollection
from unfreeze.images.decode import decode
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner


@pytest.fixture
def data(make_collection: MakeCollection) -> ImageData:
    counts = {"train/red": 10, "train/blue": 10, "valid/red": 4, "valid/blue": 4}
    return replace(ImageData.from_folder(make_collection(counts), size_px=64), threads=1)


@pytest.fixture
def learner(data: ImageData) -> Iterator[Learner]:
    learner = Learner(data)
    learner.batch_size = 8
    yield learner
    learner.close()


@pytest.fixture
def decoded(data: ImageData, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the pictures that are decoded after the scan, in order."""
    seen: list[str] = []

    def spy(content: bytes, *, path: str | Path, short_side_px: int | None = None) -> Image:
        seen.append(str(path))
        return decode(content, path=path, short_side_px=short_side_px)

    monkeypatch.setattr("unfreeze.activations.extract.decode", spy)
    return seen
