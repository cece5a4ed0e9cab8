"""What is asserted of the figures of an epoch; what they are is seen in test_learner.py."""

from collections.abc import Callable

import pytest

from unfreeze.learner.learner import Learner
from unfreeze.training import batches
from unfreeze.training.batches import Batch
from unfreeze.training.loop import StepSums


def test_a_validation_picture_that_counts_twice_or_not_at_all_stops_the_run(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, groups = learner.model.head.valid_step, batches.in_groups

    def counting(change: int) -> Callable[[Batch], StepSums]:
        def counted(batch: Batch) -> StepSums:
            sums = step(batch)
            return StepSums(sums.examples + change, sums.loss, sums.correct)

        return counted

    for change in (1, -1):
        with monkeypatch.context() as patch:
            patch.setattr(learner.model.head, "valid_step", counting(change))
            with pytest.raises(AssertionError, match="each example is counted once"):
                learner.fit(0.01, 1)
    with monkeypatch.context() as patch:
        patch.setattr(batches, "in_groups", lambda indices, size: groups([*indices, 0], size))  # padded
        with pytest.raises(AssertionError, match="each example is counted once"):
            learner.fit(0.01, 1)
    assert learner.history.epochs == []
    assert learner.fit(0.01, 1)[0].valid_accuracy > 0.5


def test_figures_of_fewer_pictures_than_validate_are_no_records(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner.source, "stored", lambda split, view: learner.source.stored_sample(split, 7))
    with pytest.raises(AssertionError, match="each validation picture is counted once"):
        learner.fit(0.01, 1)
