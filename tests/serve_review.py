"""What tests of the review page share."""

import csv
from collections.abc import Callable
from pathlib import Path

from unfreeze.recipe.settings import TrainSettings
from unfreeze.serve.review.session import Session

WRONG = ("train/red/099.png", "valid/red/099.png")
"""Blue pictures among the red ones."""

SETTINGS = TrainSettings(size=32, steps=(1, 3), head="lbfgs", tta_views=0, threads=1)

OpenReview = Callable[..., Session]


def corrections_of(run: Path) -> list[dict[str, str]]:
    """The rows of the file that a review writes."""
    with (run / "review" / "corrections.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
