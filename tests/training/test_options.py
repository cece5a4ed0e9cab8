"""What training can be told: values that make no sense name their flags, and defaults are no change."""

import math
from dataclasses import fields
from typing import Any

import pytest

from unfreeze.errors import SettingsError
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.options import TrainingOptions

OTHER: dict[str, Any] = {
    "optimizer": "adamw",
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "mixup": 0.2,
    "cutmix": 1.0,
    "balance": "sampling",
    "accumulate": 4,
    "clip_norm": 1.0,
    "ema": 0.99,
    "precision": "bfloat16",
}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("optimizer", "adam", "--optimizer is 'adam'; it must be sgd or adamw"),
        ("balance", "all", "--balance is 'all'; it must be none, weights or sampling"),
        ("precision", "float64", "--precision is 'float64'; it must be auto, float32, bfloat16 or float16"),
        ("weight_decay", -0.1, "--weight-decay is -0.1; it must be a number that is not below 0"),
        ("mixup", math.nan, "--mixup is nan; it must be a number that is not below 0"),
        ("cutmix", math.inf, "--cutmix is inf; it must be a number that is not below 0"),
        ("label_smoothing", 1.0, "--label-smoothing is 1.0; it must be at least 0 and below 1"),
        ("label_smoothing", math.nan, "--label-smoothing is nan"),
        ("accumulate", 0, "--accumulate is 0; it must be at least 1"),
        ("clip_norm", 0.0, "--clip-norm is 0.0; it must be a positive number"),
        ("clip_norm", math.nan, "--clip-norm is nan"),
        ("ema", 1.0, "--ema is 1.0; it must lie between 0 and 1, such as 0.99"),
        ("ema", 0.0, "--ema is 0.0"),
    ],
)
@pytest.mark.parametrize("kind", [TrainingOptions, TrainSettings])
def test_a_value_that_makes_no_sense_names_its_flag(kind: Any, name: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        kind(**{name: value})


def test_what_was_changed_is_told_by_name() -> None:
    assert TrainingOptions().changed() == {}
    assert TrainingOptions(**OTHER).changed() == OTHER
    assert set(OTHER) == {field.name for field in fields(TrainingOptions)}


def test_settings_hold_them_and_give_them_back() -> None:
    settings = TrainSettings(**OTHER, views=2)
    assert settings.options() == TrainingOptions(**OTHER)
    assert TrainSettings.from_dict(settings.to_dict()) == settings
    assert "clip_norm" not in TrainSettings().to_dict()
