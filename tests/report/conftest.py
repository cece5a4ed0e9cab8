"""What a report is made of, with names that a hostile user chose."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from made import write_collection
from recorded import falling_sweep, four_epochs
from unfreeze.evaluation import metrics
from unfreeze.evaluation.activation_maps import ActivationMaps
from unfreeze.evaluation.certainty import Certainty, fit_certainty
from unfreeze.evaluation.class_gains import ClassGain, ClassGains
from unfreeze.evaluation.learning_curve import LearningCurve
from unfreeze.evaluation.novelty import fit_novelty
from unfreeze.evaluation.predictions import table_from_logits
from unfreeze.images.scan import scan_folder
from unfreeze.images.table import ImageRow
from unfreeze.report.page import ReportContent
from unfreeze.training.history import History
from unfreeze.training.lr_band import LrBand
from unfreeze.training.lr_find import LrSweep
from unfreeze.transforms.transform import Transform

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def sweep() -> LrSweep:
    return falling_sweep()


@pytest.fixture
def history() -> History:
    return four_epochs()


@pytest.fixture
def content(tmp_path: Path, sweep: LrSweep, history: History) -> ReportContent:
    counts = {f"{split}/{name}": n for split, n in (("train", 4), ("valid", 4)) for name in ("red", HOSTILE)}
    table = scan_folder(write_collection(tmp_path / "pictures", counts))
    rows = table.of_split("valid")
    logits = np.array([[2.0, 0.0]] * 7 + [[-1.0, 1.0]], np.float32)
    predictions = table_from_logits(
        logits,
        classes=table.classes,
        paths=[row.path for row in rows],
        splits=[row.split for row in rows],
        targets=[row.label for row in rows],
    )
    figures = {
        "measure": "accuracy",
        "accuracy": metrics.accuracy(predictions),
        "accuracy_interval": metrics.accuracy_interval(predictions),
        "valid_loss": metrics.mean_loss(predictions),
        "tta_accuracy": None,
        "classes": list(table.classes),
        "train_images": 8,
        "valid_images": 8,
        "test_images": 0,
        "quarantined": 0,
        "kept": "step 4, weights of epoch 2",
        "kept_epoch": 1,
        "snapshots": None,
        "steps": [
            {"number": 2, "name": "find", "outcome": HOSTILE, "seconds": 1.0, "accuracy": None, "valid_loss": None},
            {"number": 3, "name": "train", "outcome": "good", "seconds": 2.0, "accuracy": 0.5, "valid_loss": 0.7},
        ],
    }
    return ReportContent(
        title=HOSTILE,
        table=table,
        predictions=predictions,
        transform=Transform(size_px=32),
        history=history,
        sweeps={2: LrBand((sweep,))},
        rates={2: "0.01, as given"},
        figures=figures,
        facts={"settings": {"seed": 0}, "receipt": {"data": HOSTILE}},
    )


LOGITS = np.array([[2.0, 0.0]] * 7 + [[-1.0, 1.0]], np.float32)
"""Those of `content`, in the order of its pictures."""


@pytest.fixture
def certainty() -> Certainty:
    """What a model knows that was asked about 39 pictures beside the page's; the bound is a distance of 0.5."""
    features = np.eye(40, dtype=np.float32)[:39]
    novelty = fit_novelty(features[:5], features)
    novelty = replace(novelty, bound=replace(novelty.bound, value=0.5))
    found = fit_certainty(np.tile(LOGITS, (5, 1)), np.array([0, 0, 0, 0, 1, 1, 1, 1] * 5), novelty=novelty)
    calibration = replace(found.calibration, held_out=found.calibration.held_out[:8])
    return replace(found, calibration=calibration)


@pytest.fixture
def known(content: ReportContent, certainty: Certainty) -> ReportContent:
    """A report with all sections: of its eight pictures the last two are strange."""
    probabilities = content.predictions.objective.probabilities(LOGITS / certainty.temperature).astype(np.float32)
    predictions = replace(
        content.predictions,
        probabilities=probabilities,
        losses=content.predictions.objective.losses_of(probabilities, content.predictions.targets),
        tta=np.roll(probabilities, 1, axis=0),
    ).with_distances(np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.6, 0.9], np.float32))
    wrong = np.stack([[np.arange(50) < count for count in (20, 14, 10, 8)]] * 2).astype(np.int8)
    gains = tuple(ClassGain(label=label, pictures=9, gain=0.02 - label / 50, low=-0.01, high=0.05) for label in (1, 0))
    return replace(
        content,
        predictions=predictions,
        certainty=certainty,
        curve=LearningCurve(sizes=(10, 20, 40, 80), wrong=wrong),
        outlook_notes=("it was measured on <80> of 100 pictures", "of heads"),
        gains=ClassGains(added=50, gains=gains, too_small=(), best=None),
        explain=explained,
        facts={**content.facts, "settings": {"tta_views": 4}},
    )


def explained(rows: Sequence[ImageRow], classes: Sequence[int]) -> ActivationMaps:
    """Evidence for the second class on the right and for the first one on the left of black squares."""
    sides = np.array([[[1.0, -1.0]], [[-1.0, 1.0]]], np.float32)
    return ActivationMaps(
        squares=np.zeros((len(rows), 3, 32, 32), np.uint8),
        classes=np.array(classes),
        evidence=sides[list(classes)],
        logits=np.zeros((len(rows), 2), np.float32),
        exact=True,
    )
