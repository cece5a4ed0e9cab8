"""What the parts of a run will cost, from speeds measured on a few of its pictures."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unfreeze.evaluation.novelty import MOST_REFERENCES
from unfreeze.images.table import Split
from unfreeze.learner.learner import Learner
from unfreeze.learner.outlook import MOST_ANSWERS
from unfreeze.recipe.costs import BodyCosts, Costs
from unfreeze.recipe.rungs import AUGMENTED, FULL
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.speeds import TRIED_BATCHES, BodySpeeds, Trial
from unfreeze.training.cycles import cycle_ends
from unfreeze.training.lr_find import LEAST_STEPS
from unfreeze.transforms.views import Augment

if TYPE_CHECKING:
    from unfreeze.network.network import Network

END_SECONDS, END_OF_BODY_SECONDS = 5.0, 5.0
"""What report, plots and model take of one core, and how much more where the body was trained:
docs/decisions/0023-time-budget.md has the figures."""

CURVE_SECONDS, ANSWERS_SECONDS = 1.5, 30.0
"""What the learning curve takes at least, and how much more where pictures times classes are `MOST_ANSWERS`."""

ON_ONE_CORE = 0.6
"""What part of the time that all cores lose to other programs one core alone loses, as was seen on two cores."""

SLOWER_TO_TRAIN = 6.0
"""How many times longer a picture takes to train on than to be seen, at least: decides whether training is tried."""

OPENING_SECONDS = 8.0
"""What torch takes to be loaded at least, likewise."""

WEIGHTS_COMPARED = 3
"""Sets of weights that the validation pictures are seen with after step 8: before, best, and the cycles' average."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Estimates the costs of a run.

    Attributes:
        learner: The run's learner.
        settings: The run's settings.
        head_seeds: Sweeps of step 2.
        first_trained: Index of the first layer group that step 8 trains.
        smaller_px: Sides of smaller squares that would do where time is short, in pixels.
    """

    learner: Learner
    settings: TrainSettings
    head_seeds: int
    first_trained: int
    smaller_px: tuple[int, ...] = ()

    def costs(self, network: "Callable[[], str | Network]", *, left: Callable[[], float]) -> Costs:
        """Measures, and adds up what each part will cost.

        Args:
            network: Makes a network to measure with, or names it.
            left: What is left of the budget, in seconds; decides whether training the body is worth trying.

        Returns:
            The costs; those of the body are missing where they cannot fit.
        """
        began = time.perf_counter(), time.process_time()
        with closing(Trial(self.learner.data, self.settings, network())) as trial:
            (picture, waiting), head_step = trial.picture(), trial.head_step()
            passed, used = time.perf_counter() - began[0], time.process_time() - began[1]
            alone = max(1 + ON_ONE_CORE * (waiting - 1), passed / max(used, 1e-3))
            found = self._frozen(picture, head_step, alone)
            if FULL not in self.settings.steps:
                return found
            if 5 not in self.settings.steps:
                return self._with_body(found, lambda size: self._head_again(size, picture, head_step))
            frozen = found.head[self._size] + sum(found.cycles) + found.end
            least = self._least_of_the_body(picture * waiting)  # torch's threads wait for one another
            if left() < frozen + least:
                return replace(found, body_at_least=least)
            speeds = trial.body(self.first_trained, picture=picture)
            return self._with_body(found, lambda size: self._body(size, picture, speeds, alone))

    @property
    def _size(self) -> int:
        return self.learner.data.transform.size_px

    def _count(self, split: Split) -> int:
        return len(self.learner.data.table.of_split(split))

    def _share(self, size: int) -> float:
        """What part of the full size's pixels squares have."""
        return (size / self._size) ** 2

    def _missing(self, split: Split, views: Sequence[int], size: int) -> int:
        """How many activations are not stored yet; of smaller squares none is believed to be."""
        views_stored = size == self._size
        return self.learner.source.missing(split, views) if views_stored else self._count(split) * len(views)

    def _frozen(self, picture: float, head_step: float, alone: float) -> Costs:
        """Costs of all but the training of the body, at each size."""
        found = self._frozen_at(self._size, picture, head_step, alone)
        smaller = {size: self._frozen_at(size, picture, head_step, alone) for size in self.smaller_px}
        head = {size: seconds for costs in (found, *smaller.values()) for size, seconds in costs.head.items()}
        return replace(found, head=head, smaller=smaller)

    def _with_body(self, costs: Costs, body: Callable[[int], BodyCosts]) -> Costs:
        smaller = {size: replace(found, body=body(size)) for size, found in costs.smaller.items()}
        return replace(costs, body=body(self._size), smaller=smaller)

    def _frozen_at(self, size: int, picture: float, head_step: float, alone: float) -> Costs:
        """The same at one size; work on one core takes so many times its processor time."""
        settings, picture = self.settings, picture * self._share(size)
        steps = self.learner.epoch_steps
        validation = head_step * (self._count("valid") + min(self._count("train"), 1000)) / 64
        epoch = steps * head_step + validation
        trained = epoch * settings.head_epochs + self.head_seeds * max(LEAST_STEPS, steps) * head_step
        plain = self._missing("train", (0,), size) + self._missing("valid", (0,), size)
        views = range(1, 1 + settings.tta_views)
        tta = self._missing("valid", views, size) + self._missing("test", views, size)
        answers = min(1.0, self._count("train") * len(self.learner.data.table.classes) / MOST_ANSWERS)
        return Costs(
            head={size: plain * picture + trained},
            cycles=self._cycles(size, picture, epoch),
            curve=(CURVE_SECONDS + ANSWERS_SECONDS * answers) * alone,
            tta=tta * picture,
            end=END_SECONDS * alone + self._missing("test", (0,), size) * picture,
            body=None,
            full_ends=cycle_ends(
                settings.full_cycles, cycle_len=settings.cycle_len, cycle_mult=settings.cycle_mult, epoch_steps=1
            ),
            sizes_px=settings.sizes,
        )

    def _cycles(self, size: int, picture: float, epoch: float) -> tuple[float, ...]:
        """What each cycle of step 4 costs: views that are not stored yet, and the head's epochs."""
        settings = self.settings
        if AUGMENTED not in settings.steps:
            return ()
        plain = self.learner.data.transform.augment is Augment.NONE
        fresh = [0 if plain else self._missing("train", (1 + view,), size) for view in range(settings.views)]
        length = settings.cycle_len
        return tuple(
            length * epoch + picture * sum(fresh[cycle * length : (cycle + 1) * length])
            for cycle in range(settings.augmented_cycles)
        )

    def _least_of_the_body(self, picture: float) -> float:
        """What trying to train the body and a single epoch of it take at least."""
        share = self._share(min(self.smaller_px, default=self._size))
        tried = TRIED_BATCHES * self.settings.full_batch_size * SLOWER_TO_TRAIN
        return picture * (tried + self._count("train") * SLOWER_TO_TRAIN * share) + 2 * OPENING_SECONDS

    def _body(self, size: int, picture: float, speeds: BodySpeeds, alone: float) -> BodyCosts:
        share = self._share(size)
        picture, speeds = picture * share, replace(speeds, picture=speeds.picture * share, step=speeds.step * share)
        steps = -(-self._count("train") // self.settings.full_batch_size)
        judged, tested, views = self._count("valid"), self._count("test"), self.settings.tta_views
        validation = judged * picture + speeds.prepared
        seen = min(self._count("train"), MOST_REFERENCES) + tested
        stored = self.settings.views * self._count("train") * speeds.picture
        return BodyCosts(
            opened=speeds.opened + stored,
            compared=WEIGHTS_COMPARED * validation,
            after=seen * picture + END_OF_BODY_SECONDS * alone,
            tta=(judged + tested) * views * picture,
            sweep=max(LEAST_STEPS, steps) * speeds.step,
            step=speeds.step,
            validation=validation,
            epoch_steps=steps,
        )

    def _head_again(self, size: int, picture: float, head_step: float) -> BodyCosts:
        """Step 8 where step 5 is not taken: the head trains on stored views."""
        steps, picture = self.learner.epoch_steps, picture * self._share(size)
        views = range(1, 1 + self.settings.views)
        stored = 0 if AUGMENTED in self.settings.steps else self._missing("train", views, size)
        return BodyCosts(
            opened=stored * picture,
            compared=0.0,
            after=0.0,
            tta=self._missing("valid", range(1, 1 + self.settings.tta_views), size) * picture,
            sweep=max(LEAST_STEPS, steps) * head_step,
            step=head_step,
            validation=head_step * (self._count("valid") + min(self._count("train"), 1000)) / 64,
            epoch_steps=steps,
        )
