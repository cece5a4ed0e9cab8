"""Heads judge the pictures that they can be asked about, and suspect labels by what they did not see."""

from dataclasses import replace

import numpy as np

from told import MakeTable, row
from unfreeze.audit.judged import judgeable, label_suspects, of_rows

CLASSES = ("bird", "cat", "dog")


def test_classes_with_too_few_different_pictures_and_test_pictures_are_left_alone(make_table: MakeTable) -> None:
    labels = [1] * 6 + [2] * 6 + [0] * 6
    rows = [row(f"{number}.jpg", label) for number, label in enumerate(labels)]
    rows[0] = replace(rows[0], split="test")
    units = [each.path for each in rows]
    units[12:] = [units[12]] * 6  # all birds belong together
    table = make_table(rows, classes=CLASSES)
    assert judgeable(table, units) == list(range(1, 12))
    units[6:] = [units[6]] * 12
    assert judgeable(table, units) == []


def test_some_rows_have_the_classes_that_are_left(make_table: MakeTable) -> None:
    table = make_table([row("a.jpg", 0), row("b.jpg", 2), row("c.jpg", 1)], classes=CLASSES)
    some = of_rows(table, [1, 2])
    assert (some.classes, [each.label for each in some.rows]) == (("cat", "dog"), [1, 0])


def test_exchanged_labels_are_suspected_and_few_pictures_are_not_judged(make_table: MakeTable) -> None:
    true = np.array([0] * 40 + [1] * 40)
    given = true.copy()
    given[[3, 50]] = 1 - given[[3, 50]]
    noise = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float32)
    features = noise + np.where(true == 1, 6, -6)[:, np.newaxis].astype(np.float32)
    rows = [replace(row(f"{n}.jpg", int(label)), content=f"{n:032d}") for n, label in enumerate(given)]
    units = [each.path for each in rows]
    found = label_suspects(make_table(rows), features, units)
    assert {(each.path, each.related) for each in found} == {("3.jpg", "cat"), ("50.jpg", "dog")}
    assert label_suspects(make_table(rows[:4]), features[:4], units[:4]) == []
