"""Steps on a batch in parts: sums, gradients and dropout are those of the whole."""

import numpy as np
import pytest
import torch
from torch import nn

from small import noise_pictures, suffix_in_parts
from unfreeze.errors import TrainingError
from unfreeze.training.loop import StepSums
from unfreeze.training.suffix import TrainableSuffix
from unfreeze.training.whole_batch import dropout_of_all, sums_of_all
from unfreeze.world import ALONE, World, own_part
from worlds import all_done, in_worlds


def suffixes(count: int, *, accumulate: int = 1) -> list[TrainableSuffix]:
    """A suffix for each process, made one after the other: threads share torch's random state."""
    return [suffix_in_parts(accumulate) for _ in range(count)]


def stepped(world: World, suffix: TrainableSuffix, *, examples: int) -> tuple[list[StepSums], dict[str, torch.Tensor]]:
    """Sums and weights of two steps on this process's part of a batch."""
    suffix.world, whole = world, noise_pictures(examples)
    mine = list(own_part(range(examples), world))
    batch = whole.inputs[mine], whole.targets[mine]
    with suffix.training():
        sums = [suffix.train_step(batch, [0.1, 0.2, 0.3], seed=step) for step in range(2)]
    return sums, {name: part.detach().clone() for name, part in suffix.network.named_parameters()}


@pytest.mark.parametrize(("size", "examples"), [(2, 10), (3, 10), (3, 2), (4, 1)])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_step_of_several_processes_is_one_processs_step(size: int, examples: int, accumulate: int) -> None:
    expected, made = stepped(ALONE, suffix_in_parts(1), examples=examples), suffixes(size, accumulate=accumulate)
    found = all_done(in_worlds(size, lambda world: stepped(world, made[world.rank], examples=examples)))
    for sums, weights in found:
        assert sums == found[0][0]
        for one, other in zip(sums, expected[0], strict=True):
            assert (one.examples, one.correct) == (other.examples, other.correct)
            assert one.loss == pytest.approx(other.loss, rel=1e-6)
        for name, tensor in expected[1].items():
            assert torch.equal(weights[name], found[0][1][name]), name
            assert torch.allclose(weights[name], tensor, rtol=1e-4, atol=1e-6), name


def test_a_loss_that_is_not_finite_in_one_part_stops_the_step_in_all() -> None:
    made = suffixes(3)

    def step(world: World) -> str:
        suffix, whole = made[world.rank], noise_pictures(9)
        suffix.world = world
        mine = list(own_part(range(9), world))
        inputs = whole.inputs[mine].astype(np.float32)
        inputs[-1] = np.inf if world.rank == 1 else 0
        with suffix.training():
            before = suffix.network.classifier.weight.detach().clone()
            with pytest.raises(TrainingError) as raised:
                suffix.train_step((inputs, whole.targets[mine]), [0.1] * 3, seed=0)
            assert torch.equal(suffix.network.classifier.weight, before)
        return str(raised.value)

    assert set(all_done(in_worlds(3, step))) == {
        "the training loss became nan; choose a lower learning rate (--lr, --full-lr)"
    }


def test_gradients_add_up_and_a_parameter_that_is_used_nowhere_keeps_none() -> None:
    def add(world: World) -> tuple[StepSums, list[list[float] | None]]:
        parts = [nn.Parameter(torch.zeros(2, 1)) for _ in range(3)]
        fixed = nn.Parameter(torch.zeros(1), requires_grad=False)
        parts[0].grad = torch.full((2, 1), 1.0 + world.rank)
        if world.rank == 1:
            parts[1].grad = torch.ones(2, 1)
        sums = sums_of_all([*parts, fixed], StepSums(world.rank, 0.5, 1), world)
        return sums, [None if part.grad is None else part.grad.flatten().tolist() for part in parts]

    expected = StepSums(3, 1.5, 3), [[6.0, 6.0], [1.0, 1.0], None]
    assert all_done(in_worlds(3, add)) == [expected] * 3


@pytest.mark.parametrize("shape", [(10, 6), (10, 3, 4, 4)])
def test_dropout_of_parts_is_torchs_own_of_the_whole(shape: tuple[int, ...]) -> None:
    module = nn.Sequential(nn.Dropout(0.4), nn.Identity(), nn.Dropout(0.1))
    values = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(7)
    expected = module(values)
    found = []
    for start, end in ((0, 4), (4, 10)):
        torch.manual_seed(7)
        with dropout_of_all(module, count=10) as place:
            module(values[:1])  # somebody has a look at what the module does
            for first, last in ((start, start + 2), (start + 2, end)):
                place.first = first
                found.append(module(values[first:last]))
    assert torch.equal(torch.cat(found), expected)
    torch.manual_seed(7)
    assert torch.equal(module(values), expected)  # nothing is left of it
    with dropout_of_all(module.eval(), count=10):
        assert torch.equal(module(values), values)
