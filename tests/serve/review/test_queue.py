from pathlib import Path

import numpy as np
import pytest

from made import write_collection
from unfreeze.audit.findings import Finding, Kind
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits
from unfreeze.images.scan import scan_folder
from unfreeze.images.table import ImageTable
from unfreeze.serve.review.queue import Subject, review_queue


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    counts = {"train/red": 3, "train/blue": 3, "valid/red": 2, "valid/blue": 2}
    return scan_folder(write_collection(tmp_path / "pictures", counts))


def predictions(table: ImageTable, logits: list[list[float]]) -> PredictionTable:
    rows = table.of_split("valid")
    return table_from_logits(
        np.array(logits, np.float32),
        classes=table.classes,
        paths=[row.path for row in rows],
        splits=[row.split for row in rows],
        targets=[row.label for row in rows],
    )


RIGHT = [[2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.0, 2.0]]  # two blue ones, two red ones


def test_what_must_be_mended_comes_first_and_of_each_subject_the_surest(table: ImageTable) -> None:
    findings = [
        Finding(Kind.DUPLICATE, "train/red/000.png", "train", "train/red/001.png", 1.0),
        Finding(Kind.LABEL, "train/red/000.png", "train", "blue", 0.7, "labelled red"),
        Finding(Kind.LABEL, "train/blue/001.png", "train", "red", 0.9),
        Finding(Kind.LEAK, "train/red/002.png", "train", "valid/red/000.png", 0.9),
        Finding(Kind.CONTRADICTION, "train/red/002.png", "train", "train/blue/000.png", 0.8),
        Finding(Kind.BLANK, "train/red/001.png", "train"),
        Finding(Kind.TINY, "train/red/001.png", "train"),
        Finding(Kind.IMBALANCE),
    ]
    queue = review_queue(table, predictions(table, [[1.0, 2.0], [0.0, 2.0], [0.0, 2.0], [2.0, 0.0]]), findings)
    assert [(item.subject.value, item.paths) for item in queue] == [
        ("contradiction", ("train/red/002.png", "train/blue/000.png")),
        ("leak", ("train/red/002.png", "valid/red/000.png")),
        ("label", ("train/blue/001.png",)),
        ("label", ("train/red/000.png",)),
        ("mistake", ("valid/blue/001.png",)),
        ("mistake", ("valid/red/001.png",)),
        ("mistake", ("valid/blue/000.png",)),
        ("duplicate", ("train/red/000.png", "train/red/001.png")),
        ("blank", ("train/red/001.png",)),
    ]
    label, mistake = queue[3], queue[4]
    assert (label.suggested, label.score, label.detail) == (("blue",), 0.7, "labelled red")
    assert mistake.suggested == ("red",)
    assert mistake.score == pytest.approx(1 - 1 / (1 + np.exp(2.0)))
    assert mistake.detail == "labelled blue, the model says red"


def test_what_is_about_other_pictures_is_passed_over_and_nothing_comes_twice(table: ImageTable) -> None:
    one = Finding(Kind.LABEL, "train/red/000.png", "train", "green", 0.7)
    gone = Finding(Kind.LEAK, "train/red/000.png", "train", "valid/red/gone.png", 1.0)
    (item,) = review_queue(table, predictions(table, RIGHT), [one, one, gone])
    assert (item.subject, item.suggested) == (Subject.LABEL, ())  # green is no class of the run
