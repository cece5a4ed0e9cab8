"""Activations from Ray's workers: the same store as one process makes, whoever is killed."""

import os
import signal
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from benchmarks.tiny import body_graph
from bulk.conftest import workers_of
from made import MakeCollection
from unfreeze.activations.engines import Engine, OnnxEngine
from unfreeze.activations.extract import Extractor
from unfreeze.activations.store import ActivationStore
from unfreeze.bulk import extraction
from unfreeze.bulk.extraction import extract_with_ray
from unfreeze.errors import CollectionError
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


def test_shards_join_into_the_store_of_one_process(
    make_collection: MakeCollection, tmp_path: Path, ray_workers: None
) -> None:
    pictures = make_collection({"train/red": 12, "train/blue": 12, "valid/red": 3, "valid/blue": 3})
    table, transform, prefix = scan_folder(pictures), Transform(size_px=32), Means(body_graph(tmp_path / "body.onnx"))
    stores = [tmp_path / name for name in ("alone", "joined")]
    for folder in stores:
        folder.mkdir()
    killed: list[int] = []
    join = extraction._join

    def killing(*words: object) -> None:
        if not killed:
            killed.extend(workers_of(os.getpid(), "ShardExtractor"))
            os.kill(killed[0], signal.SIGKILL)
        join(*words)  # type: ignore[arg-type]

    with ActivationStore(stores[0]) as alone, ActivationStore(stores[1]) as joined:
        one, several = (
            Extractor(table=table, transform=transform, prefix=prefix, store=store) for store in (alone, joined)
        )
        one(table.rows, views=VIEWS)
        several(table.rows[:4], views=VIEWS)
        with patch("unfreeze.bulk.extraction._join", side_effect=killing):
            extract_with_ray(several, table.rows, views=VIEWS, workers=2, shard_pictures=5)
        assert len(killed) == 2
        keys = [key for view in VIEWS for key in one.keys(table.rows, view)]
        expected, found = alone.get(keys), joined.get(keys)
        assert len(expected) == joined.usage().entries == 60
        assert all(np.array_equal(found[key], expected[key]) for key in keys)
        with patch("unfreeze.bulk.extraction.ray_session", side_effect=AssertionError("nothing is missing")):
            extract_with_ray(several, table.rows, views=VIEWS, workers=2)
        (pictures / table.rows[5].path).unlink()
        joined.clear()
        with pytest.raises(CollectionError, match=r"1 of 6 shards: .*it was there when the folder was scanned"):
            extract_with_ray(several, table.rows, views=VIEWS, workers=2, shard_pictures=5)
        assert joined.usage().entries == 50
