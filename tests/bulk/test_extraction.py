"""Activations from Ray's workers: the same store as one process makes, whoever is killed."""

import os
import signal
import sys
from pathlib import Path
from typing import cast
from unittest.mock import patch

import numpy as np
import onnx
import pytest

from benchmarks.tiny import body_graph
from bulk.conftest import workers_of
from made import MakeCollection, RunCli
from unfreeze.activations.engines import Engine, ExportMismatch, OnnxEngine
from unfreeze.activations.extract import Extractor
from unfreeze.activations.store import ActivationStore
from unfreeze.bulk import extraction
from unfreeze.bulk.extraction import extract_with_ray
from unfreeze.errors import CollectionError, RunError, SettingsError
from unfreeze.images.scan import scan_folder
from unfreeze.transforms.transform import Transform

pytestmark = [
    pytest.mark.distributed,
    pytest.mark.skipif(sys.platform != "linux", reason="finds workers in /proc"),
    # Ray reads fields of its own that it no longer wants, and does not wait for the processes that it ends
    pytest.mark.filterwarnings("ignore:`use_:DeprecationWarning:ray.data.context"),
    pytest.mark.filterwarnings("ignore:subprocess:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*Popen.__del__:pytest.PytestUnraisableExceptionWarning"),
]
VIEWS = (0, 1)


class Means:
    """The tiny body as a prefix."""

    key, notes = "means", list[str]()

    def __init__(self, graph: Path) -> None:
        self._graph = graph

    @property
    def engine(self) -> Engine:
        return OnnxEngine(self._graph)

    def graph(self) -> Path:
        return self._graph


def large_graph(path: Path) -> Path:
    """The tiny body in a file as large as real ones are: Ray holds small things otherwise."""
    model = onnx.load(body_graph(path))
    model.doc_string = "x" * 20_000_000
    onnx.save(model, path)
    return path


def entries_of(data: bytes, folder: Path) -> int:
    """Activations in a store that a worker has sent."""
    folder.mkdir()
    with ActivationStore(folder) as store:
        path = store.path
    path.write_bytes(data)
    with ActivationStore(folder) as store:
        return store.usage().entries


def test_shards_join_into_the_store_of_one_process(
    make_collection: MakeCollection, tmp_path: Path, ray_workers: None
) -> None:
    pictures = make_collection({"train/red": 12, "train/blue": 12, "valid/red": 3, "valid/blue": 3})
    table, transform, prefix = scan_folder(pictures), Transform(size_px=32), Means(large_graph(tmp_path / "body.onnx"))
    stores = [tmp_path / name for name in ("alone", "joined")]
    for folder in stores:
        folder.mkdir()
    killed, told, computed = list[int](), list[tuple[int, int]](), list[int]()
    join = extraction._join

    def killing(*words: object) -> None:
        if not killed:
            killed.extend(workers_of(os.getpid(), "ShardExtractor"))
            for worker in killed:  # one of them has come from its making to its work
                os.kill(worker, signal.SIGKILL)
        computed.append(entries_of(cast(bytes, words[1]), tmp_path / f"shard-{len(computed)}"))
        join(*words)  # type: ignore[arg-type]

    with ActivationStore(stores[0]) as alone, ActivationStore(stores[1]) as joined:
        one, several = (
            Extractor(table=table, transform=transform, prefix=prefix, store=store) for store in (alone, joined)
        )
        one(table.rows, views=VIEWS)
        several(table.rows[:4], views=VIEWS)
        several(table.rows[4:10])
        with patch("unfreeze.bulk.extraction._join", side_effect=killing):
            extract_with_ray(several, table.rows, views=VIEWS, workers=2, progress=lambda *done: told.append(done))
        assert len(killed) == 2
        assert sum(computed) == 60 - 2 * 4 - 6  # no view that was stored is computed again
        assert len(told) == 7  # shards of four: each worker has several, however few pictures there are
        assert told == sorted(told)
        assert told[-1] == (60, 60)
        keys = [key for view in VIEWS for key in one.keys(table.rows, view)]
        expected, found = alone.get(keys), joined.get(keys)
        assert len(expected) == joined.usage().entries == 60
        assert all(np.array_equal(found[key], expected[key]) for key in keys)
        with patch("unfreeze.bulk.extraction.ray_session", side_effect=AssertionError("nothing is missing")):
            extract_with_ray(several, table.rows, views=VIEWS, workers=2)
        (pictures / table.rows[5].path).unlink()
        joined.clear()
        with pytest.raises(CollectionError, match=r"1 of 10 shards: .*it was there when the folder was scanned"):
            extract_with_ray(several, table.rows, views=VIEWS, workers=2, shard_pictures=3)
        assert joined.usage().entries == 54


def test_the_command_with_ray_leaves_nothing_to_compute(
    run_cli: RunCli, make_collection: MakeCollection, ray_workers: None
) -> None:
    words = ("extract", make_collection({"red": 6, "blue": 6}), "--size", 32, "--views", 1, "--tta-views", 1)
    code, out, err = run_cli(*words, "--engine", "ray", "--workers", 2)
    assert (code, err) == (0, "")
    assert "24 activations: 0 were stored already, 24 computed (" in out
    assert "24 activations: 24 were stored already, 0 computed (" in run_cli(*words, "--workers", 1)[1]


def test_a_body_that_only_torch_computes_is_refused(make_collection: MakeCollection, tmp_path: Path) -> None:
    table = scan_folder(make_collection({"red": 2, "blue": 2}))

    class NoGraph(Means):
        def graph(self) -> Path:
            raise ExportMismatch("it uses what ONNX lacks")

    with ActivationStore(tmp_path) as store:
        extractor = Extractor(table=table, transform=Transform(size_px=32), prefix=NoGraph(tmp_path), store=store)
        message = (
            r"--engine ray needs a body that onnxruntime computes \(it uses what ONNX lacks\); take --engine local"
        )
        with pytest.raises(SettingsError, match=message):
            extract_with_ray(extractor, table.rows, workers=2)


class Unreadable(Transform):
    """A transform that no worker can be made with."""

    def __reduce__(self) -> tuple[type[int], tuple[str]]:
        return int, ("no number",)


def test_workers_that_cannot_be_made_are_an_error_that_says_how_to_go_on(
    make_collection: MakeCollection, tmp_path: Path, ray_workers: None
) -> None:
    table, prefix = scan_folder(make_collection({"red": 2, "blue": 2})), Means(body_graph(tmp_path / "body.onnx"))
    with ActivationStore(tmp_path) as store:
        extractor = Extractor(table=table, transform=Unreadable(size_px=32), prefix=prefix, store=store)
        with pytest.raises(RunError, match=r"ray: its workers cannot go on \(.*\); .* the same call goes on there"):
            extract_with_ray(extractor, table.rows, workers=1)
