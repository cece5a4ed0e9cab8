"""The top of the page: true to the table."""

from dataclasses import replace

import numpy as np
import pytest
import sklearn.metrics

from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.report.overview import overview
from unfreeze.report.page import ReportContent


def test_accuracy_interval_and_averages_are_those_of_the_table(content: ReportContent) -> None:
    view, table = overview(content), content.judged
    assert view
    assert (view.right, view.pictures) == (5, 8)
    assert (view.low, view.high) == wilson_interval(5, 8)
    cards = {card.name: card.value for card in view.cards}
    balanced = sklearn.metrics.balanced_accuracy_score(table.targets, table.predicted)
    assert cards["Balanced accuracy"] == f"{100 * balanced:.1f} %"
    assert (
        cards["Macro F1"] == f"{100 * sklearn.metrics.f1_score(table.targets, table.predicted, average='macro'):.1f} %"
    )
    assert cards["Loss"] == f"{table.losses.mean():.4f}"
    assert view.lead == "Expect it to be wrong about 14 to 69 of 100 new pictures of the same kind"
    assert view.found.startswith("Weakest class: ")


@pytest.mark.parametrize("share", [0.0, 0.31, 0.625, 0.999, 1.0])
def test_the_scale_holds_the_interval(content: ReportContent, share: float) -> None:
    rows = np.flatnonzero(content.correct)[:1].tolist() * round(1000 * share)
    rows += np.flatnonzero(~content.correct)[:1].tolist() * (1000 - len(rows))
    view = overview(replace(content, predictions=content.predictions.rows(rows)))
    assert view
    assert 0 <= view.at(view.low) <= view.at(view.accuracy) <= view.at(view.high) <= 100


def test_without_pictures_there_is_no_verdict(content: ReportContent) -> None:
    assert overview(replace(content, predictions=content.predictions.rows([]))) is None


def test_the_test_figure_stands_beside(content: ReportContent) -> None:
    tested = {**content.figures, "test_images": 12, "test_accuracy": 0.75, "test_accuracy_interval": (0.47, 0.91)}
    view = overview(replace(content, figures=tested))
    assert view
    card = next(card for card in view.cards if card.name == "Test accuracy")
    assert (card.value, card.more) == ("75.0 %", "47.0 to 91.0 %, 12 pictures")
