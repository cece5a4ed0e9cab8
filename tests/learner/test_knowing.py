"""What a learner's model knows: fitted when it is asked for, kept by nobody, and read a few pictures at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from made import MakeCollection
from unfreeze.errors import CollectionError
from unfreeze.evaluation import novelty
from unfreeze.evaluation.calibration import calibrate, probabilities_at
from unfreeze.images.table import ImageRow
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner


@pytest.fixture
def larger(make_collection: MakeCollection) -> Iterator[Learner]:
    """20 validation pictures, enough to refuse."""
    counts = {"train/red": 8, "train/blue": 6, "valid/red": 10, "valid/blue": 10, "test/red": 2}
    learner = Learner(replace(ImageData.from_folder(make_collection(counts), size_px=64), threads=1))
    learner.batch_size = 8
    learner.fit(0.01, 2)
    yield learner
    learner.close()


def test_a_table_is_calibrated_only_where_it_is_asked_for(larger: Learner) -> None:
    plain, logits = larger.evaluate(), larger.logits("valid")
    known = larger.certainty()
    assert known.temperature == calibrate(logits, plain.targets).temperature
    known = replace(known, calibration=replace(known.calibration, temperature=2.0))
    again = larger.evaluate()
    assert again.distances is None
    assert again.probabilities.tobytes() == plain.probabilities.tobytes()
    found = larger.evaluate(("valid", "test"), tta_views=1, certainty=known)
    expected = probabilities_at(logits, known.temperature)
    assert found.of_split("valid").probabilities == pytest.approx(expected, abs=1e-6)
    views = [probabilities_at(larger.logits("valid", view=view), known.temperature) for view in (0, 1)]
    assert found.tta is not None
    assert found.tta[:20] == pytest.approx(np.mean(views, axis=0), abs=1e-6)
    assert larger.tta(1, certainty=known).probabilities == pytest.approx(expected, abs=1e-6)


def test_distances_are_to_the_training_pictures(larger: Learner) -> None:
    known = larger.certainty()
    assert known.novelty
    rows = larger.data.table.of_split("train")
    by_hand = novelty.fit_novelty(larger.source.pooled(rows), larger.source.pooled(larger.data.table.of_split("valid")))
    found = larger.evaluate(("valid", "test"), certainty=known).distances
    assert found is not None
    pictures = [*larger.data.table.of_split("valid"), *larger.data.table.of_split("test")]
    assert found == pytest.approx(by_hand.scores(larger.source.pooled(pictures)), abs=1e-6)
    assert known.novelty.bound.value == pytest.approx(by_hand.bound.value, abs=1e-6)


def test_only_the_training_pictures_that_are_kept_are_read(larger: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty, "MOST_REFERENCES", 10)
    monkeypatch.setattr(novelty, "NEIGHBOURS", 2)
    pooled, read = larger.source.pooled, []

    def spy(rows: Sequence[ImageRow]) -> np.ndarray:
        read.append([row.path for row in rows])
        return pooled(rows)

    monkeypatch.setattr(larger.source, "pooled", spy)
    known = larger.certainty()
    assert known.novelty
    assert known.novelty.references.shape[0] == 10
    assert len(read) == 1
    assert sorted(path.split("/")[1] for path in read[0]) == ["blue"] * 5 + ["red"] * 5


def test_few_validation_pictures_refuse_nothing(learner: Learner) -> None:
    known = learner.certainty()
    assert (known.novelty, known.sets) == (None, None)
    assert learner.evaluate(certainty=known).distances is None


def test_without_validation_pictures_there_is_nothing_to_fit_on(learner: Learner) -> None:
    table = learner.data.table
    learner.data = replace(learner.data, table=replace(table, rows=table.of_split("train")))
    with pytest.raises(CollectionError, match="no validation pictures; certainty is fitted on them"):
        learner.certainty()
