"""What test-time augmentation gains, and what it costs."""

from dataclasses import dataclass
from typing import Any

from unfreeze.evaluation.metrics import mcnemar
from unfreeze.evaluation.paired import paired_interval
from unfreeze.evaluation.predictions import PredictionTable


@dataclass(frozen=True, kw_only=True)
class TtaGain:
    """Answers with test-time augmentation beside those on the plain view, for the same pictures.

    Attributes:
        pictures: How many.
        plain: Part of them that is right on the plain view.
        augmented: Part that is right with augmentation.
        gained: Pictures that became right.
        lost: Pictures that became wrong.
        low: Lower end of the 95 % interval of the difference, Tango's.
        high: Upper end.
        chance: How likely so large a difference is by chance, by McNemar's exact test.
        seconds: What a picture takes longer with augmentation; None where it was not measured.
    """

    pictures: int
    plain: float
    augmented: float
    gained: int
    lost: int
    low: float
    high: float
    chance: float
    seconds: float | None = None

    @property
    def difference(self) -> float:
        """The gain: 0.01 where of 100 pictures one more is right."""
        return (self.gained - self.lost) / self.pictures

    def plain_values(self) -> dict[str, Any]:
        """What the table says, as JSON has it: the seconds are no part of it."""
        names = ("pictures", "plain", "augmented", "gained", "lost", "low", "high", "chance")
        return {**{name: getattr(self, name) for name in names}, "methods": ["McNemar's exact test", "Tango score"]}


def tta_gain(table: PredictionTable, *, seconds: float | None = None) -> TtaGain | None:
    """Compares answers with and without test-time augmentation, picture by picture.

    Args:
        table: The predictions.
        seconds: What a picture takes longer with augmentation.

    Returns:
        The comparison; None where there was no augmentation or there are no pictures.
    """
    if table.tta is None or not table.paths:
        return None
    plain, augmented = table.correct, table.objective.agree(table.objective.answers(table.tta), table.targets)
    gained, lost = int((augmented & ~plain).sum()), int((plain & ~augmented).sum())
    low, high = paired_interval(gained, lost, len(plain))
    return TtaGain(
        pictures=len(plain),
        plain=float(plain.mean()),
        augmented=float(augmented.mean()),
        gained=gained,
        lost=lost,
        low=low,
        high=high,
        chance=mcnemar(plain, augmented),
        seconds=seconds,
    )
