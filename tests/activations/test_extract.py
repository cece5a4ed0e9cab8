"""Extraction: each picture is decoded and computed once, and a stopped run goes on where it was."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from unfreeze.activations import extract
from unfreeze.activations.engines import Floats
from unfreeze.activations.extract import Extractor, read_squares
from unfreeze.activations.prefix import FrozenPrefix
from unfreeze.activations.rounding import as_stored
from unfreeze.activations.store import ActivationStore
from unfreeze.errors import CollectionError
from unfreeze.images.decode import decode
from unfreeze.images.scan import scan_folder
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.transforms.transform import Transform
from unfreeze.transforms.views import Augment

TRANSFORM = Transform(size_px=64)


def channel_means(squares: npt.NDArray[np.uint8]) -> Floats:
    means: Floats = squares.mean(axis=(2, 3), dtype=np.float64).astype(np.float32)
    return means


class CountingEngine:
    """Means of the channels as activations (N, 3); counts the squares that it is given."""

    def __init__(self) -> None:
        self.batch_size = 1
        self.batches: list[int] = []

    def run(self, squares: npt.NDArray[np.uint8]) -> Floats:
        self.batches.append(len(squares))
        return channel_means(squares)

    @property
    def squares(self) -> int:
        return sum(self.batches)


class CountedPrefix:
    """A prefix whose engine counts; the engine is made when it is asked for."""

    def __init__(self, key: str = "counted") -> None:
        self.key = key
        self.notes: list[str] = []
        self.counting = CountingEngine()

    @property
    def engine(self) -> CountingEngine:
        return self.counting

    def graph(self) -> Path:
        raise AssertionError("extraction needs no graph of its own")


@pytest.fixture
def prefix() -> CountedPrefix:
    return CountedPrefix()


@pytest.fixture
def engine(prefix: CountedPrefix) -> CountingEngine:
    return prefix.counting


@pytest.fixture
def table(make_collection: Callable[..., Path]) -> ImageTable:
    return scan_folder(make_collection({"train/red": 5, "train/blue": 4, "valid/red": 2, "valid/blue": 2}))


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActivationStore]:
    with ActivationStore(tmp_path_factory.mktemp("store")) as store:
        yield store


@pytest.fixture
def extractor(table: ImageTable, prefix: CountedPrefix, store: ActivationStore) -> Extractor:
    return Extractor(table=table, transform=TRANSFORM, prefix=prefix, store=store)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the pictures in the order in which they were decoded."""
    paths: list[str] = []

    def note(data: bytes, *, path: str, short_side_px: int | None = None) -> Image.Image:
        paths.append(path)
        return decode(data, path=path, short_side_px=short_side_px)

    monkeypatch.setattr(extract, "decode", note)
    return paths


def stored(extractor: Extractor, view: int = 0) -> Floats:
    """What lies in the store for one view of each row of the table."""
    keys = extractor.keys(extractor.table.rows, view)
    found = extractor.store.get(keys)
    return np.stack([found[key] for key in keys])


def means(table: ImageTable, view: int = 0, transform: Transform = TRANSFORM) -> Floats:
    """What the counting engine gives for each row of a table, computed here, as it is stored."""
    squares = np.stack([read_squares(table, transform, row, (view,))[0] for row in table.rows])
    return np.stack([as_stored(values) for values in channel_means(squares)])


@pytest.mark.parametrize("batch_size", [1, 4, 32])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("views", [(0,), (0, 2, 1)])
def test_each_activation_lies_under_the_key_of_its_picture_and_view(
    extractor: Extractor,
    table: ImageTable,
    engine: CountingEngine,
    batch_size: int,
    threads: int,
    views: tuple[int, ...],
) -> None:
    engine.batch_size = batch_size
    order = [table.rows[index] for index in (3, 0, 12, 7, 1, 2, 9, 4, 5, 6, 8, 10, 11)]
    replace(extractor, threads=threads)(order, views=views)
    for view in views:
        assert np.array_equal(stored(extractor, view), means(table, view)), view
    assert len({stored(extractor, view).tobytes() for view in views}) == len(views)
    assert engine.squares == 13 * len(views)
    assert max(engine.batches) == min(batch_size, 13 * len(views))


