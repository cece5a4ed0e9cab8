"""The flags of `unfreeze train` are the training options."""

import inspect
from dataclasses import asdict

from unfreeze.cli.training_flags import training_flags
from unfreeze.training.options import TrainingOptions


def test_each_option_has_its_flag_and_the_same_default() -> None:
    assert training_flags() == asdict(TrainingOptions())
    assert list(inspect.signature(training_flags).parameters) == list(training_flags())
