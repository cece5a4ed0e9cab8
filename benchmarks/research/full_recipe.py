"""Steps 5 to 8 with one default changed at a time."""

from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.research.cycle_plans import CyclePlan
from benchmarks.research.head_recipe import DEFAULT
from benchmarks.research.training import FULL_BATCH_SIZE, FULL_RATE
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.groups import DROPOUT, GROUP_NAMES
from unfreeze.network.network import BatchNormPolicy
from unfreeze.recipe.eight_steps import FIRST_TRAINED
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.rates import lowered_rates
from unfreeze.transforms.views import Augment

SETTINGS = TrainSettings()
SHORT = CyclePlan(cycles=2, length=SETTINGS.cycle_len, mult=SETTINGS.cycle_mult)
"""The first two of step 8's cycles: more of them would take days on two cores."""


@dataclass(frozen=True, kw_only=True)
class FullRecipe:
    """What steps 5 to 8 are told; the defaults are the recipe's, but for the number of epochs and size of a batch.

    Attributes:
        rate: Highest rate of the head.
        ratio: How many times lower each earlier group's rate is.
        plan: How long it trains.
        unfreeze: "all", or the "late" half.
        batch_norm: Whether its statistics stand still.
        batch_size: Pictures in a batch.
        augmented: Whether training sees augmented views.
        dropout: Part of the features that a step drops.
        options: Other options of training.
    """

    rate: float = FULL_RATE
    ratio: float = SETTINGS.rate_ratio
    plan: CyclePlan = SHORT
    unfreeze: str = SETTINGS.unfreeze
    batch_norm: BatchNormPolicy = SETTINGS.batch_norm
    batch_size: int = FULL_BATCH_SIZE
    augmented: bool = True
    dropout: float = DROPOUT
    options: dict[str, Any] = field(default_factory=dict)

    def data(self, data: ImageData) -> ImageData:
        """The pictures as these steps read them."""
        augment = data.transform.augment if self.augmented else Augment.NONE
        return replace(data, transform=replace(data.transform, augment=augment))

    def train(self, learner: Learner) -> None:
        """Steps 5, 6 and 8."""
        learner.model.batch_norm = self.batch_norm
        learner.model.head.dropout = learner.network.dropout = self.dropout
        learner.freeze_to(FIRST_TRAINED[self.unfreeze])
        learner.batch_size = self.batch_size
        rates = lowered_rates(self.rate, self.ratio, len(GROUP_NAMES))
        learner.fit(rates, self.plan.cycles, cycle_len=self.plan.length, cycle_mult=self.plan.mult)


FULL_VARIANTS: dict[str, FullRecipe] = {
    DEFAULT: FullRecipe(),
    "rate 0.0003": FullRecipe(rate=0.0003),
    "rate 0.0007": FullRecipe(rate=0.0007),
    "rate 0.006": FullRecipe(rate=0.006),
    "earlier groups: the same rate": FullRecipe(ratio=1),
    "earlier groups: 10 times lower": FullRecipe(ratio=10),
    "BatchNorm's statistics move": FullRecipe(batch_norm="train"),
    "the late half only": FullRecipe(unfreeze="late"),
    "1 epoch": FullRecipe(plan=CyclePlan(cycles=1, length=1)),
    "no augmentation": FullRecipe(augmented=False),
    "batches of 16": FullRecipe(batch_size=16),
    "AdamW at 0.0005": FullRecipe(rate=0.0005, options={"optimizer": "adamw", "weight_decay": 0.01}),
    "weight decay 0.01": FullRecipe(options={"weight_decay": 0.01}),
    "label smoothing 0.1": FullRecipe(options={"label_smoothing": 0.1}),
    "mixup 0.2": FullRecipe(options={"mixup": 0.2}),
    "running average": FullRecipe(options={"ema": 0.9}),
}
"""One default changed at a time."""

USUAL_BATCH_SIZE = SETTINGS.full_batch_size
RATE_VARIANTS: dict[str, FullRecipe] = {
    DEFAULT: FullRecipe(batch_size=USUAL_BATCH_SIZE),
    **{f"rate {rate:g}": FullRecipe(batch_size=USUAL_BATCH_SIZE, rate=rate) for rate in (0.0003, 0.0007)},
}
"""The rate alone, in batches as large as a run's."""
