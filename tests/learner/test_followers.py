"""What the first process tells the others, and what it refuses; the rest is seen in tests/test_processes.py."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from small import HeldExamples, small_network
from unfreeze.errors import RunError, SettingsError, TrainingError
from unfreeze.learner.data import ImageData
from unfreeze.learner.follow import follow
from unfreeze.learner.followers import Followers, own_batches, written
from unfreeze.learner.learner import Learner
from unfreeze.learner.orders import Begin, End, Prepare, Read, Step, Stop
from unfreeze.training.head import LinearHead
from unfreeze.training.suffix import TrainableSuffix
from unfreeze.world import Alone


class Scripted(Alone):
    """A world of two in which one process hears what was written down for it, or writes down what it says."""

    def __init__(self, *orders: Any, rank: int = 0) -> None:
        self.rank, self.size = rank, 2
        self.said: list[Any] = []
        self._orders = iter(orders)

    def broadcast(self, value: Any, *, source: int = 0) -> Any:
        if self.rank == source:
            self.said.append(value)
            return value
        return next(self._orders)


@pytest.mark.parametrize(("rank", "expected"), [(0, [[0, 1], [], [4]]), (1, [[2, 3], [9], [5, 6]])])
def test_a_process_reads_its_part_of_each_batch_and_none_of_one_that_is_too_small(
    rank: int, expected: list[list[int]]
) -> None:
    examples = HeldExamples(np.arange(10.0), np.arange(10))
    batches = [[0, 1, 2, 3], [9], [4, 5, 6]]
    found = list(own_batches(examples, batches, Scripted(rank=rank)))
    assert [targets.tolist() for _, targets in found] == expected
    assert [len(inputs) for inputs, _ in found] == [len(part) for part in expected]


def test_moving_statistics_are_refused_where_there_are_several_processes(data: ImageData) -> None:
    learner = Learner(data, world=Scripted())
    try:
        with pytest.raises(
            SettingsError, match=r"would be those of each process's part of a batch; leave --batch-norm"
        ):
            learner.model.batch_norm = "train"
        learner.release()
        learner.model.batch_norm = "train"
    finally:
        learner.close()


def test_a_follower_is_told_of_the_pictures_first_and_of_the_end_last(data: ImageData) -> None:
    world = Scripted()
    learner = Learner(data, world=world)
    learner.release()
    learner.close()
    prepared, stop = world.said
    assert isinstance(prepared, Prepare)
    assert prepared.table == data.table
    assert isinstance(stop, Stop)
    assert world.said == [prepared, stop]
    follow(Scripted(prepared, stop, rank=1))
    follow(Scripted(stop, rank=1))


def test_steps_lie_between_a_beginning_and_an_end_also_where_the_loss_is_not_finite(data: ImageData) -> None:
    world, network = Scripted(), small_network()
    followers = Followers(world)
    suffix = TrainableSuffix(network, LinearHead.at_zero(6, 3), threads=1)
    trainable = followers.trainable(suffix)
    with pytest.raises(TrainingError), trainable.training():
        raise TrainingError("the training loss became nan", subject="loss")
    begun, ended = world.said
    assert isinstance(begun, Begin)
    assert isinstance(ended, End)
    with pytest.raises(KeyboardInterrupt), trainable.training():
        raise KeyboardInterrupt
    assert isinstance(world.said[-1], Begin)  # where the others stand is not known


def test_activations_that_went_away_are_named(data: ImageData) -> None:
    world = Scripted()
    learner = Learner(data, world=world)
    prepared = world.said[0]
    learner.close()
    suffix = TrainableSuffix(small_network(), LinearHead.at_zero(6, 3), threads=1)
    Followers(world).trainable(suffix)
    read = Read(view=1, size_px=64, batches=[[0, 1, 2, 3]], stored="a body that nobody computed")
    orders = (replace(prepared, threads=1), Begin(written(suffix)), read, Step(rates=[0.1] * 3, seed=0, momentum=0.9))
    with pytest.raises(RunError, match=r"were removed by another one; go on with --resume"):
        follow(Scripted(*orders, Stop(), rank=1))
