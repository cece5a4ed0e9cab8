"""Two models on the same pictures: matched by path, tested in pairs, told in words."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as oracle

from unfreeze.errors import RunError
from unfreeze.evaluation.comparison import compare, notes, points, verdict
from unfreeze.evaluation.paired import paired_interval
from unfreeze.evaluation.predictions import PredictionTable


def table(right: str, *, classes: tuple[str, ...] = ("a", "b"), targets: str = "") -> PredictionTable:
    """Picture i lies at `i.png`; it is of class a unless said otherwise and answered rightly where `right` has a 1."""
    labels = np.array([classes.index(name) for name in targets or classes[0] * len(right)], np.int64)
    hit = np.array([mark == "1" for mark in right])
    answers = np.where(hit, labels, (labels + 1) % len(classes))
    probabilities = np.full((len(right), len(classes)), 0.2 / (len(classes) - 1), np.float32)
    probabilities[np.arange(len(right)), answers] = np.linspace(0.7, 0.9, len(right))
    return PredictionTable(
        classes=classes,
        paths=tuple(f"{index}.png" for index in range(len(right))),
        splits=("valid",) * len(right),
        targets=labels,
        probabilities=probabilities,
        losses=np.zeros(len(right)),
    )


@given(st.lists(st.sampled_from(["00", "01", "10", "11"]), min_size=1, max_size=30))
def test_counts_and_chance_are_those_of_the_answers(pairs: list[str]) -> None:
    first, second = ("".join(pair[which] for pair in pairs) for which in (0, 1))
    found = compare(table(first), table(second))
    gained, lost = pairs.count("01"), pairs.count("10")
    assert (len(found.gained), len(found.lost)) == (gained, lost)
    assert found.difference == pytest.approx((gained - lost) / len(pairs))
    assert found.chance == pytest.approx(oracle([[0, lost], [gained, 0]], exact=True).pvalue)
    assert found.interval == paired_interval(gained, lost, len(pairs))


def test_pictures_are_matched_by_path_and_classes_by_name() -> None:
    first = table("1100", targets="abab")
    second = table("0110", classes=("b", "a"), targets="abab")
    turned = second.rows([3, 2, 1, 0])
    found = compare(first, turned)
    assert found.paths == ("0.png", "1.png", "2.png", "3.png")
    assert found.first_right.tolist() == [True, True, False, False]
    assert found.second_right.tolist() == [False, True, True, False]
    assert [found.classes[label] for label in found.targets] == ["a", "b", "a", "b"]
    assert (found.lost, found.gained, found.otherwise_wrong) == ([0], [2], [])
    assert found.second_sure == pytest.approx(second.probabilities.max(1))
    assert notes(found) == []


def test_what_is_left_out_is_counted_and_named() -> None:
    first, second = table("1111"), table("111111").rows([1, 2, 3, 4, 5])
    changed = replace(second, targets=np.array([0, 1, 0, 0, 0]))
    found = compare(first, changed)
    assert (found.only_first, found.only_second, found.relabelled) == (1, 2, ("2.png",))
    assert found.paths == ("1.png", "3.png")
    assert notes(found, ("A", "B")) == [
        "left out, because only A was asked about them: 1 pictures",
        "left out, because only B was asked about them: 2 pictures",
        "left out, because their true class was changed: 1 pictures (2.png)",
    ]


def test_changes_between_wrong_classes_are_kept_apart_and_surest_come_first() -> None:
    classes = ("a", "b", "c")
    first, second = table("0000", classes=classes), table("0000", classes=classes)
    answers = second.probabilities.copy()
    answers[1:3] = [[0.0, 0.2, 0.8], [0.0, 0.05, 0.95]]
    found = compare(first, replace(second, probabilities=answers))
    assert found.otherwise_wrong == [2, 1]
    assert found.gained == found.lost == []


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("0" * 8 + "1" * 8, "1" * 16, "B is better: of 16 pictures 8 became right and 0 wrong; chance alone makes so"),
        ("1" * 16, "0" * 8 + "1" * 8, "A is better: of 16 pictures 0 became right and 8 wrong; chance alone makes so"),
        ("0" * 5 + "1" * 8, "1" * 13, "A and B cannot be told apart: .* at least 6 have to change, all one way"),
        ("01" * 8, "10" * 8, "A and B cannot be told apart: .* chance alone makes .* in 100 of 100 comparisons"),
        ("1" * 9, "1" * 9, "A and B cannot be told apart: of 9 pictures 0 became right and 0 wrong"),
    ],
)
def test_the_verdict_is_in_words(first: str, second: str, words: str) -> None:
    found = compare(table(first), table(second))
    assert re.match(words, verdict(found, ("A", "B")))
    assert (found.second_is_better, found.second_is_worse) == (words.startswith("B is"), words.startswith("A is"))


def test_six_changes_one_way_are_the_fewest_that_tell_models_apart() -> None:
    assert not compare(table("11111"), table("00000")).second_is_worse
    assert compare(table("111111"), table("000000")).second_is_worse


def test_a_very_small_chance_is_no_power_of_ten() -> None:
    text = verdict(compare(table("0" * 99), table("1" * 99)))
    assert "less than 0.01 of 100" in text
    assert "e-" not in text


def test_no_difference_has_no_minus() -> None:
    assert points(-0.0) == "+0.0"
    assert points(-0.02) == "-2.0"


def several(
    rows: list[list[float]], targets: list[list[int]], classes: tuple[str, ...] = ("a", "b")
) -> PredictionTable:
    """Probabilities and labels of pictures that may have any number of them."""
    return replace(
        table("1" * len(rows), classes=classes),
        targets=np.array(targets, np.int64),
        probabilities=np.array(rows, np.float32),
    )


def test_several_labels_are_right_as_a_whole_and_matched_by_name() -> None:
    targets = [[1, 0], [1, 1], [0, 0], [0, 1], [1, 0]]
    first = several([[0.9, 0.1], [0.9, 0.2], [0.1, 0.2], [0.7, 0.1], [0.9, 0.1]], targets)
    turned = [[row[1], row[0]] for row in targets[:4]] + [[1, 1]]
    second = several([[0.6, 0.9], [0.9, 0.8], [0.2, 0.1], [0.1, 0.3], [0.5, 0.5]], turned, classes=("b", "a"))
    found = compare(first, second)
    assert found.paths == ("0.png", "1.png", "2.png", "3.png")
    assert found.relabelled == ("4.png",)
    assert found.first_right.tolist() == [True, False, True, False]
    assert found.second_right.tolist() == [False, True, True, False]
    assert (found.lost, found.gained, found.otherwise_wrong) == ([0], [1], [3])
    assert found.names(found.second[0]) == ("a", "b")
    assert found.second_sure == pytest.approx([0.6, 0.8, 0.8, 0.7])
    with pytest.raises(RunError, match="one run gives a picture one class and the other any number of labels"):
        compare(first, table("11111"))


def test_other_classes_and_other_pictures_cannot_be_compared() -> None:
    one = table("11")
    with pytest.raises(RunError, match="only the first knows b, only the second knows c; compare runs with the same"):
        compare(one, table("11", classes=("a", "c")))
    with pytest.raises(RunError, match=r"no picture in common \(2 such as 0.png and 2 such as 2.png\)"):
        compare(one, table("1111").rows([2, 3]))
    with pytest.raises(RunError, match="2 pictures in common, and none has the same true class"):
        compare(one, table("11", targets="bb"))
    with pytest.raises(RunError, match="none at all"):
        compare(one.rows([]), one)
