"""Which pictures to look at, chosen by hand from six rows."""

from collections.abc import Callable

import pytest

from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.selections import most_correct, most_incorrect, most_uncertain


@pytest.fixture
def six_rows(make_table: Callable[..., PredictionTable]) -> PredictionTable:
    """Class a: rows 0 and 3 are equally sure, row 2 is wrong; class b: no mistakes."""
    probabilities = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.9, 0.1], [0.3, 0.7], [0.45, 0.55]]
    return make_table(probabilities, [0, 0, 0, 0, 1, 1])


@pytest.mark.parametrize(("count", "rows"), [(4, [0, 3, 1, 4, 5]), (2, [0, 3, 4, 5]), (1, [0, 4])])
def test_most_correct_are_the_surest_ones_of_each_class(six_rows: PredictionTable, count: int, rows: list[int]) -> None:
    assert most_correct(six_rows, count=count) == rows


def test_most_incorrect_leave_out_a_class_without_mistakes(six_rows: PredictionTable) -> None:
    assert most_incorrect(six_rows) == [2]


def test_most_incorrect_are_the_surest_mistakes_of_each_true_class(
    make_table: Callable[..., PredictionTable],
) -> None:
    probabilities = [[0.9, 0.1], [0.4, 0.6], [0.1, 0.9], [0.7, 0.3], [0.8, 0.2], [0.1, 0.9]]
    table = make_table(probabilities, [0, 0, 0, 1, 1, 1])
    assert most_incorrect(table) == [2, 1, 4, 3]
    assert most_incorrect(table, count=1) == [2, 4]


@pytest.mark.parametrize(("count", "rows"), [(4, [1, 2, 0, 3, 5, 4]), (3, [1, 2, 0, 5, 4]), (1, [1, 5])])
def test_most_uncertain_have_the_smallest_gap(six_rows: PredictionTable, count: int, rows: list[int]) -> None:
    assert most_uncertain(six_rows, count=count) == rows


def test_gap_lies_between_the_two_highest_of_many_classes(make_table: Callable[..., PredictionTable]) -> None:
    table = make_table([[0.6, 0.2, 0.2], [0.4, 0.32, 0.28], [0.5, 0.02, 0.48]], [0, 0, 0])
    assert most_uncertain(table) == [2, 1, 0]


def test_four_of_each_class_are_chosen_unless_said_otherwise(make_table: Callable[..., PredictionTable]) -> None:
    table = make_table([[0.9, 0.1]] * 6 + [[0.1, 0.9]] * 5, [0] * 6 + [1] * 5)
    assert most_correct(table) == most_uncertain(table) == [0, 1, 2, 3, 6, 7, 8, 9]


def test_nothing_is_chosen_from_no_pictures(six_rows: PredictionTable) -> None:
    empty = six_rows.rows([])
    assert most_correct(empty) == most_incorrect(empty) == most_uncertain(empty) == []
