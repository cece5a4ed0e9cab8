"""What the page says in words, of one class a picture and of any number of labels."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labelled import labelled_table
from unfreeze.evaluation import metrics
from unfreeze.evaluation.labels import label_figures, mean_average_precision
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits
from unfreeze.report.page import ReportContent, report_page
from unfreeze.report.words import caption, verdict
from unfreeze.training.objective import targets_of
from unfreeze.transforms.transform import Transform

FIGURES: dict[str, Any] = {"kept": None}


def several(logits: list[list[float]], targets: list[list[int]]) -> PredictionTable:
    return table_from_logits(
        np.array(logits, np.float32),
        classes=("framed", "red"),
        paths=[f"{index}.png" for index in range(len(logits))],
        splits=["valid"] * len(logits),
        targets=np.array(targets).reshape(-1, 2),
    )


def test_the_verdict_on_labels_can_be_checked_by_hand() -> None:
    found = [[3.0, 3.0], [3.0, -3.0], [3.0, 3.0], [-3.0, -3.0]]
    text = verdict(several(found, [[1, 1], [0, 1], [1, 1], [0, 0]]), FIGURES)
    # Wilson's interval of 3 of 4 is 30.1 to 95.4 %.
    assert text.startswith(
        "Expect it to be wrong in one label or more of 5 to 70 of 100 new pictures of the same kind."
    )
    # Both have two hits: framed one invented besides, red one missed; of equals the first is named.
    assert "Weakest label: framed, 100.0 % of its pictures were given it, and it is true of 66.7 % of those" in text


def test_the_verdict_on_classes_names_the_weakest_and_the_weights(content: ReportContent) -> None:
    text = verdict(content.predictions, content.figures)
    assert text.startswith("Expect it to be wrong about 14 to 69 of 100 new pictures of the same kind. Weakest class: ")
    assert "The weights kept (step 4, weights of epoch 2) are those with the lowest validation loss." in text


def test_labels_that_no_validation_picture_has_are_no_weakest_one() -> None:
    text = verdict(several([[-3.0, 3.0], [3.0, 3.0]], [[0, 1], [0, 1]]), FIGURES)
    assert "Weakest label: red, 100.0 % of its pictures" in text
    assert "No validation picture has a label." in verdict(several([[-3.0, -3.0]], [[0, 0]]), FIGURES)


@pytest.mark.parametrize(("logit", "is_worse"), [(9.0, True), (0.5, False)])
def test_losses_worse_than_guessing_are_said(logit: float, is_worse: bool) -> None:
    text = verdict(several([[logit, -logit], [logit, logit]], [[1, 1], [1, 1]]), FIGURES)
    assert ("worse than that of guessing" in text) is is_worse


def test_the_caption_of_a_mistake_names_what_is_wrong_with_its_probability() -> None:
    table = several([[np.log(3), -np.log(3)], [-1.0, -1.0]], [[0, 1], [0, 1]])
    assert caption(table, 0) == "true: red; said: framed (framed 75.0 %; red 25.0 %)"
    assert caption(table, 1) == "true: red; said: no label (red 26.9 %)"


def test_the_caption_of_a_wrong_class_is_what_it_was_taken_for(content: ReportContent) -> None:
    table = content.predictions.of_split("valid")
    index = int(np.flatnonzero(~table.correct)[0])
    name, other = table.true_names(index)[0], table.predicted_names(index)[0]
    assert caption(table, index) == f"{name}, taken for {other} (88.1 %; true class 11.9 %)"


@pytest.fixture
def several_content(content: ReportContent, tmp_path: Path) -> ReportContent:
    """Eight pictures of two labels: of one a label is missed, of one a label is invented."""
    table = labelled_table(tmp_path / "several", {"train": 1, "valid": 2})
    rows = table.of_split("valid")
    targets = targets_of(table, rows)
    logits = (4 * targets - 2).astype(np.float32)
    logits[0, 0] *= -1
    logits[7, 1] *= -2
    predictions = table_from_logits(
        logits, classes=table.classes, paths=[r.path for r in rows], splits=["valid"] * 8, targets=targets
    )
    figures = {
        **content.figures,
        "measure": "exact match",
        "accuracy": metrics.accuracy(predictions),
        "macro_f1": metrics.macro_f1(predictions),
        "mean_average_precision": mean_average_precision(predictions),
        "classes": list(table.classes),
    }
    return replace(content, table=table, predictions=predictions, figures=figures, transform=Transform(size_px=32))


def test_the_page_counts_each_label_and_shows_mistakes_with_all_their_labels(several_content: ReportContent) -> None:
    page, table = unescape(report_page(several_content)), several_content.predictions
    assert "6 of 8 validation pictures right in every label" in page
    for index in np.flatnonzero(~table.correct).tolist():
        assert caption(table, index) in page
    assert page.index(caption(table, 7)) < page.index(caption(table, 0))  # the worst first
    for row in label_figures(table):
        cells = re.search(rf"<bdi>{row['class']}</bdi></th>(.*?)</tr>", page, re.DOTALL)
        assert cells
        assert re.findall(r">(\d+)<", cells.group(1)) == [
            str(row[name]) for name in ("pictures", "hits", "missed", "invented", "rest")
        ]
        assert f"{100 * float(row['average_precision']):.1f}\u00a0%" in cells.group(1)
    assert page.count("<svg") == 3  # finder, losses, schedule
    assert "onfusion" not in page


def test_the_page_says_what_the_test_pictures_were_used_for(content: ReportContent) -> None:
    tested = {**content.figures, "test_images": 12, "test_accuracy": 0.75, "test_accuracy_interval": (0.47, 0.91)}
    page = report_page(replace(content, figures=tested))
    assert "Test accuracy" in page
    assert "The 12 test pictures had no part in any choice and were used once, at the end: accuracy 75.0 %" in page
    assert "used once" not in report_page(content)
