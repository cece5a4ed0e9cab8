"""Activation maps of a learner's pictures: through the graph and through torch, the same and exact."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from made import write_collection
from small import small_network
from unfreeze.errors import CollectionError
from unfreeze.evaluation.activation_maps import PICTURES_AT_A_TIME
from unfreeze.learner.data import ImageData
from unfreeze.learner.explaining import activation_maps
from unfreeze.learner.learner import Learner


def test_the_mean_of_a_map_is_the_logit_of_its_class(learner: Learner) -> None:
    learner.fit_exactly()
    rows = learner.data.table.rows[: PICTURES_AT_A_TIME + 2]
    found = activation_maps(learner, rows, classes=[1] * len(rows))
    assert found.exact
    assert found.squares.shape == (len(rows), 3, 64, 64)
    assert found.evidence.shape == (len(rows), 2, 2)
    assert found.evidence.mean((1, 2)) == pytest.approx(found.logits[:, 1], abs=1e-3)
    assert found.evidence[0].mean() != pytest.approx(found.logits[0, 0], abs=0.1)


def test_the_most_probable_class_is_asked_about_unless_said_otherwise(learner: Learner) -> None:
    learner.fit_exactly()
    rows = learner.data.table.of_split("valid")
    found = activation_maps(learner, rows)
    assert found.classes.tolist() == learner.evaluate().predicted.tolist()
    assert set(found.classes.tolist()) == {0, 1}


def test_torch_finds_what_the_graph_finds(learner: Learner) -> None:
    learner.fit_exactly()
    rows = learner.data.table.of_split("valid")
    graph = activation_maps(learner, rows)
    assert not learner.model.is_built
    with torch.no_grad():
        for parameter in learner.network.stages["block6"].parameters():
            parameter.mul_(1 + 1e-6)  # no longer as published, though nearly of the same values
    found = activation_maps(learner, rows)
    assert found.exact
    assert np.allclose(found.evidence, graph.evidence, atol=1e-3 * np.abs(graph.evidence).max())
    assert found.evidence.tolist() != graph.evidence.tolist()  # another engine


def test_a_network_of_the_users_own_is_explained(tmp_path: Path) -> None:
    data = ImageData.from_folder(write_collection(tmp_path, {"red": 5, "blue": 5, "green": 5}), size_px=32)
    learner = Learner(data, small_network())
    learner.fit_exactly()
    found = activation_maps(learner, data.table.rows[:3])
    assert found.exact
    expected = found.logits[range(3), found.classes]
    assert found.evidence.mean((1, 2)) == pytest.approx(expected, abs=1e-3)
    learner.close()


def test_files_are_explained_as_rows_are(learner: Learner, tmp_path: Path) -> None:
    learner.fit_exactly()
    row = learner.data.table.rows[0]
    path = learner.data.table.root / row.path
    as_row, as_file = activation_maps(learner, [row]), activation_maps(learner, [path])
    assert np.array_equal(as_file.squares, as_row.squares)
    assert np.array_equal(as_file.evidence, as_row.evidence)
    with pytest.raises(CollectionError, match=r"gone\.png: cannot be read"):
        activation_maps(learner, [str(tmp_path / "gone.png")])


def test_a_picture_that_has_gone_is_named(learner: Learner) -> None:
    row = learner.data.table.rows[0]
    (learner.data.table.root / row.path).unlink()
    with pytest.raises(CollectionError, match=row.path):
        activation_maps(learner, [row])


def test_a_packaged_body_is_explained_without_torch(tmp_path: Path) -> None:
    folder = write_collection(tmp_path, {"train/red": 3, "train/blue": 3, "valid/red": 1, "valid/blue": 1})
    code = (
        "import sys; from unfreeze import ImageData, Learner;"
        "from unfreeze.learner.explaining import activation_maps;"
        f"learner = Learner(ImageData.from_folder({str(folder)!r}, size_px=64)); learner.fit_exactly();"
        "assert activation_maps(learner, learner.data.table.rows).exact; assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
