"""The galleries: the pictures that semantics name, no more than fit, with what is said of them."""

from dataclasses import replace

import numpy as np

from report.test_confusion import answered
from unfreeze.evaluation.selections import most_correct, most_incorrect, most_uncertain
from unfreeze.report.galleries import MOST_MISTAKES, MOST_OTHERS, galleries, mistakes, pictures_view, shown
from unfreeze.report.page import ReportContent


def test_each_gallery_has_the_pictures_of_its_kind(content: ReportContent) -> None:
    incorrect, uncertain, correct = galleries(content)
    table = content.judged
    paths = {gallery.key: [each.path for each in gallery.shown] for gallery in (incorrect, uncertain, correct)}
    assert sorted(paths["incorrect"]) == sorted(table.paths[row] for row in most_incorrect(table))
    assert sorted(paths["uncertain"]) == sorted(table.paths[row] for row in most_uncertain(table))
    assert paths["correct"] == [table.paths[row] for row in most_correct(table)]
    assert (incorrect.of, uncertain.of, correct.of) == (3, 8, 5)
    assert all(each.picture.startswith("data:image/jpeg") for each in incorrect.shown)


def test_mistakes_are_the_worst_of_each_class_and_a_few_of_each_pair_the_worst_first() -> None:
    random = np.random.default_rng(0)
    targets, said = random.integers(0, 4, 400), random.integers(0, 4, 400)
    table = answered(targets, said, 4)
    table = replace(table, losses=random.random(400))
    rows = mistakes(table)
    assert set(most_incorrect(table)) <= set(rows)
    assert [table.losses[row] for row in rows] == sorted((table.losses[row] for row in rows), reverse=True)
    assert not table.correct[rows].any()
    pairs = [(targets[row], said[row]) for row in rows]
    assert {pairs.count(pair) for pair in pairs} == {4}
    assert len(set(pairs)) == 12


def test_of_very_many_mistakes_and_classes_no_more_are_shown_than_fit() -> None:
    classes = 150
    targets = np.repeat(np.arange(classes), 2)
    table = answered(targets, (targets + 1) % classes, classes)
    assert len(mistakes(table)) == MOST_MISTAKES
    right = answered(targets, targets, classes)
    assert len(most_correct(right, count=max(1, MOST_OTHERS // classes))[:MOST_OTHERS]) == MOST_OTHERS


def test_what_is_shown_of_a_picture_and_what_can_be_filtered(content: ReportContent) -> None:
    table = content.judged
    row = int(np.flatnonzero(~table.correct)[0])
    found = shown(content, row)
    assert found.true_names == [table.true_names(row)[0]]
    assert found.said_names == [table.predicted_names(row)[0]]
    assert found.said_sure == table.probabilities[row].max()
    assert not found.right
    view = pictures_view(content)
    assert view
    assert (view.true, view.said) == ([0, 1], [0, 1])


def test_a_picture_that_has_gone_is_said_to(content: ReportContent) -> None:
    row = int(np.flatnonzero(~content.correct)[0])
    (content.table.root / content.judged.paths[row]).unlink()
    assert shown(content, row).picture == ""


def test_without_pictures_there_are_no_galleries(content: ReportContent) -> None:
    assert pictures_view(replace(content, predictions=content.predictions.rows([]))) is None
