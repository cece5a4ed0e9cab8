"""What a seed draws."""

import pytest

from benchmarks.research.datasets import Dataset, drawn
from made import MakeCollection
from unfreeze.images.table import ImageRow
from unfreeze.learner.data import ImageData

COUNTS = {"train/red": 9, "train/blue": 6, "valid/red": 4, "valid/blue": 3}


@pytest.fixture
def data(make_collection: MakeCollection) -> ImageData:
    return ImageData.from_folder(make_collection(COUNTS), size_px=32)


def dataset(data: ImageData, train: int, valid: int | None = None, wrong_labels: float = 0.0) -> Dataset:
    return Dataset(
        name="colours",
        about="two colours",
        read=lambda _: data,
        train=train,
        valid=valid,
        batch_size=4,
        wrong_labels=wrong_labels,
    )


def folders(rows: tuple[ImageRow, ...]) -> list[str]:
    return sorted(row.path.split("/")[1] for row in rows)


def test_a_seed_draws_training_pictures_of_each_class(data: ImageData) -> None:
    few = dataset(data, 5)
    first, again, other = (drawn(few, data, seed).table for seed in (0, 0, 1))
    assert folders(first.of_split("train")) == ["blue"] * 5 + ["red"] * 5
    assert first.rows == again.rows != other.rows
    assert first.of_split("valid") == other.of_split("valid") == data.table.of_split("valid")
    assert list(first.rows) == sorted(first.rows, key=lambda row: row.path)
    assert drawn(few, data, 0).batch_size == 4


def test_a_class_with_fewer_pictures_gives_all(data: ImageData) -> None:
    assert folders(drawn(dataset(data, 8), data, 0).table.of_split("train")) == ["blue"] * 6 + ["red"] * 8


def test_validation_pictures_are_the_same_few(data: ImageData) -> None:
    first, other = (drawn(dataset(data, 2, valid=2), data, seed).table.of_split("valid") for seed in (0, 1))
    assert first == other
    assert folders(first) == ["blue"] * 2 + ["red"] * 2


def test_wrong_labels_are_a_part_of_the_training_pictures_alone(data: ImageData) -> None:
    table = drawn(dataset(data, 5, wrong_labels=0.3), data, 0).table
    wrong = [row.split for row in table.rows if table.classes[row.label] != row.path.split("/")[1]]
    assert wrong == ["train"] * 3
