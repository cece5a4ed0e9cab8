"""Batches of stored activations and of pictures, and the order in which they come."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from small import HeldExamples, noise_features
from unfreeze.activations.extract import read_squares
from unfreeze.activations.store import ActivationStore
from unfreeze.errors import CollectionError
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.training import batches as batches_module
from unfreeze.training.batches import Batch, Pictures, StoredActivations, each_once, in_groups, shuffled
from unfreeze.transforms.render import Squared
from unfreeze.transforms.transform import Transform

TRANSFORM = Transform(size_px=32, seed=3)


def pictures_of(table: ImageTable, *, view: int = 1, threads: int = 1) -> Pictures:
    return Pictures(table, table.rows, TRANSFORM, view, threads)


def assert_same(found: list[Batch], expected: list[Batch]) -> None:
    assert len(found) == len(expected)
    for (inputs, labels), (other_inputs, other_labels) in zip(found, expected, strict=True):
        assert inputs.dtype == other_inputs.dtype
        assert np.array_equal(inputs, other_inputs)
        assert labels.dtype == other_labels.dtype == np.int64
        assert np.array_equal(labels, other_labels)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActivationStore]:
    with ActivationStore(tmp_path_factory.mktemp("store")) as store:
        yield store


def no_refill(indices: Sequence[int]) -> None:
    pytest.fail(f"{indices} were computed again")


def stored(store: ActivationStore, values: npt.NDArray[np.float32], targets: npt.ArrayLike) -> StoredActivations:
    keys = [index.to_bytes(16, "big") for index in range(len(values))]
    store.put(dict(zip(keys, values, strict=True)))
    return StoredActivations(store, keys, np.asarray(targets), no_refill)


def test_stored_activations_come_as_asked_for(store: ActivationStore) -> None:
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    first, second = stored(store, values, [5, 6, 7, 8]).batches([[2, 0], [3]])
    assert first[0].tolist() == [[6, 7, 8], [0, 1, 2]]
    assert first[1].tolist() == [7, 5]
    assert second[0].tolist() == [[9, 10, 11]]
    assert second[1].tolist() == [8]
    assert first[0].dtype == np.float32
    assert first[1].dtype == np.int64


def test_pictures_of_the_same_bytes_share_an_entry_and_keep_their_labels(store: ActivationStore) -> None:
    single = stored(store, np.ones((1, 3), np.float32), [0])
    twice = replace(single, keys=[*single.keys] * 2, targets=np.array([4, 5]))
    inputs, labels = next(twice.batches([[1, 0, 1]]))
    assert inputs.tolist() == [[1, 1, 1]] * 3
    assert labels.tolist() == [5, 4, 5]


def test_batch_is_a_copy_of_the_stored_activations(store: ActivationStore) -> None:
    examples = stored(store, np.ones((2, 3), np.float32), [0, 1])
    next(examples.batches([[0, 1]]))[0][...] = 0
    assert next(examples.batches([[0, 1]]))[0].sum() == 6


def test_activations_are_read_when_their_batch_is_asked_for(
    store: ActivationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples, read = stored(store, np.zeros((6, 3), np.float32), [0] * 6), []
    get = store.get

    def note(keys: Sequence[bytes]) -> dict[bytes, npt.NDArray[np.float32]]:
        read.append(len(keys))
        return get(keys)

    monkeypatch.setattr(store, "get", note)
    batches = examples.batches([[0, 1, 2], [3, 4], [5]])
    assert read == []
    next(batches)
    assert read == [3]
    next(batches)
    assert read == [3, 2]


def test_what_another_process_removed_is_computed_again(store: ActivationStore) -> None:
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    examples, asked = stored(store, values, [5, 6, 7, 8]), []

    def refill(indices: Sequence[int]) -> None:
        asked.append(list(indices))
        store.put({examples.keys[index]: values[index] for index in indices})

    expected = list(examples.batches([[2, 0], [3, 1]]))
    batches = replace(examples, refill=refill).batches([[2, 0], [3, 1]])
    found = [next(batches)]
    assert asked == []
    store.clear()
    assert_same([*found, *batches], expected)
    assert asked == [[3, 1]]


@pytest.mark.parametrize("view", [0, 2])
def test_pictures_and_their_stored_squares_are_the_same_training(
    table: ImageTable, store: ActivationStore, view: int
) -> None:
    pictures = pictures_of(table, view=view)
    squares = np.stack([read_squares(table, TRANSFORM, row, (view,))[0] for row in table.rows])
    groups = shuffled(9, 2, seed=1, epoch=4)
    found = list(pictures.batches(groups))
    floats = [(inputs.astype(np.float32), labels) for inputs, labels in found]  # grey levels are whole in float16 too
    assert_same(floats, list(stored(store, squares.astype(np.float32), pictures.targets).batches(groups)))
    assert found[0][0].shape == (2, 3, 32, 32)
    assert found[0][0].dtype == np.uint8
    assert [len(labels) for _, labels in found] == [2, 2, 2, 2, 1]
    assert [label for _, labels in found for label in labels] == [table.rows[i].label for g in groups for i in g]


def test_number_of_threads_changes_nothing(table: ImageTable) -> None:
    groups = shuffled(9, 4, seed=0, epoch=0)
    assert_same(
        list(pictures_of(table, threads=1).batches(groups)), list(pictures_of(table, threads=2).batches(groups))
    )


def test_pictures_know_their_labels(table: ImageTable) -> None:
    assert list(pictures_of(table).targets) == [0, 0, 0, 0, 1, 1, 1, 1, 1]


def test_removed_picture_is_an_error_and_leaves_no_thread(table: ImageTable) -> None:
    (table.root / table.rows[3].path).unlink()
    before = threading.active_count()
    with pytest.raises(CollectionError, match="it was there when the folder was scanned") as error:
        list(pictures_of(table, threads=2).batches(in_groups(range(9), 2)))
    assert error.value.subject == table.rows[3].path
    assert threading.active_count() == before


@pytest.fixture
def slow_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths in the order in which they were read, each read taking a twentieth of a second."""
    paths: list[str] = []

    def read(table: ImageTable, transform: Transform, row: ImageRow, views: Sequence[int]) -> list[Squared]:
        paths.append(row.path)
        time.sleep(0.05)
        return [np.zeros((3, 32, 32), np.uint8) for _ in views]

    monkeypatch.setattr(batches_module, "read_squares", read)
    return paths


