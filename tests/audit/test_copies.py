"""Copies leak, contradict or count twice; and what a leak does is measured."""

from dataclasses import dataclass

import numpy as np
import pytest

from told import MakeTable, row
from unfreeze.audit.copies import Leak, cluster_names, copy_findings, leak
from unfreeze.audit.findings import Kind


@dataclass
class Same:
    """Two pictures that show the same."""

    first: str
    second: str
    kind: str = "resized"
    likeness: float = 0.97


def test_a_copy_on_the_other_side_is_a_leak_and_the_training_one_goes(make_table: MakeTable) -> None:
    table = make_table([row("a.jpg", 0, "valid"), row("b.jpg", 0, "train")])
    (found,) = copy_findings(table, [Same("a.jpg", "b.jpg")])
    assert (found.kind, found.path, found.split, found.related) == (Kind.LEAK, "b.jpg", "train", "a.jpg")
    assert found.detail == "resized; one is in train, the other in valid"
    assert found.score == 0.97


@pytest.mark.parametrize("order", [("small.jpg", "large.jpg"), ("large.jpg", "small.jpg")])
def test_of_copies_on_one_side_the_larger_is_kept(make_table: MakeTable, order: tuple[str, str]) -> None:
    table = make_table([row("large.jpg", 0, size=(800, 600)), row("small.jpg", 0, size=(80, 60))])
    (found,) = copy_findings(table, [Same(*order)])
    assert (found.kind, found.path, found.related) == (Kind.DUPLICATE, "small.jpg", "large.jpg")


def test_copies_under_two_labels_contradict_one_another_on_any_side(make_table: MakeTable) -> None:
    table = make_table([row("a.jpg", 0), row("b.jpg", 1), row("c.jpg", 1, "valid")])
    first, second = copy_findings(table, [Same("a.jpg", "b.jpg"), Same("a.jpg", "c.jpg")])
    assert {first.kind, second.kind} == {Kind.CONTRADICTION}
    assert first.detail == "resized; labelled cat and dog"
    assert second.detail == "resized; one is in train, the other in valid; labelled cat and dog"


def test_a_leak_is_measured_with_and_without_the_copies(make_table: MakeTable) -> None:
    """Ten leaked pictures that only memory can tell, and ten others that nothing can."""
    generator = np.random.default_rng(0)
    labels = [number % 2 for number in range(10)]
    train = [row(f"t{number}.jpg", label) for number, label in enumerate(labels)]
    leaked = [row(f"v{number}.jpg", label, "valid") for number, label in enumerate(labels)]
    others = [row(f"w{number}.jpg", label, "valid") for number, label in enumerate(labels)]
    table = make_table([*train, *leaked, *others])
    seen = generator.normal(size=(10, 50)).astype(np.float32) * 30
    unseen = generator.normal(size=(10, 50)).astype(np.float32) * 30
    findings = copy_findings(table, [Same(f"t{number}.jpg", f"v{number}.jpg") for number in range(10)])
    found = leak(table, np.concatenate([seen, seen, unseen]), findings)
    assert found
    assert (found.leaked, found.right_leaked, found.others) == (10, 10, 10)
    assert found.right_others < 10
    assert found.with_leak > found.without_leak


def test_without_copies_nothing_is_measured(make_table: MakeTable) -> None:
    table = make_table([row("a.jpg", 0), row("b.jpg", 1), row("c.jpg", 1, "valid")])
    assert leak(table, np.zeros((3, 4), np.float32), []) is None


def test_the_words_of_a_leak_have_both_intervals() -> None:
    found = Leak(leaked=50, others=50, right_leaked=50, right_others=40)
    assert found.in_words() == (
        "a head has 90.0% (82.6% to 94.5%) on all 100 validation pictures, "
        "80.0% (67.0% to 88.8%) on the 50 of which training has no copy"
    )


def test_copies_of_copies_share_a_name(make_table: MakeTable) -> None:
    table = make_table([row(name, 0) for name in ("a", "b", "c", "d", "e")])
    names = cluster_names(table, [Same("a", "c"), Same("d", "c")])
    assert names == ["a", "b", "a", "a", "e"]
