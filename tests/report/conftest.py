"""What a report is made of, with names that a hostile user chose."""

from pathlib import Path

import numpy as np
import pytest

from made import write_collection
from recorded import falling_sweep, four_epochs
from unfreeze.evaluation import metrics
from unfreeze.evaluation.predictions import table_from_logits
from unfreeze.images.scan import scan_folder
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
