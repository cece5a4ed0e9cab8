"""The learner's controls where a picture may have several labels: all work, and saves know their kind."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from labelled import labelled_data
from unfreeze.errors import RunError
from unfreeze.evaluation import metrics
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.learner.snapshots import ensemble_probabilities
from unfreeze.learner.state import STATE_FILE
from unfreeze.training.checkpoints import read_weights, write_weights
from unfreeze.training.objective import INDEPENDENT


@pytest.fixture
def several(tmp_path: Path) -> ImageData:
    return labelled_data(tmp_path / "several", {"train": 5, "valid": 3})


@pytest.fixture
def learner(several: ImageData) -> Iterator[Learner]:
    learner = Learner(several)
    yield learner
    learner.close()


def test_an_exact_fit_learns_both_labels(learner: Learner) -> None:
    record = learner.fit_exactly()
    assert record.measure == "exact match"
    assert record.valid_accuracy >= 0.8  # by chance 0.25
    table = learner.evaluate()
    assert (
        table.targets.tolist()
        == INDEPENDENT.targets([r.labels for r in learner.data.table.of_split("valid")], 2).tolist()
    )
    assert metrics.accuracy(table) == record.valid_accuracy
    assert metrics.mean_loss(table) == pytest.approx(record.valid_loss, rel=1e-9)
    assert np.array_equal(table.probabilities, INDEPENDENT.probabilities(learner.logits("valid")).astype(np.float32))


def test_test_time_augmentation_averages_sigmoids(learner: Learner) -> None:
    learner.fit_exactly()
    table = learner.tta(2)
    views = [INDEPENDENT.probabilities(learner.logits("valid", view=view)) for view in range(3)]
    assert table.tta == pytest.approx(np.mean(views, axis=0), abs=1e-6)
    assert table.tta is not None
    assert np.abs(table.tta.sum(1) - 1).max() > 0.1


def test_a_finder_and_cycles_of_the_whole_network_go_on_from_guessing(learner: Learner) -> None:
    band = learner.lr_find(end=1.0)
    assert band.sweeps[0].losses[0] == pytest.approx(math.log(2), rel=1e-5)
    learner.unfreeze()
    records = learner.fit([0.001, 0.003, 0.03], 2, cycle_len=1)
    assert records[-1].train_loss < math.log(2)
    scores = learner.compare_snapshots()
    assert scores is not None
    targets = learner.data.targets(learner.data.table.of_split("valid"))
    mean = ensemble_probabilities(learner.snapshots, INDEPENDENT)
    by_hand = [INDEPENDENT.probabilities(found.valid_logits) for found in learner.snapshots]
    assert mean == pytest.approx(np.mean(by_hand, axis=0), abs=1e-6)
    chosen = np.where(targets > 0, mean, 1 - mean).astype(float)
    assert scores.ensemble.mean_loss == pytest.approx(-np.log(chosen).mean(), rel=1e-4)
    assert scores.ensemble.correct == int(((mean > 0.5) == (targets > 0)).all(1).sum())
    assert scores.best.mean_loss == pytest.approx(min(record.valid_loss for record in records), rel=1e-4)
    table = learner.evaluate()
    squares = np.stack([learner.data.transform(_decoded(learner.data, path), number=0) for path in table.paths])
    assert learner.model.probabilities(squares) == pytest.approx(table.probabilities, abs=1e-4)


def _decoded(data: ImageData, path: str):  # type: ignore[no-untyped-def]
    from unfreeze.images.decode import decode

    row = next(row for row in data.table.rows if row.path == path)
    return decode(data.table.read(row), path=path, short_side_px=data.transform.short_side_px)


def test_what_was_saved_goes_on_to_the_last_bit(several: ImageData, tmp_path: Path) -> None:
    first, second = Learner(several), Learner(several)
    first.fit(0.05, 2)
    first.save(tmp_path / "saved")
    first.fit(0.05, 1)
    second.load(tmp_path / "saved")
    second.fit(0.05, 1)
    assert np.array_equal(first.model.head.weight, second.model.head.weight)
    assert first.history.epochs == second.history.epochs
    assert {record.measure for record in second.history.epochs} == {"exact match"}


def single(data: ImageData) -> ImageData:
    """The same pictures, those of one label alone, as pictures of one class."""
    rows = tuple(row for row in data.table.rows if len(row.labels) == 1)
    return replace(data, table=replace(data.table, rows=rows, multilabel=False))


def test_a_save_of_the_other_kind_is_refused(several: ImageData, tmp_path: Path) -> None:
    one, many = Learner(single(several)), Learner(several)
    one.save(tmp_path / "one")
    many.save(tmp_path / "many")
    with pytest.raises(RunError, match="one: saved with one label a picture, this learner's pictures have any number"):
        many.load(tmp_path / "one")
    with pytest.raises(RunError, match=r"many: saved with any number of labels a picture, this learner's .* one label"):
        one.load(tmp_path / "many")
    one.load(tmp_path / "one")


def test_a_save_from_before_there_were_several_labels_is_of_one(several: ImageData, tmp_path: Path) -> None:
    one = Learner(single(several))
    one.fit(0.05, 1)
    one.save(tmp_path / "old")
    arrays, facts = read_weights(tmp_path / "old" / STATE_FILE)
    plain = json.loads(json.dumps(facts))
    del plain["about"]["data"]["labels"]
    for record in (*plain["history"]["epochs"], plain["best"]["record"]):
        del record["measure"]
    write_weights(tmp_path / "old" / STATE_FILE, arrays, about=plain)
    one.load(tmp_path / "old")
    assert one.history.epochs[0].measure == "accuracy"
    with pytest.raises(RunError, match="saved with one label a picture"):
        Learner(several).load(tmp_path / "old")


def test_epochs_in_a_notebook_name_the_measure(learner: Learner) -> None:
    epochs = learner.fit(0.05, 1)
    assert "exact match" in repr(epochs).splitlines()[0]
    assert "<th>exact match</th>" in epochs._repr_html_()
