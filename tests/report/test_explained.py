"""Why mistakes were made: the right classes are asked about, of the worst mistakes first."""

from dataclasses import replace

import numpy as np

from labelled import random_answers
from report.conftest import explained
from unfreeze.errors import SettingsError
from unfreeze.evaluation.predictions import table_from_logits
from unfreeze.report.explained import EXPLAINED, explained_view
from unfreeze.report.galleries import mistakes
from unfreeze.report.page import ReportContent


def test_the_class_said_and_the_true_one_are_asked_about(known: ReportContent) -> None:
    view = explained_view(known)
    assert view
    assert view.exact
    worst = mistakes(known.judged)
    assert [each.shown.path for each in view.mistakes] == [known.judged.paths[row] for row in worst]
    for each, row in zip(view.mistakes, worst, strict=True):
        assert (each.said, each.true) == (known.judged.predicted_names(row)[0], known.judged.true_names(row)[0])
        assert each.for_said != each.for_true
        assert each.square.startswith("data:image/jpeg")


def test_of_several_labels_the_surest_invented_and_the_least_sure_missed(known: ReportContent) -> None:
    asked: list[tuple[str, int]] = []

    def explain(rows, classes):  # type: ignore[no-untyped-def]
        asked.extend(zip((row.path for row in rows), classes, strict=True))
        return explained(rows, [0] * len(rows))

    rows = known.table.of_split("valid")
    logits, targets = random_answers(len(rows), 3)
    table = table_from_logits(
        logits, classes=("a", "b", "c"), paths=[r.path for r in rows], splits=["valid"] * len(rows), targets=targets
    )
    view = explained_view(replace(known, predictions=table, explain=explain))
    assert view
    assert len(view.mistakes) == min(EXPLAINED, int((~table.correct).sum()))
    half = len(asked) // 2
    for (path, said), (_, true) in zip(asked[:half], asked[half:], strict=True):
        row = table.paths.index(path)
        answers, truth = table.predicted[row], table.targets[row]
        invented, missed = np.flatnonzero(answers > truth), np.flatnonzero(truth > answers)
        if len(invented):
            assert said == invented[table.probabilities[row][invented].argmax()]
        if len(missed):
            assert true == missed[table.probabilities[row][missed].argmin()]
        assert len(invented) or said == true or len(missed) > 0


def test_nothing_is_explained_that_cannot_be(known: ReportContent) -> None:
    def fails(rows, classes):  # type: ignore[no-untyped-def]
        raise SettingsError("no stage has positions", subject="vit")

    assert explained_view(replace(known, explain=fails)) is None
    assert explained_view(replace(known, explain=None)) is None
    right = known.predictions.rows(np.flatnonzero(known.predictions.correct).tolist())
    assert explained_view(replace(known, predictions=right)) is None
