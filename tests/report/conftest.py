"""What a report is made of, with names that a hostile user chose."""

from pathlib import Path

import numpy as np
import pytest

from made import write_collection
from unfreeze.evaluation import metrics
from unfreeze.evaluation.predictions import table_from_logits
from unfreeze.images.scan import scan_folder
from unfreeze.report.page import ReportContent
from unfreeze.training.history import EpochRecord, History, StepRecord
from unfreeze.training.lr_find import LrSweep
from unfreeze.transforms.transform import Transform

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def sweep() -> LrSweep:
    rates = [10 ** (-7 + 8 * i / 40) for i in range(40)]
    losses = [2.0 - i / 30 for i in range(40)]
    suggestions = {"valley": rates[26], "steep": rates[20], "minimum": rates[39] / 10, "slide": rates[30]}
    return LrSweep(
        rates=tuple(rates), losses=tuple(losses), smoothed=tuple(losses), stopped="the end", suggestions=suggestions
    )


@pytest.fixture
def history() -> History:
    history = History()
    for epoch in range(4):
        for step in range(5):
            rates = {"early": 0.001, "late": 0.003, "head": 0.01 / (step + 1)}
            history.add_step(StepRecord(step=5 * epoch + step, epoch=epoch, loss=1.0, rates=rates))
        record = EpochRecord(
            epoch=epoch,
            stage=f"step {3 + epoch // 2}",
            cycle=epoch,
            ends_cycle=True,
            view=epoch,
            frozen=("early", "late"),
            train_loss=1.0 / (epoch + 1),
            train_accuracy=0.8,
            eval_loss=None,
            valid_loss=(0.9, 0.6, 0.4, 0.5)[epoch],
            valid_accuracy=0.75,
        )
        history.add_epoch(record)
    return history


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
        "accuracy": metrics.accuracy(predictions),
        "accuracy_interval": metrics.accuracy_interval(predictions),
        "valid_loss": metrics.mean_loss(predictions),
        "tta_accuracy": None,
        "classes": list(table.classes),
        "train_images": 8,
        "valid_images": 8,
        "test_images": 0,
        "quarantined": 0,
        "kept": "step 4",
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
        sweeps={2: sweep},
        rates={2: "0.01, as given"},
        figures=figures,
        facts={"settings": {"seed": 0}, "receipt": {"data": HOSTILE}},
    )
