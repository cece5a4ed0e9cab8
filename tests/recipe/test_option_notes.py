"""What is said of options that do nothing in a run, and of losses that are to be read with care."""

from typing import Any

import pytest

from unfreeze.recipe.option_notes import CUT_PICTURES, MIXED_LOSS, NOTHING_CUT, option_notes
from unfreeze.recipe.settings import TrainSettings

HEAD = (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"optimizer": "adamw", "ema": 0.9, "accumulate": 2, "precision": "bfloat16"}, []),
        ({"mixup": 0.2}, [MIXED_LOSS]),
        ({"mixup": 0.2, "steps": HEAD}, [MIXED_LOSS]),
        ({"cutmix": 1.0}, [CUT_PICTURES, MIXED_LOSS]),
        ({"cutmix": 1.0, "steps": HEAD}, [NOTHING_CUT]),
        ({"cutmix": 1.0, "unfreeze": "late", "mixup": 0.2}, [NOTHING_CUT, MIXED_LOSS]),
    ],
)
def test_notes_say_what_an_option_does_not_do(given: dict[str, Any], expected: list[str]) -> None:
    assert option_notes(TrainSettings(**given)) == expected


@pytest.mark.parametrize("given", [{"accumulate": 2}, {"precision": "auto"}])
def test_options_of_the_body_are_said_to_rest_where_the_head_trains_alone(given: dict[str, Any]) -> None:
    (note,) = option_notes(TrainSettings(**given, steps=HEAD))
    assert note.startswith(f"--{next(iter(given))} changes nothing here")
