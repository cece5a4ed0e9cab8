"""Steps 1 to 4 with one default changed at a time."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.research.hidden_layer import HiddenLayer, train_hidden
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.network.groups import DROPOUT
from unfreeze.recipe.eight_steps import DEFAULT_HEAD_RATES, HEAD_SEEDS
from unfreeze.recipe.found_rate import RULE
from unfreeze.recipe.settings import TrainSettings
from unfreeze.transforms.views import Augment

SETTINGS = TrainSettings()


@dataclass(frozen=True, kw_only=True)
class HeadRecipe:
    """What steps 1 to 4 are told; the defaults are the recipe's own.

    Attributes:
        rate: Learning rate; None for the one that the finder suggests.
        head: Whether step 3 trains by steps or fits at once.
        head_epochs: Epochs of step 3; 0 leaves it out.
        cycles: Cycles of step 4; 0 leaves it out.
        cycle_len: Their length in epochs; None for a constant rate.
        dropout: Part of the features that a step drops.
        views: Augmented views that are stored; 0 trains step 4 on the plain view too.
        augment: Another kind of augmented views than the one that suits the pictures.
        batch_size: Pictures in a batch.
        hidden: Units of a layer before the last; 0 for none.
        options: Other options of training.
    """

    rate: float | None = None
    head: str = SETTINGS.head
    head_epochs: int = SETTINGS.head_epochs
    cycles: int = SETTINGS.augmented_cycles
    cycle_len: float | None = SETTINGS.cycle_len
    dropout: float = DROPOUT
    views: int = SETTINGS.views
    augment: Augment | None = None
    batch_size: int = SETTINGS.batch_size
    hidden: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def data(self, data: ImageData) -> ImageData:
        """The pictures as these steps read them."""
        augment = (self.augment or data.transform.augment) if self.views else Augment.NONE
        return replace(
            data,
            batch_size=self.batch_size,
            stored_views=max(1, self.views),
            transform=replace(data.transform, augment=augment),
        )

    def train(self, learner: Learner) -> None:
        """Steps 2 to 4."""
        learner.model.head.dropout = self.dropout
        rate = self.rate or found_rate(learner)
        if self.hidden:
            train_hidden(learner, self.layer(), rate)
            return
        if self.head == "lbfgs":
            learner.fit_exactly()
        elif self.head_epochs:
            learner.fit(rate, self.head_epochs)
        if self.cycles:
            learner.precompute = False
            learner.fit(rate, self.cycles, cycle_len=self.cycle_len)

    def layer(self) -> HiddenLayer:
        """The head with a hidden layer, and how long it trains."""
        return HiddenLayer(
            units=self.hidden, dropout=self.dropout, plain_epochs=self.head_epochs, augmented_epochs=self.cycles
        )


_FOUND: dict[Hashable, float] = {}


def found_rate(learner: Learner) -> float:
    """Step 2, as the recipe takes it; swept once for all variants that it is the same for."""
    head, rows = learner.model.head, learner.data.table.of_split("train")
    pictures = tuple((row.content, row.labels) for row in rows)
    same = pictures, learner.fitting.seed, learner.batch_size, head.dropout, learner.options
    if same not in _FOUND:
        sweep = learner.lr_find(seeds=HEAD_SEEDS)
        _FOUND[same] = sweep.suggestions[RULE] if sweep.clear else DEFAULT_HEAD_RATES[learner.options.optimizer]
    return _FOUND[same]


DEFAULT = "the defaults"

HEAD_VARIANTS: dict[str, HeadRecipe] = {
    DEFAULT: HeadRecipe(),
    "rate 0.003": HeadRecipe(rate=0.003),
    "rate 0.01": HeadRecipe(rate=0.01),
    "rate 0.03": HeadRecipe(rate=0.03),
    "step 3 left out": HeadRecipe(head_epochs=0),
    "step 3: 1 epoch": HeadRecipe(head_epochs=1),
    "step 3: 5 epochs": HeadRecipe(head_epochs=5),
    "step 4 left out": HeadRecipe(cycles=0),
    "step 4: 1 cycle": HeadRecipe(cycles=1),
    "step 4: 6 cycles": HeadRecipe(cycles=6),
    "step 4: 12 cycles": HeadRecipe(cycles=12),
    "step 4: one cycle of 3": HeadRecipe(cycles=1, cycle_len=3),
    "step 4: constant rate": HeadRecipe(cycle_len=None),
    "head: L-BFGS alone": HeadRecipe(head="lbfgs", cycles=0),
    "head: L-BFGS, then step 4": HeadRecipe(head="lbfgs"),
    "head: hidden layer of 256": HeadRecipe(hidden=256),
    "dropout 0": HeadRecipe(dropout=0.0),
    "dropout 0.5": HeadRecipe(dropout=0.5),
    "no augmentation": HeadRecipe(views=0),
    "one augmented view": HeadRecipe(views=1),
    "batches of 8": HeadRecipe(batch_size=8),
    "batches of 16": HeadRecipe(batch_size=16),
    "batches of 64": HeadRecipe(batch_size=64),
    "AdamW at the found rate": HeadRecipe(options={"optimizer": "adamw"}),
    "AdamW at 0.001": HeadRecipe(rate=0.001, options={"optimizer": "adamw"}),
    "AdamW at 0.001, decay 0.1": HeadRecipe(rate=0.001, options={"optimizer": "adamw", "weight_decay": 0.1}),
    "weight decay 0.001": HeadRecipe(options={"weight_decay": 0.001}),
    "weight decay 0.03": HeadRecipe(options={"weight_decay": 0.03}),
    "label smoothing 0.1": HeadRecipe(options={"label_smoothing": 0.1}),
    "mixup 0.2": HeadRecipe(options={"mixup": 0.2}),
    "gradients clipped at 1": HeadRecipe(options={"clip_norm": 1.0}),
    "running average": HeadRecipe(options={"ema": 0.9}),
}
"""One default changed at a time."""
