"""Labels that were exchanged are found, and classes that cannot be told apart are named."""

import numpy as np

from told import MakeTable, row
from unfreeze.audit.findings import Kind
from unfreeze.audit.labels import alike_findings, label_findings, least_likely


def sure(labels: list[int], classes: int = 2, certainty: float = 0.95) -> np.ndarray:
    """Probabilities (N, C) that give the labels so much and the rest to the others."""
    found = np.full((len(labels), classes), (1 - certainty) / (classes - 1))
    found[np.arange(len(labels)), labels] = certainty
    return found


def test_exchanged_labels_are_found_and_the_likely_class_is_named(make_table: MakeTable) -> None:
    true = [0] * 30 + [1] * 30
    given = [*true]
    given[3], given[40] = 1, 0
    table = make_table([row(f"{number}.jpg", label) for number, label in enumerate(given)])
    findings = label_findings(table, sure(true))
    assert {(found.path, found.related) for found in findings} == {("3.jpg", "cat"), ("40.jpg", "dog")}
    assert all(found.kind is Kind.LABEL and found.score == 0.95 for found in findings)
    assert "labelled dog (5.0%), looks like cat (95.0%)" in [found.detail for found in findings]


def test_right_labels_are_not_suspected(make_table: MakeTable) -> None:
    labels = [0] * 30 + [1] * 30
    table = make_table([row(f"{number}.jpg", label) for number, label in enumerate(labels)])
    assert label_findings(table, sure(labels)) == []


def test_a_single_label_that_is_wrong_beyond_doubt_is_suspected_among_surer_ones(make_table: MakeTable) -> None:
    labels = [0] * 30 + [1] * 30
    table = make_table([row(f"{number}.jpg", label) for number, label in enumerate(labels)])
    probabilities = sure(labels, certainty=0.97)
    probabilities[7], probabilities[8] = (0.14, 0.86), (0.16, 0.84)
    assert [found.path for found in label_findings(table, probabilities)] == ["7.jpg"]


def test_the_least_likely_labels_come_after_the_suspected_ones(make_table: MakeTable) -> None:
    labels = [0] * 30 + [1] * 30
    table = make_table([row(f"{number}.jpg", label) for number, label in enumerate(labels)])
    probabilities = sure(labels, certainty=0.97)
    probabilities[7], probabilities[8], probabilities[40] = (0.14, 0.86), (0.3, 0.7), (0.8, 0.2)
    probabilities[9] = (0.51, 0.49)  # the least of those that no other class is likelier than
    suspects = label_findings(table, probabilities)
    doubted = least_likely(table, probabilities, suspects, count=6)
    assert [found.path for found in suspects] == ["7.jpg"]
    assert [(found.path, found.related) for found in doubted] == [("40.jpg", "cat"), ("8.jpg", "dog")]
    assert least_likely(table, probabilities, suspects, count=1) == doubted[:1]


def test_two_of_three_classes_look_like_one(make_table: MakeTable) -> None:
    labels = [0] * 60 + [1] * 60 + [2] * 60
    guessed = [0, 1] * 60 + [2] * 60  # the first two by turns, whatever they are
    table = make_table(
        [row(f"{number}.jpg", label) for number, label in enumerate(labels)], classes=("cat", "kitten", "dog")
    )
    (found,) = alike_findings(table, sure(guessed, 3))
    assert found.kind is Kind.ALIKE
    assert found.related == "kitten"
    assert found.score == 1.0
    assert "'cat' and 'kitten': 50% told apart" in found.detail


def test_few_pictures_are_no_evidence_that_classes_are_alike(make_table: MakeTable) -> None:
    labels = [0] * 8 + [1] * 8
    table = make_table([row(f"{number}.jpg", label) for number, label in enumerate(labels)])
    assert alike_findings(table, sure([0, 1] * 8)) == []
