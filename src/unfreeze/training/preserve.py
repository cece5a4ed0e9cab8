"""Tries something on a network and leaves not one bit changed."""

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def preserved(module: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Restores weights, statistics, gradients, freezing, modes, optimizer and random states, whatever happens inside.

    Args:
        module: What may be trained inside.
        optimizer: What may step inside.

    Yields:
        Nothing.
    """
    weights = copy.deepcopy(module.state_dict())
    gradients = [(p, p.requires_grad, None if p.grad is None else p.grad.clone()) for p in module.parameters()]
    modes = [(part, part.training) for part in module.modules()]
    state = copy.deepcopy(optimizer.state_dict())
    random_states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        try:
            yield
        finally:
            module.load_state_dict(weights)
            optimizer.load_state_dict(state)
            for parameter, trainable, gradient in gradients:
                parameter.requires_grad_(trainable)
                parameter.grad = gradient
            for part, training in modes:
                part.training = training
            random.setstate(random_states[0])
            np.random.set_state(random_states[1])


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Lets torch use a number of threads inside, and as many as before afterwards.

    Args:
        count: Number of threads.

    Yields:
        Nothing.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
