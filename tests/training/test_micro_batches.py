"""A batch in parts: nothing is lost, and the step is the whole batch's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from small import HeldExamples, noise_pictures, suffix_in_parts
from unfreeze.errors import TrainingError
from unfreeze.training.batches import Batch
from unfreeze.training.loop import StepSums
from unfreeze.training.micro_batches import micro_batch_size, micro_batches


@given(st.integers(1, 40), st.integers(1, 50))
def test_parts_are_the_batch_in_order_and_no_more_than_were_asked_for(examples: int, count: int) -> None:
    batch = np.arange(examples * 2).reshape(examples, 2), np.arange(examples)
    parts = list(micro_batches(batch, count))
    for found, whole in zip(zip(*parts, strict=True), batch, strict=True):
        assert np.array_equal(np.concatenate(found), whole)
    sizes = [len(targets) for _, targets in parts]
    assert len(parts) <= count
    assert set(sizes[:-1]) <= {micro_batch_size(examples, count)}
    assert 0 < sizes[-1] <= micro_batch_size(examples, count)


def whole_batch(examples: HeldExamples) -> Batch:
    return examples.inputs, examples.targets


def stepped(accumulate: int) -> tuple[StepSums, dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Sums, gradients and weights of two steps."""
    suffix = suffix_in_parts(accumulate)
    with suffix.training():
        sums = [suffix.train_step(whole_batch(noise_pictures()), [0.1, 0.2, 0.3], seed=step) for step in range(2)]
    parameters = dict(suffix.network.named_parameters())
    gradients = {name: part.grad for name, part in parameters.items() if part.grad is not None}
    assert len(gradients) == len(parameters)
    return sums[-1], gradients, {name: part.detach() for name, part in parameters.items()}


@pytest.mark.parametrize("accumulate", [2, 3, 10, 99])
def test_gradients_of_parts_add_up_to_those_of_the_whole_batch(accumulate: int) -> None:
    expected, found = stepped(1), stepped(accumulate)
    assert (found[0].examples, found[0].correct) == (expected[0].examples, expected[0].correct)
    assert found[0].loss == pytest.approx(expected[0].loss, rel=1e-5)
    for some, others in zip(found[1:], expected[1:], strict=True):
        for name, tensor in some.items():
            assert torch.allclose(tensor, others[name], rtol=1e-4, atol=1e-6), name


def test_no_part_takes_a_step_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    suffix, steps = suffix_in_parts(5), []
    monkeypatch.setattr(suffix.optimizer, "step", lambda: steps.append(1))
    with suffix.training():
        suffix.train_step(whole_batch(noise_pictures()), [0.1] * 3, seed=0)
    assert steps == [1]


def test_a_part_whose_loss_is_not_finite_keeps_the_step_from_being_taken() -> None:
    suffix = suffix_in_parts(5)
    before = {name: tensor.clone() for name, tensor in suffix.network.state_dict().items()}
    squares, labels = whole_batch(noise_pictures())
    broken = squares.astype(np.float32)
    broken[9] = np.inf
    with pytest.raises(TrainingError, match="training loss became"), suffix.training():
        suffix.train_step((broken, labels), [0.1] * 3, seed=0)
    after = suffix.network.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before if not name.startswith("stages.head"))
