"""Labelled pictures with a bundle's answers, their distances computed together."""

from pathlib import Path

import numpy as np
import pytest

from made import write_collection
from serving import write_bundle
from unfreeze.deploy.predictor import Predictor
from unfreeze.evaluation.novelty import Novelty
from unfreeze.images.collection import collection_layout
from unfreeze.recipe.labelled import predict_labelled


def test_distances_are_computed_together_and_are_those_of_the_predictor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(write_bundle(tmp_path / "model", certain=True))
    counts = dict.fromkeys(predictor.classes[:2], 20)
    pictures = write_collection(tmp_path / "pictures", counts)
    (pictures / predictor.classes[0] / "broken.png").write_bytes(b"nothing")
    layout = collection_layout(pictures, needs_training=False)
    asked: list[int] = []
    scores = Novelty.scores

    def counted(novelty: Novelty, features: np.ndarray) -> np.ndarray:
        asked.append(len(features))
        return scores(novelty, features)

    monkeypatch.setattr(Novelty, "scores", counted)
    found = predict_labelled(predictor, layout, layout.files)
    assert asked == [32, 8]
    assert len(found.images.quarantined) == 1
    expected = predictor.predict([pictures / path for path in found.table.paths])
    assert np.array_equal(found.table.probabilities, np.array([row.probabilities for row in expected], np.float32))
    assert found.table.distances == pytest.approx([row.distance for row in expected], abs=1e-6)
