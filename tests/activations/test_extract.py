"""Extraction: each picture is computed once, in order, and a stopped run goes on where it was."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from unfreeze.activations import extract
from unfreeze.activations.engines import Floats, OnnxEngine, TorchEngine
from unfreeze.activations.export import ExportMismatch
from unfreeze.activations.extract import ROWS_PER_TRANSACTION, Extractor, FrozenPrefix, read_square
from unfreeze.activations.store import ActivationStore
from unfreeze.errors import CollectionError, RunError
from unfreeze.images.scan import scan_folder
from unfreeze.images.table import ImageTable
from unfreeze.network.build import build_network
from unfreeze.transforms.transform import Transform

TRANSFORM = Transform(size_px=64)


def channel_means(squares: npt.NDArray[np.uint8]) -> Floats:
    means: Floats = squares.mean(axis=(2, 3), dtype=np.float64).astype(np.float32)
    return means


class CountingEngine:
    """Means of the channels as activations (N, 3); counts the squares that it is given."""

    def __init__(self, batch_size: int = 1) -> None:
        self.batch_size = batch_size
        self.batches: list[int] = []

    def run(self, squares: npt.NDArray[np.uint8]) -> Floats:
        self.batches.append(len(squares))
        return channel_means(squares)

    @property
    def squares(self) -> int:
        return sum(self.batches)


@pytest.fixture
def counting_engine() -> CountingEngine:
    return CountingEngine()


@pytest.fixture
def counted_prefix(counting_engine: CountingEngine, tmp_path: Path) -> FrozenPrefix:
    """A prefix whose engine counts instead of computing."""
    network = build_network("mobilenetv3_small_050", classes=2, pretrained=False)
    prefix = FrozenPrefix(network, "head", size_px=64, graphs=tmp_path, device=torch.device("cpu"))
    prefix.engine = counting_engine
    return prefix


@pytest.fixture
def table(make_collection: Callable[..., Path]) -> ImageTable:
    return scan_folder(make_collection({"train/red": 5, "train/blue": 4, "valid/red": 2, "valid/blue": 2}))


@pytest.fixture
def extractor(table: ImageTable, counted_prefix: FrozenPrefix) -> Extractor:
    return Extractor(table=table, transform=TRANSFORM, prefix=counted_prefix, store=None)


def means(table: ImageTable) -> Floats:
    """What the counting engine gives for each row of a table, computed here."""
    squares = [read_square(table, TRANSFORM, row, 0) for row in table.rows]
    return channel_means(np.stack(squares))


@pytest.mark.parametrize("batch_size", [1, 4, 32])
@pytest.mark.parametrize("threads", [1, 3])
def test_activations_come_in_the_order_of_the_rows(
    extractor: Extractor, table: ImageTable, counting_engine: CountingEngine, batch_size: int, threads: int
) -> None:
    counting_engine.batch_size = batch_size
    expected = means(table)
    order = [3, 0, 12, 7, 1, 2, 9]
    found = replace(extractor, threads=threads)([table.rows[index] for index in order])
    assert np.array_equal(found, expected[order])
    assert max(counting_engine.batches) == min(batch_size, len(order))


def test_a_row_that_is_asked_for_twice_is_computed_once(
    extractor: Extractor, table: ImageTable, counting_engine: CountingEngine
) -> None:
    found = extractor([table.rows[0], table.rows[1], table.rows[0]])
    assert np.array_equal(found, means(table)[[0, 1, 0]])
    assert counting_engine.squares == 2


def test_two_files_with_the_same_bytes_are_computed_once(
    make_collection: Callable[..., Path], counted_prefix: FrozenPrefix, counting_engine: CountingEngine
) -> None:
    root = make_collection({"train/red": 2, "valid/red": 1, "train/blue": 2, "valid/blue": 1})
    (root / "train/red/copy.png").write_bytes((root / "train/red/000.png").read_bytes())
    table = scan_folder(root)
    found = Extractor(table=table, transform=TRANSFORM, prefix=counted_prefix, store=None)(table.rows)
    assert (len(found), counting_engine.squares) == (7, 6)
    assert np.array_equal(found, means(table))


def test_what_is_stored_needs_neither_engine_nor_file(
    extractor: Extractor, table: ImageTable, counting_engine: CountingEngine, tmp_path: Path
) -> None:
    with ActivationStore(tmp_path) as store:
        stored = replace(extractor, store=store)
        first = stored(table.rows[:5])
        (table.root / table.rows[0].path).unlink()
        second = stored(table.rows)
    assert counting_engine.squares == len(table.rows)
    assert np.array_equal(second[:5], first)


def test_stored_activations_are_those_of_their_view_transform_and_prefix(
    extractor: Extractor, table: ImageTable, counting_engine: CountingEngine, tmp_path: Path
) -> None:
    with ActivationStore(tmp_path) as store:
        stored = replace(extractor, store=store)
        stored(table.rows[:2])
        stored(table.rows[:2], view=1)
        replace(stored, transform=replace(TRANSFORM, crop_share=0.5))(table.rows[:2])
        assert counting_engine.squares == 6
        stored.prefix.key = "other-weights"
        stored(table.rows[:2])
        assert counting_engine.squares == 8


def test_progress_counts_to_the_number_of_rows(extractor: Extractor, table: ImageTable, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with ActivationStore(tmp_path) as store:
        stored = replace(extractor, store=store)
        stored(table.rows[:3])
        stored(table.rows[:6], progress=lambda done, count: seen.append((done, count)))
    assert seen == [(3, 6), (4, 6), (5, 6), (6, 6)]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_stopped_extraction_goes_on_where_it_was(
    make_collection: Callable[..., Path],
    counted_prefix: FrozenPrefix,
    counting_engine: CountingEngine,
    tmp_path: Path,
    threads: int,
) -> None:
    table = scan_folder(make_collection({"red": 80, "blue": 80}))
    stop = ROWS_PER_TRANSACTION + 30

    def interrupt(done: int, count: int) -> None:
        if done == stop:
            raise KeyboardInterrupt

    with ActivationStore(tmp_path) as store:
        extractor = Extractor(table=table, transform=TRANSFORM, prefix=counted_prefix, store=store, threads=threads)
        with pytest.raises(KeyboardInterrupt):
            extractor(table.rows, progress=interrupt)
        computed = counting_engine.squares
        assert computed < len(table.rows)  # what was waiting for a thread is given up
        found = extractor(table.rows)
    assert counting_engine.squares - computed == len(table.rows) - stop  # what was computed is kept
    assert np.array_equal(found, means(table))


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


@pytest.fixture
def packaged(table: ImageTable, packaged_prefix: FrozenPrefix) -> Extractor:
    return Extractor(table=table, transform=TRANSFORM, prefix=packaged_prefix, store=None)


def test_store_and_threads_change_no_bit(packaged: Extractor, table: ImageTable, tmp_path: Path) -> None:
    expected = packaged(table.rows)
    assert (expected.shape, expected.dtype) == ((13, 1280), np.dtype(np.float32))
    assert np.array_equal(replace(packaged, threads=2)(table.rows), expected)
    with ActivationStore(tmp_path) as store:
        stored = replace(packaged, store=store)
        assert np.array_equal(stored(table.rows[4:9]), expected[4:9])
        assert np.array_equal(stored(table.rows), expected)
        assert np.array_equal(stored(table.rows), expected)


def test_each_view_has_its_own_activations(packaged: Extractor, table: ImageTable) -> None:
    plain, first, second = (packaged(table.rows[:2], view=view) for view in (0, 1, 2))
    assert not np.array_equal(plain, first)
    assert not np.array_equal(first, second)
    assert np.array_equal(packaged(table.rows[:2], view=1), first)


@pytest.mark.parametrize(
    "error", [ExportMismatch("too far off"), torch.onnx.OnnxExporterError("no such operator \x1b[96mred\nnext line")]
)
def test_torch_stands_in_where_the_export_fails(
    packaged: Extractor, table: ImageTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(extract, "export_graph", fail)
    network = build_network(classes=2)
    prefix = FrozenPrefix(network, "head", size_px=64, graphs=tmp_path, device=torch.device("cpu"))
    assert prefix.notes == []
    found = replace(packaged, prefix=prefix)(table.rows)
    assert isinstance(prefix.engine, TorchEngine)
    assert prefix.notes == [f"the frozen part runs in torch, which is slower: {str(error)[:16].strip()}"]
    expected = packaged(table.rows)
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_a_graph_is_exported_once_for_its_weights_and_size(
    packaged_prefix: FrozenPrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported: list[Path] = []
    monkeypatch.setattr(extract, "export_graph", lambda module, path, **_: exported.append(path))
    network, graphs = build_network(classes=9), packaged_prefix.graph().parent
    again = FrozenPrefix(network, "head", size_px=64, graphs=graphs, device=torch.device("cpu"))
    assert isinstance(again.engine, OnnxEngine)
    assert (exported, again.graph(), again.key) == ([], packaged_prefix.graph(), packaged_prefix.key)
    FrozenPrefix(network, "head", size_px=96, graphs=graphs, device=torch.device("cpu")).graph()
    with torch.no_grad():
        network.get_parameter("stages.stem.0.weight").add_(1)
    FrozenPrefix(network, "head", size_px=64, graphs=graphs, device=torch.device("cpu")).graph()
    assert len(set(exported)) == 2


def test_a_graph_that_lies_damaged_in_the_cache_is_exported_anew(packaged_prefix: FrozenPrefix, tmp_path: Path) -> None:
    network = build_network(classes=2)
    prefix = FrozenPrefix(network, "head", size_px=64, graphs=tmp_path, device=torch.device("cpu"))
    graph = tmp_path / packaged_prefix.graph().name
    graph.write_bytes(b"no graph")
    squares = np.zeros((1, 3, 64, 64), np.uint8)
    assert np.array_equal(prefix.engine.run(squares), packaged_prefix.engine.run(squares))
    assert graph.stat().st_size > 1_000_000
    assert prefix.notes == []


def test_a_folder_of_graphs_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    network = build_network("resnet18", classes=2, pretrained=False)
    prefix = FrozenPrefix(network, "head", size_px=32, graphs=tmp_path / "file", device=torch.device("cpu"))
    with pytest.raises(RunError, match=r"cannot be written .* set UNFREEZE_CACHE"):
        _ = prefix.engine
