"""Whatever is tried inside, everything is as before afterwards."""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from made import expecting
from unfreeze.training.preserve import preserved, torch_threads

OPTIMIZERS: dict[str, Callable[[Iterator[nn.Parameter]], torch.optim.Optimizer]] = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01),
}


def network() -> nn.Sequential:
    """A frozen layer in eval mode before BatchNorm, dropout and a head that train."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 3))
    module[0].requires_grad_(False)
    module[0].eval()
    return module


def train(module: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
    for step in range(steps):
        generator = torch.Generator().manual_seed(step)
        inputs, labels = torch.randn(8, 4, generator=generator), torch.randint(0, 3, (8,), generator=generator)
        optimizer.zero_grad()
        torch.autograd.backward(nn.functional.cross_entropy(module(inputs), labels))
        optimizer.step()


def disturb(module: nn.Sequential, optimizer: torch.optim.Optimizer) -> None:
    """Changes everything that can be changed."""
    for gradient in (p.grad for p in module.parameters() if p.grad is not None):
        gradient.mul_(2)
    module.requires_grad_(True)
    module.train()
    optimizer.param_groups[0]["lr"] = 0.7
    train(module, optimizer, 5)
    module[1].eval()
    random.random()
    np.random.random()
    torch.rand(1)


def snapshot(module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    return {
        "weights": copy.deepcopy(module.state_dict()),
        "gradients": [None if p.grad is None else p.grad.clone() for p in module.parameters()],
        "trainable": [p.requires_grad for p in module.parameters()],
        "modes": [part.training for part in module.modules()],
        "optimizer": copy.deepcopy(optimizer.state_dict()),
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(),
    }


def same(one: Any, other: Any) -> bool:
    """Equality of nested dicts, lists and tuples to the last bit of each tensor and array."""
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def test_disturbance_reaches_all_that_is_looked_at() -> None:
    module = network()
    optimizer = OPTIMIZERS["sgd"](module.parameters())
    before = snapshot(module, optimizer)
    with torch.random.fork_rng():
        disturb(module, optimizer)
        after = snapshot(module, optimizer)
    assert [name for name in before if same(before[name], after[name])] == []


@pytest.mark.parametrize("steps_before", [0, 3])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_everything_is_as_before(name: str, steps_before: int) -> None:
    module = network()
    optimizer = OPTIMIZERS[name](module.parameters())
    train(module, optimizer, steps_before)
    before = snapshot(module, optimizer)
    with preserved(module, optimizer):
        disturb(module, optimizer)
    after = snapshot(module, optimizer)
    assert [part for part in before if not same(before[part], after[part])] == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_everything_is_as_before_when_the_body_raises(error: type[BaseException]) -> None:
    module = network()
    optimizer = OPTIMIZERS["sgd"](module.parameters())
    train(module, optimizer, 2)
    before = snapshot(module, optimizer)

    def fail() -> None:
        disturb(module, optimizer)
        raise error

    with pytest.raises(error), preserved(module, optimizer):
        fail()
    after = snapshot(module, optimizer)
    assert [part for part in before if not same(before[part], after[part])] == []


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_as_if_nothing_had_been_tried(name: str) -> None:
    found = []
    for tried in (False, True):
        module = network()
        optimizer = OPTIMIZERS[name](module.parameters())
        with torch.random.fork_rng():
            torch.manual_seed(5)
            train(module, optimizer, 3)
            if tried:
                with preserved(module, optimizer):
                    disturb(module, optimizer)
            train(module, optimizer, 3)
        found.append(copy.deepcopy(module.state_dict()))
    assert same(found[0], found[1])


@pytest.mark.parametrize("error", [None, ValueError])
def test_threads_are_restored(error: type[Exception] | None) -> None:
    before = torch.get_num_threads()
    seen = []

    with expecting(error), torch_threads(before + 1):
        seen.append(torch.get_num_threads())
        if error:
            raise error
    assert seen == [before + 1]
    assert torch.get_num_threads() == before
