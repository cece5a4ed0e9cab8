"""What is computed once is read from then on, and what is of a trained body goes with the learner."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unfreeze.activations.extract import read_squares
from unfreeze.activations.plan import entry_bytes
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.learner.observer import Silent
from unfreeze.training.batches import Examples
from unfreeze.transforms.views import Augment


def everything(examples: Examples) -> np.ndarray:
    """Inputs of all examples, in order."""
    ((inputs, labels),) = examples.batches([range(len(examples.targets))])
    assert labels.tolist() == examples.targets.tolist()
    return inputs


def stored_bytes(cache: Path) -> int:
    return sum(path.stat().st_size for path in (cache / "activations").rglob("*") if path.is_file())


@pytest.fixture
def unstored(data: ImageData) -> Iterator[Learner]:
    learner = Learner(data, use_store=False)
    yield learner
    learner.close()


def test_pooled_activations_are_those_of_the_squares(learner: Learner) -> None:
    rows, table = learner.data.table.of_split("valid"), learner.data.table
    for view in (0, 2):
        squares = [read_squares(table, learner.data.transform, row, (view,))[0] for row in rows]
        expected = learner.model.body().engine.run(np.stack(squares))
        found = everything(learner.source.stored("valid", view))
        assert found.shape == (8, 1280)
        assert np.array_equal(found, expected.astype(np.float16))


def test_views_that_are_asked_for_soon_are_drawn_at_once(learner: Learner, decoded: list[str]) -> None:
    everything(learner.source.stored("train", 1, ahead=(1, 2, 3)))
    assert len(decoded) == 20
    for view in (2, 3):
        everything(learner.source.stored("train", view, ahead=(1, 2, 3)))
    assert len(decoded) == 20
    everything(learner.source.stored("train", 0))
    assert len(decoded) == 40


def test_activations_of_the_pretrained_body_outlive_the_learner(
    learner: Learner, data: ImageData, decoded: list[str]
) -> None:
    first = everything(learner.source.stored("train", 0))
    learner.close()
    decoded.clear()
    again = Learner(data)
    assert np.array_equal(everything(again.source.stored("train", 0)), first)
    assert decoded == []
    again.close()


def test_nothing_is_kept_without_a_store(unstored: Learner, own_cache: Path) -> None:
    everything(unstored.source.stored("train", 0))
    assert stored_bytes(own_cache) == 0


def test_activations_of_a_trained_body_are_not_kept(learner: Learner, own_cache: Path) -> None:
    learner.evaluate()
    learner.unfreeze()
    before = stored_bytes(own_cache)
    assert before > 0
    learner.fit(1e-3, 1)
    learner.evaluate(tta_views=1)
    assert stored_bytes(own_cache) == before


def test_a_sample_is_the_same_at_each_call(learner: Learner) -> None:
    samples = [everything(learner.source.stored_sample("train", 7)) for _ in range(2)]
    assert samples[0].shape == (7, 1280)
    assert np.array_equal(samples[0], samples[1])
    whole = everything(learner.source.stored("train", 0))
    assert all(any(np.array_equal(row, other) for other in whole) for row in samples[0])
    assert len(everything(learner.source.stored_sample("valid", 1000))) == 8


@pytest.mark.parametrize("augment", ["trivial", "rand"])
def test_views_that_were_stored_for_milder_changes_are_missing(learner: Learner, data: ImageData, augment: str) -> None:
    for split in ("train", "valid"):
        everything(learner.source.stored(split, 0, ahead=(1,)))  # side_on: what answers are averaged over as well
    with closing(Learner(replace(data, transform=replace(data.transform, augment=Augment(augment))))) as other:
        assert other.source.missing("train", (0, 1)) == 20
        assert other.source.missing("valid", (0, 1)) == 0
        other.source.training(1)
        assert other.source.missing("train", (0, 1, 2, 3)) == 0


def test_what_another_process_removed_is_computed_again(learner: Learner, decoded: list[str]) -> None:
    examples = learner.source.stored("valid", 0)
    before = everything(examples)
    examples.store.clear()
    decoded.clear()
    ((found, _),) = examples.batches([[5, 2, 5]])
    assert np.array_equal(found, before[[5, 2, 5]])
    rows = learner.data.table.of_split("valid")
    assert sorted(decoded) == sorted(rows[index].path for index in (5, 2))


def test_training_takes_activations_at_the_cut_or_squares(learner: Learner) -> None:
    assert everything(learner.source.training(1)).shape == (20, 1280)
    learner.freeze_to(1)
    inputs = everything(learner.source.training(1))
    assert (inputs.shape, inputs.dtype) == ((20, 80, 4, 4), np.dtype(np.float32))
    learner.unfreeze()
    inputs = everything(learner.source.training(1, size_px=32))
    assert (inputs.shape, inputs.dtype) == ((20, 3, 32, 32), np.dtype(np.uint8))
    assert everything(learner.source.training(1)).shape == (20, 3, 64, 64)


def test_stored_views_come_round_again_and_others_do_not(learner: Learner) -> None:
    assert [learner.source.augmented_view(epoch) for epoch in range(5)] == [1, 2, 3, 1, 2]
    learner.unfreeze()
    assert [learner.source.augmented_view(epoch) for epoch in range(5)] == [1, 2, 3, 4, 5]


class Notes(Silent):
    """Keeps what the user is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.mark.parametrize(
    ("limit_bytes", "cut", "views"),
    [
        (20 * 4 * entry_bytes(80 * 4 * 4), "block4", [1, 2, 3, 1]),
        (20 * 3 * entry_bytes(80 * 4 * 4), "block4", [1, 2, 1, 2]),
        (20 * 2 * entry_bytes(80 * 4 * 4) - 1, "pixels", [1, 2, 3, 4]),
    ],
)
def test_what_is_stored_of_a_late_body_fits_the_cache(
    data: ImageData, limit_bytes: int, cut: str, views: list[int]
) -> None:
    """20 pictures, as 80 maps of 4 x 4 each before the fourth block: a view of all of them is 20 entries."""
    told = Notes()
    learner = Learner(data, observer=told, limit_bytes=limit_bytes)
    learner.batch_size = 8  # a head at zero gives the body no gradient in the first step
    learner.freeze_to(1)
    assert learner.model.cut == cut
    assert [learner.source.augmented_view(epoch) for epoch in range(4)] == views
    assert len(told.notes) == 1
    assert ("training reads pictures" in told.notes[0]) == (cut == "pixels")
    before = learner.model.arrays()
    learner.fit(1e-3, 1)
    after = learner.model.arrays()
    assert np.array_equal(before["stages.block3.0.conv_pw.weight"], after["stages.block3.0.conv_pw.weight"])
    assert not np.array_equal(before["stages.block4.0.conv_pw.weight"], after["stages.block4.0.conv_pw.weight"])
    learner.close()
