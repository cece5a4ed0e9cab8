"""The epoch loop and its sums, beside arithmetic written out."""

import numpy as np
import pytest

from unfreeze.errors import TrainingError
from unfreeze.training.batches import Batch
from unfreeze.training.loop import StepSums, check_loss, run_epoch


def test_sums_add_up_part_by_part() -> None:
    total = StepSums(2, 1.5, 1) + StepSums(3, 0.5, 3)
    assert total == StepSums(5, 2.0, 4)
    assert total.mean_loss == 0.4
    assert total.accuracy == 0.8


def test_epoch_takes_one_step_a_batch_in_order_and_adds_up() -> None:
    batches: list[Batch] = [(np.full((n, 1), n, np.float32), np.zeros(n, np.int64)) for n in (3, 1, 2)]
    seen: list[Batch] = []

    def step(batch: Batch) -> StepSums:
        seen.append(batch)
        return StepSums(len(batch[1]), float(batch[0].sum()), 1)

    assert run_epoch(iter(batches), step) == StepSums(6, 9.0 + 1.0 + 4.0, 3)
    assert [id(batch) for batch in seen] == [id(batch) for batch in batches]
    assert run_epoch([], step) == StepSums()


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), float("nan")])
def test_loss_that_is_not_finite_says_what_to_do(value: float) -> None:
    check_loss(1e300)
    with pytest.raises(TrainingError, match=f"training loss became {value}; choose a lower learning rate") as error:
        check_loss(value)
    assert error.value.subject == "loss"
