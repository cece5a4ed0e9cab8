"""Variants beside references, in rows that are easy to reckon with."""

import math

import pytest

from benchmarks.research.comparisons import BEST_ACCURACY, FINAL_ACCURACY, FINAL_LOSS, TOGETHER_LOSS, compared, smallest
from benchmarks.research.rows import Row


def row(variant: str, seed: int, loss: float | None, accuracy: float | None = 0.5, dataset: str = "pets") -> Row:
    return Row(
        dataset=dataset,
        variant=variant,
        seed=seed,
        loss=loss,
        accuracy=accuracy,
        best_loss=loss,
        best_accuracy=accuracy,
    )


def three(variant: str, *losses: float | None, dataset: str = "pets") -> list[Row]:
    return [row(variant, seed, loss, dataset=dataset) for seed, loss in enumerate(losses)]


def test_rows_are_paired_by_seed_and_losses_compared_as_ratios() -> None:
    rows = [*three("plain", 1.0, 2.0, 4.0), *three("new", 1.1, 2.2, 4.5)]
    (found,) = compared(rows[::-1], [("new", "plain")], FINAL_LOSS)
    assert found.found is not None
    assert found.found.mean == pytest.approx((2 * math.log(1.1) + math.log(1.125)) / 3)
    assert found.significant
    assert not found.better


def test_accuracies_are_compared_in_points_and_more_is_better() -> None:
    rows = [row(name, seed, 1.0, share) for name, share in (("plain", 0.5), ("new", 0.6)) for seed in range(3)]
    for measure in (FINAL_ACCURACY, BEST_ACCURACY):
        (found,) = compared(rows, [("new", "plain")], measure)
        assert found.found is not None
        assert found.found.mean == pytest.approx(10)
        assert found.better


def test_a_seed_without_partner_does_not_count_and_one_that_broke_down_is_told() -> None:
    rows = [*three("plain", 1.0, 1.0, 1.0), *three("new", 2.0, None, 2.5, 9.0)]
    (found,) = compared(rows, [("new", "plain")], FINAL_LOSS)
    assert found.found is not None
    assert (found.found.count, found.broken) == (2, 1)
    assert found.found.mean == pytest.approx((math.log(2) + math.log(2.5)) / 2)


def test_a_variant_that_always_broke_down_is_told_without_a_difference() -> None:
    rows = [*three("plain", 1.0, 1.0), *three("new", None, None)]
    (found,) = compared(rows, [("new", "plain")], FINAL_LOSS)
    assert (found.found, found.broken, found.significant) == (None, 2, False)


def test_p_values_are_corrected_over_all_pairs_and_data_sets() -> None:
    rows = [
        each
        for dataset in ("pets", "signs")
        for each in (
            *three("plain", 1.0, 1.0, 1.0, dataset=dataset),
            *three("new", 1.3, 1.4, 1.5, dataset=dataset),
            *three("other", 0.9, 1.2, 1.0, dataset=dataset),
        )
    ]
    alone = compared(rows, [("new", "plain")], FINAL_LOSS)
    together = compared(rows, [("new", "plain"), ("other", "plain")], FINAL_LOSS)
    assert [each.dataset for each in alone] == ["pets", "signs"]
    assert alone[0].found is not None
    assert [each.p for each in alone] == pytest.approx([2 * alone[0].found.p] * 2)
    assert [each.p for each in together[:2]] == pytest.approx([4 * alone[0].found.p] * 2)


def test_predictions_of_cycles_together_are_compared_with_the_reference_that_has_one() -> None:
    plain = three("plain", 1.0, 1.0)
    new = [Row(dataset="pets", variant="new", seed=s, loss=5.0, accuracy=0.5, together_loss=2.0) for s in (0, 1)]
    (found,) = compared([*plain, *new], [("new", "plain")], TOGETHER_LOSS)
    assert found.found is not None
    assert found.found.mean == pytest.approx(math.log(2))


def test_more_comparisons_can_show_less() -> None:
    rows = [*three("plain", 1.0, 1.0, 1.0), *three("new", 1.0, 1.2, 1.1), *three("other", 1.0, 1.2, 1.1)]
    one = smallest(compared(rows, [("new", "plain")], FINAL_LOSS))
    two = smallest(compared(rows, [("new", "plain"), ("other", "plain")], FINAL_LOSS))
    assert one is not None
    assert two is not None
    assert one[0] == one[1] == two[0] < two[1]
    assert smallest([]) is None