@pytest.mark.parametrize("threads", [1, 2])
def test_several_views_decode_each_picture_once(
    extractor: Extractor, table: ImageTable, decoded: list[str], threads: int
) -> None:
    replace(extractor, threads=threads)(table.rows, views=(0, 1, 2, 3))
    assert sorted(decoded) == sorted(row.path for row in table.rows)


def test_only_views_that_are_missing_are_drawn(
    extractor: Extractor, table: ImageTable, engine: CountingEngine, decoded: list[str]
) -> None:
    extractor(table.rows[:2])
    extractor(table.rows[1:2], views=(1,))
    decoded.clear()
    extractor(table.rows[:3], views=(0, 1))
    assert engine.squares == 3 + 1 + 2  # one view of the first picture, none of the second, two of the third
    assert sorted(decoded) == sorted(row.path for row in (table.rows[0], table.rows[2]))


def test_views_that_are_all_plain_are_computed_once(
    extractor: Extractor, table: ImageTable, engine: CountingEngine
) -> None:
    same = replace(extractor, transform=replace(TRANSFORM, augment=Augment.NONE))
    same(table.rows, views=(0, 1, 2))
    assert engine.squares == len(table.rows)
    assert np.array_equal(stored(same, 2), means(table))


def test_a_row_that_is_asked_for_twice_is_computed_once(
    extractor: Extractor, table: ImageTable, engine: CountingEngine
) -> None:
    extractor([table.rows[0], table.rows[1], table.rows[0]])
    assert engine.squares == 2


def test_two_files_with_the_same_bytes_are_computed_once(
    make_collection: Callable[..., Path], extractor: Extractor, engine: CountingEngine
) -> None:
    root = make_collection({"train/red": 2, "valid/red": 1, "train/blue": 2, "valid/blue": 1}, "twins")
    (root / "train/red/copy.png").write_bytes((root / "train/red/000.png").read_bytes())
    twins = replace(extractor, table=scan_folder(root))
    twins(twins.table.rows)
    assert engine.squares == 6
    assert np.array_equal(stored(twins), means(twins.table))
    assert len(stored(twins)) == 7


def test_what_is_stored_needs_neither_engine_nor_file(
    extractor: Extractor, table: ImageTable, engine: CountingEngine
) -> None:
    extractor(table.rows)
    for row in table.rows:
        (table.root / row.path).unlink()

    class NoEngine(CountedPrefix):
        @property
        def engine(self) -> CountingEngine:
            raise AssertionError("there is nothing to compute")

    replace(extractor, prefix=NoEngine())(table.rows)
    assert engine.squares == len(table.rows)


def test_activations_belong_to_their_view_transform_and_prefix(
    extractor: Extractor, table: ImageTable, engine: CountingEngine, prefix: CountedPrefix
) -> None:
    rows = table.rows[:2]
    extractor(rows)
    extractor(rows, views=(1,))
    replace(extractor, transform=replace(TRANSFORM, crop_share=0.5))(rows)
    assert engine.squares == 6
    prefix.key = "other-weights"
    extractor(rows)
    assert engine.squares == 8


def test_progress_counts_to_the_number_of_activations(extractor: Extractor, table: ImageTable) -> None:
    seen: list[tuple[int, int]] = []
    extractor(table.rows[:3])
    extractor(table.rows[:5], views=(0, 1), progress=lambda done, total: seen.append((done, total)))
    # Three of ten are there; the last two pictures lack both views and come first, the others lack one each.
    assert seen == [(5, 10), (7, 10), (8, 10), (9, 10), (10, 10), (10, 10)]


def test_progress_is_told_where_nothing_is_missing(extractor: Extractor, table: ImageTable) -> None:
    seen: list[tuple[int, int]] = []
    extractor(table.rows)
    extractor([table.rows[0]] * 3, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 3)]


