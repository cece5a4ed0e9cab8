"""Copies leak, contradict or count twice; and what a leak does is measured."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from told import MakeTable, row
from unfreeze.audit.copies import Leak, copy_findings, copy_names, leak, unit_names
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


@pytest.mark.parametrize(
    ("sizes", "kind", "kept"),
    [
        ([(400, 300), (600, 600)], "resized", 0),  # made square for a network
        ([(400, 300), (600, 600), (200, 150)], "resized", 0),
        ([(600, 600), (300, 300), (400, 700)], "mirrored", 0),  # two of three are square
        ([(600, 600), (590, 605)], "resized", 0),  # one shape
        ([(300, 300), (280, 300)], "cropped", 0),  # a square of which a part was cut off
        ([(400, 300), (500, 300)], "resized", 1),  # nothing tells which of them was stretched
    ],
)
def test_a_stretched_copy_is_not_kept_however_large(
    make_table: MakeTable, sizes: list[tuple[int, int]], kind: str, kept: int
) -> None:
    table = make_table([row(f"{number}.jpg", 0, size=size) for number, size in enumerate(sizes)])
    pairs = [Same("0.jpg", f"{number}.jpg", kind) for number in range(1, len(sizes))]
    found = copy_findings(table, pairs)
    assert {each.related for each in found} == {f"{kept}.jpg"}
    assert len(found) == len(sizes) - 1


def test_copies_under_two_labels_contradict_one_another_on_any_side(make_table: MakeTable) -> None:
    table = make_table([row("a.jpg", 0), row("b.jpg", 1), row("c.jpg", 1, "valid"), row("d.jpg", 0), row("e.jpg", 1)])
    across, leaking, within = copy_findings(
        table, [Same("a.jpg", "b.jpg"), Same("a.jpg", "c.jpg"), Same("d.jpg", "e.jpg")]
    )
    assert (across.kind, across.path, leaking.kind, leaking.path) == (Kind.CONTRADICTION, "a.jpg", Kind.LEAK, "b.jpg")
    assert across.detail == "resized; one is in train, the other in valid; labelled cat and dog"
    assert leaking.detail == "a copy of a copy; one is in train, the other in valid"
    assert (within.kind, within.detail) == (Kind.CONTRADICTION, "resized; labelled cat and dog")


TRAIN_LIKE_VALID = [Same("t.jpg", "v.jpg"), Same("t.jpg", "u.jpg")]
TRAIN_LIKE_TRAIN = [Same("u.jpg", "v.jpg"), Same("t.jpg", "u.jpg")]


@pytest.mark.parametrize("pairs", [TRAIN_LIKE_VALID, TRAIN_LIKE_TRAIN])
def test_no_copy_trains_any_more_once_every_leak_is_left_out(make_table: MakeTable, pairs: list[Same]) -> None:
    """Whichever of the training pictures was found to be like the validation picture, and which like one another."""
    table = make_table([row("t.jpg", 0), row("u.jpg", 0), row("v.jpg", 0, "valid")])
    found = copy_findings(table, pairs)
    assert {(each.kind, each.path, each.related) for each in found} == {
        (Kind.LEAK, "t.jpg", "v.jpg"),
        (Kind.LEAK, "u.jpg", "v.jpg"),
    }


def test_files_of_the_same_bytes_are_copies_without_being_paired(make_table: MakeTable) -> None:
    first = row("a.jpg", 0)
    table = make_table([first, replace(first, path="b.jpg", split="valid")])
    (found,) = copy_findings(table, [])
    assert (found.kind, found.path, found.related) == (Kind.LEAK, "a.jpg", "b.jpg")


def test_a_leak_is_measured_on_the_same_pictures_with_and_without_the_copies(make_table: MakeTable) -> None:
    """Pictures of noise can be told by who has seen them alone; two others of each class keep the classes there."""
    generator = np.random.default_rng(0)
    labels = [number % 2 for number in range(30)]
    train = [row(f"t{number:02}.jpg", label) for number, label in enumerate(labels)]
    valid = [row(f"v{number:02}.jpg", label, "valid") for number, label in enumerate(labels)]
    others = [row(f"w{number:02}.jpg", number % 2) for number in range(4)]
    noise = generator.normal(size=(34, 50)).astype(np.float32) * 30
    features = np.concatenate([noise[:30], noise[:30], noise[30:]])
    pairs = [Same(f"t{number:02}.jpg", f"v{number:02}.jpg") for number in range(30)]
    found = leak(make_table([*train, *valid, *others]), features, pairs)
    assert found
    assert (found.copied, found.pictures, found.right_with) == (30, 30, 30)
    assert found.right_without < 25
    assert found.chance < 0.05


def test_without_copies_nothing_is_measured(make_table: MakeTable) -> None:
    table = make_table([row("a.jpg", 0), row("b.jpg", 1), row("c.jpg", 1, "valid")])
    assert leak(table, np.zeros((3, 4), np.float32), []) is None


def test_the_words_of_a_leak_have_both_intervals() -> None:
    found = Leak(copied=50, pictures=100, right_with=90, right_without=85, chance=0.3)
    assert found.in_words() == (
        "training has copies of 50 of 100 validation pictures; a head gets 90.0% (82.6% to 94.5%) of them right with "
        "the copies in training, 85.0% (76.7% to 90.7%) without (which cannot be told from chance)"
    )


def test_copies_of_copies_share_a_name_and_groups_tie_them_further(make_table: MakeTable) -> None:
    rows = [row(name, 0) for name in ("a", "b", "c", "d", "e")]
    pairs = [Same("a", "c"), Same("d", "c")]
    assert copy_names(make_table(rows), pairs) == ["a", "b", "a", "a", "e"]
    rows[0], rows[1] = replace(rows[0], group="g"), replace(rows[1], group="g")
    assert copy_names(make_table(rows), pairs) == ["a", "b", "a", "a", "e"]
    assert unit_names(make_table(rows), pairs) == ["a", "a", "a", "a", "e"]
