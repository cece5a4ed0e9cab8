"""The galleries: the pictures that semantics name, no more than fit, with what is said of them."""

from dataclasses import replace

import numpy as np

from report.test_confusion import answered
from unfreeze.evaluation.selections import most_correct, most_incorrect, most_uncertain
from unfreeze.report.confusion import confusion_view
from unfreeze.report.galleries import MOST_MISTAKES, MOST_OTHERS, OF_A_PAIR, galleries, mistakes, pictures_view, shown
from unfreeze.report.page import ReportContent


def test_each_gallery_has_the_pictures_of_its_kind(content: ReportContent) -> None:
    incorrect, uncertain, correct = galleries(content)
    table = content.judged
    paths = {gallery.key: [each.path for each in gallery.shown] for gallery in (incorrect, uncertain, correct)}
    assert sorted(paths["incorrect"]) == sorted(table.paths[row] for row in most_incorrect(table))
    assert sorted(paths["uncertain"]) == sorted(table.paths[row] for row in most_uncertain(table))
    surest = sorted(most_correct(table), key=lambda row: float(table.losses[row]))
    assert paths["correct"] == [table.paths[row] for row in surest]
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


def many(content: ReportContent, targets: np.ndarray, said: np.ndarray, losses: np.ndarray) -> ReportContent:
    """A page of pictures that cannot be shown, of as many classes as there are targets."""
    table = replace(answered(targets, said, int(targets.max()) + 1), losses=losses)
    return replace(content, subject="new", table=replace(content.table, rows=()), predictions=table)


def test_each_confused_pair_of_the_page_has_pictures_however_many_classes_there_are(content: ReportContent) -> None:
    random = np.random.default_rng(0)
    targets = np.repeat(np.arange(30), 20)
    said = (targets + random.integers(1, 30, len(targets))) % 30  # all wrong, in any way
    targets, said = np.append(targets, [3] * 9), np.append(said, [4] * 9)
    losses = np.append(1 + random.random(600), np.full(9, 0.5))  # the most frequent mistake is the least bad one
    found = many(content, targets, said, losses)
    gallery = galleries(found)[0]
    pairs = [(each.true_names[0], each.said_names[0]) for each in gallery.shown]
    assert len(pairs) == MOST_MISTAKES
    for pair in confusion_view(found.judged).pairs:
        assert pairs.count((pair.true, pair.said)) >= min(OF_A_PAIR, pair.count)
    assert "There is room for 96" in gallery.text


def test_of_more_classes_than_fit_the_surest_are_shown_and_the_text_says_so(content: ReportContent) -> None:
    targets = np.arange(MOST_OTHERS + 20)
    losses = np.linspace(1, 0, len(targets))  # the last in the alphabet are the surest
    uncertain, correct = galleries(many(content, targets, targets, losses))
    assert [each.path for each in correct.shown] == [f"{row}.png" for row in reversed(range(20, MOST_OTHERS + 20))]
    for gallery in (uncertain, correct):
        assert gallery.text.endswith("Of these 60 the first 40 are shown.")
    assert not any("are shown" in gallery.text for gallery in galleries(content))


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
