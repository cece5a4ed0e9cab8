"""What more pictures would bring to a learner, from activations that are stored already."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from unfreeze.evaluation.class_gains import class_gains
from unfreeze.evaluation.learning_curve import LEAST_OF_A_CLASS, learning_curve, nested_order
from unfreeze.evaluation.outlook import DataOutlook
from unfreeze.images.table import ImageRow
from unfreeze.learner.learner import Learner
from unfreeze.learner.weights import Weights
from unfreeze.network.groups import POOLED
from unfreeze.training.batches import Batch

MOST_PICTURES, MOST_VALIDATED = 4000, 2000
MOST_ANSWERS = 100_000
"""Pictures times classes of a fit, which is what its time goes with: half a minute for all fits on one core."""

HEAD_ALONE = "the curve is of heads on the pretrained body, fitted exactly"
BODY_TRAINED = "the body was trained as well in this run, and may gain more or less from more pictures"


def data_outlook(learner: Learner, *, seed: int = 0) -> DataOutlook:
    """Measures the learning curve of heads on the pretrained body, and of which class more pictures would help most.

    Activations of the plain view are read from the store, and computed where they are not there. Of many pictures some
    are taken, in which every class has its share: what all of them together reach is known from the run itself.

    Args:
        learner: The learner; its weights are afterwards what they were.
        seed: Decides the subsets.

    Returns:
        The curve and the gains, or why there are none.
    """
    table = learner.data.table
    if learner.data.objective.several:
        return _none("the learning curve is not measured where a picture has several labels")
    train, valid = table.of_split("train"), table.of_split("valid")
    most = min(MOST_PICTURES, MOST_ANSWERS // len(table.classes))
    if not valid or min(len(train), most) < 2 * LEAST_OF_A_CLASS * len(table.classes):
        few = "few training pictures" if valid and len(train) <= most else "many classes" if valid else "few pictures"
        return _none(f"the learning curve is not measured: there are too {few}")
    some, asked = _share(train, most, seed=seed), _share(valid, MOST_VALIDATED, seed=seed)
    with _pretrained(learner):
        here, there = (_batch(learner, rows) for rows in (some, asked))
    notes = [HEAD_ALONE, *([] if learner.model.is_pretrained(POOLED) else [BODY_TRAINED])]
    if len(some) < len(train):
        notes.append(f"it was measured on {len(some):,} of {len(train):,} training pictures, so it ends before them")
        notes.append("where more pictures of one class would help most is not tried with so many")
    if len(asked) < len(valid):
        notes.append(f"its accuracies are those of {len(asked):,} of {len(valid):,} validation pictures")
    classes = len(table.classes)
    curve = learning_curve(here, there, classes=classes, seed=seed)
    gains = class_gains(here, there, classes=classes, seed=seed) if len(some) == len(train) else None
    return DataOutlook(curve=curve, gains=gains, notes=tuple(notes))


def _none(why: str) -> DataOutlook:
    return DataOutlook(curve=None, gains=None, notes=(why,))


def _share(rows: Sequence[ImageRow], most: int, *, seed: int) -> list[ImageRow]:
    """So many rows at most, of every class its share, in the order of the table."""
    if len(rows) <= most:
        return list(rows)
    labels = np.array([row.labels[0] for row in rows], np.int64)
    order = nested_order(labels, np.random.default_rng(seed))
    return [rows[index] for index in np.sort(order[:most])]


def _batch(learner: Learner, rows: Sequence[ImageRow]) -> Batch:
    return learner.source.pooled(rows), learner.data.targets(rows)


@contextmanager
def _pretrained(learner: Learner) -> Iterator[None]:
    """Puts the body back to what was stored of it first of all, and the learner's weights in place again after."""
    model = learner.model
    if model.is_pretrained(POOLED):
        yield
        return
    kept = model.weights(momenta=True)
    try:
        model.restore(Weights(head=kept.head))
        yield
    finally:
        model.restore(kept)
