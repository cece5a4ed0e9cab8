"""Sweeps the learning rate of a learner's model, over several orders of its batches."""

import itertools
from collections.abc import Sequence

from unfreeze.learner.fitting import Fitting
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.training.lr_band import LrBand
from unfreeze.training.lr_find import LEAST_STEPS, LrSweep
from unfreeze.training.rates import Rates, group_rates
from unfreeze.training.trainer import Trainer

TASK = "learning rates tried"


def find_rates(fitting: Fitting, *, span: tuple[float, float], rates: Rates, seeds: int) -> LrBand:
    """Sweeps the rate and leaves not one bit changed.

    A collection with few batches goes through them more than once: a sweep has 100 steps at least.

    Args:
        fitting: What would train.
        span: First and last rate of the head.
        rates: Rates of the layer groups, whose ratios are kept throughout.
        seeds: Number of sweeps, each with another order of the batches and other dropout.

    Returns:
        The sweeps and what they agree on.

    Raises:
        SettingsError: If the rates make no sense, or there is no seed.
    """
    given = group_rates(rates, len(GROUP_NAMES))
    ratios = [rate / given[-1] for rate in given]
    return LrBand(tuple(_sweep(fitting, span, ratios, number, seeds) for number in range(seeds)))


def _sweep(fitting: Fitting, span: tuple[float, float], ratios: Sequence[float], number: int, seeds: int) -> LrSweep:
    source = fitting.source
    seed = fitting.seed + number
    epochs = (fitting.batches(epoch, seed=seed) for epoch in itertools.count())
    batches = list(itertools.islice(itertools.chain.from_iterable(epochs), max(LEAST_STEPS, len(fitting.batches(0)))))
    total = seeds * len(batches)
    sweep = Trainer(history=fitting.trainer.history, seed=seed).sweep(
        source.model.trainable(batch_size=fitting.state.batch_size),
        batches,
        source.training(fitting.view(0)),
        span=span,
        ratios=ratios,
        on_step=lambda done: source.observer.progress(TASK, number * len(batches) + done, total),
    )
    source.observer.progress(TASK, (number + 1) * len(batches), total)  # a sweep may end before its last rate
    return sweep