def test_nothing_is_asked_of_no_pictures(extractor: Extractor, engine: CountingEngine) -> None:
    extractor([])
    assert engine.squares == 0


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("bytes_per_transaction", [10**6, 12 * 20])  # all at the end, or after each 21 activations
def test_a_stopped_extraction_goes_on_where_it_was(
    make_collection: Callable[..., Path],
    extractor: Extractor,
    engine: CountingEngine,
    monkeypatch: pytest.MonkeyPatch,
    threads: int,
    bytes_per_transaction: int,
) -> None:
    monkeypatch.setattr(extract, "BYTES_PER_TRANSACTION", bytes_per_transaction)
    table = scan_folder(make_collection({"red": 40, "blue": 40}, "many"))
    many = replace(extractor, table=table, threads=threads)

    def interrupt(done: int, total: int) -> None:
        if done == 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        many(table.rows, views=(0, 1), progress=interrupt)
    computed = engine.squares
    assert computed < 160  # what was waiting for a thread is given up
    many(table.rows, views=(0, 1))
    assert engine.squares - computed == 160 - 60  # what was computed is kept
    assert np.array_equal(stored(many, 1), means(table, 1))


def test_activations_are_kept_as_they_come(
    extractor: Extractor, table: ImageTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "BYTES_PER_TRANSACTION", 3 * 12)  # more than three arrays of three float32
    kept: list[int] = []
    extractor(table.rows, progress=lambda done, total: kept.append(extractor.store.usage().entries))
    assert kept == [0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 13]


def test_an_error_of_one_picture_keeps_what_was_computed_before_it(
    extractor: Extractor, table: ImageTable, engine: CountingEngine
) -> None:
    (table.root / table.rows[6].path).unlink()
    with pytest.raises(CollectionError):
        extractor(table.rows)
    assert len(extractor.store.has(extractor.keys(table.rows, 0))) == 6


def test_a_changed_picture_is_named(extractor: Extractor, table: ImageTable) -> None:
    row = table.rows[1]
    Image.new("RGB", (50, 50)).save(table.root / row.path)
    with pytest.raises(CollectionError, match=rf"{row.path}: changed since the folder was scanned") as caught:
        extractor(table.rows)
    assert caught.value.subject == row.path


def test_a_removed_picture_is_named(extractor: Extractor, table: ImageTable) -> None:
    row = table.rows[2]
    (table.root / row.path).unlink()
    with pytest.raises(CollectionError, match=rf"{row.path}: No such file .*; it was there when") as caught:
        extractor(table.rows)
    assert caught.value.subject == row.path


def test_squares_of_several_views_are_those_of_each_alone(table: ImageTable) -> None:
    row: ImageRow = table.rows[0]
    together = read_squares(table, TRANSFORM, row, (2, 0, 1))
    alone = [read_squares(table, TRANSFORM, row, (view,))[0] for view in (2, 0, 1)]
    assert all(np.array_equal(*pair) for pair in zip(together, alone, strict=True))
    assert all((square.shape, square.dtype) == ((3, 64, 64), np.dtype(np.uint8)) for square in together)
    assert len({square.tobytes() for square in together}) == 3


def test_store_threads_and_company_change_no_bit(
    table: ImageTable, packaged_prefix: FrozenPrefix, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With a new store and a kept one, on one thread and on two, all views at once and one after the other."""
    kept = tmp_path_factory.mktemp("kept")
    found: list[list[Floats]] = []
    for folder, threads, calls in (
        (kept, 1, [(0, 1)]),
        (kept, 1, [(0, 1)]),
        (tmp_path_factory.mktemp("fresh"), 2, [(1,), (0,)]),
    ):
        with ActivationStore(folder) as store:
            extractor = Extractor(
                table=table, transform=TRANSFORM, prefix=packaged_prefix, store=store, threads=threads
            )
            for views in calls:
                extractor(table.rows, views=views)
            found.append([stored(extractor, view) for view in (0, 1)])
    plain, augmented = found[0]
    assert (plain.shape, plain.dtype) == ((13, 1280), np.dtype(np.float32))
    assert not np.array_equal(plain, augmented)
    for again in found[1:]:
        assert np.array_equal(again[0], plain)
        assert np.array_equal(again[1], augmented)
    square = read_squares(table, TRANSFORM, table.rows[4], (0,))[0]
    assert np.array_equal(plain[4], as_stored(packaged_prefix.engine.run(square[np.newaxis])[0]))