@pytest.mark.parametrize("threads", [1, 2])
def test_abandoned_batches_leave_no_thread_and_no_work(table: ImageTable, slow_reads: list[str], threads: int) -> None:
    before = threading.active_count()
    groups = [list(range(9))] * 20
    batches = pictures_of(table, threads=threads).batches(groups)
    next(batches)
    assert threading.active_count() == before + threads
    batches.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert len(slow_reads) < 18  # the first batch and what was in work; of 27 waiting ones most were let go


def test_pictures_are_read_only_a_few_batches_ahead(table: ImageTable, slow_reads: list[str]) -> None:
    batches = pictures_of(table, threads=2).batches([[0]] * 40)
    next(batches)
    time.sleep(0.4)
    assert len(slow_reads) == 1 + batches_module.BATCHES_AHEAD
    batches.close()  # type: ignore[attr-defined]


@given(st.integers(1, 200), st.integers(1, 70), st.integers(0, 2**32), st.integers(0, 50))
def test_shuffled_covers_each_index_once(count: int, batch_size: int, seed: int, epoch: int) -> None:
    groups = shuffled(count, batch_size, seed=seed, epoch=epoch)
    assert sorted(index for group in groups for index in group) == list(range(count))
    assert [len(group) for group in groups[:-1]] == [batch_size] * (len(groups) - 1)
    assert 1 <= len(groups[-1]) <= batch_size


def test_shuffled_is_decided_by_seed_and_epoch_only() -> None:
    order = shuffled(50, 8, seed=1, epoch=2)
    np.random.seed(7)
    assert shuffled(50, 8, seed=1, epoch=2) == order
    assert [i for group in shuffled(50, 50, seed=1, epoch=2) for i in group] == [i for group in order for i in group]
    assert shuffled(50, 8, seed=1, epoch=3) != order
    assert shuffled(50, 8, seed=2, epoch=2) != order
    assert shuffled(50, 8, seed=2, epoch=1) != order


@pytest.mark.parametrize(
    ("count", "size", "groups"), [(0, 2, []), (2, 2, [[0, 1]]), (3, 2, [[0, 1], [2]]), (2, 5, [[0, 1]])]
)
def test_groups_keep_a_smaller_last_one(count: int, size: int, groups: list[list[int]]) -> None:
    assert in_groups(range(count), size) == groups


@given(st.integers(0, 200), st.integers(1, 70))
def test_each_once_reads_all_examples_in_order(count: int, batch_size: int) -> None:
    examples = noise_features(count)
    found = list(each_once(examples, batch_size))
    assert_same(found, list(examples.batches(in_groups(range(count), batch_size))))
    assert sum(len(targets) for _, targets in found) == count


class Faulty(HeldExamples):
    """Examples that come otherwise than they were asked for."""

    change: Callable[[list[Batch]], list[Batch]]

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        yield from self.change(list(super().batches(indices)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found[:-1], "fewer batches were read than the 3 that were asked for"),
        (lambda found: [*found, found[0]], "more batches were read than the 3 that were asked for"),
        (lambda found: [(found[0][0][1:], found[0][1]), *found[1:]], "3 examples were read, 4 were asked for"),
        (lambda found: [found[1], found[0], *found[2:]], "targets are of other examples"),
    ],
)
def test_each_once_stops_where_examples_are_left_out_doubled_or_mixed_up(
    change: Callable[[list[Batch]], list[Batch]], message: str
) -> None:
    examples = Faulty(np.arange(10.0), np.arange(10))
    vars(examples)["change"] = change
    with pytest.raises(AssertionError, match=message):
        list(each_once(examples, 4))
