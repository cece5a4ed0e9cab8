"""What a learner's model knows of its own answers, from stored activations."""

from collections.abc import Sequence

import numpy as np

from unfreeze.activations.engines import Floats
from unfreeze.evaluation.certainty import Certainty, fit_certainty
from unfreeze.evaluation.novelty import Novelty, kept_references, kept_rows
from unfreeze.images.table import Split
from unfreeze.learner.examples import ExampleSource
from unfreeze.training.batches import in_groups
from unfreeze.training.head import ROWS_AT_A_TIME, LinearHead, one_thread


def known_certainty(source: ExampleSource, head: LinearHead, *, ahead: Sequence[int] = ()) -> Certainty:
    """Fits what a model knows on the validation pictures, and keeps some of the training pictures.

    Of the training pictures, only those that are kept are read.

    Args:
        source: Serves the pictures under the weights as they are now.
        head: The head.
        ahead: Views of the validation pictures that will be asked for next.

    Returns:
        What the model knows.
    """
    examples = source.stored("valid", 0, ahead=ahead)
    novelty = _references(source)
    return fit_certainty(
        head.all_logits(examples),
        examples.targets.astype(np.int64),
        novelty=novelty.bounded(distances(source, "valid", novelty)),
    )


def distances(source: ExampleSource, split: Split, novelty: Novelty) -> Floats:
    """How strange a split's pictures are, read a few hundred at a time.

    Args:
        source: Serves the pictures under the weights as they are now.
        split: Which pictures.
        novelty: What tells strange pictures, of the same weights.

    Returns:
        Scores (N,) in the order of the split's rows, float32.
    """
    examples = source.stored(split, 0)
    groups = in_groups(range(len(examples.targets)), ROWS_AT_A_TIME)
    with one_thread():  # the same to the last bit on any number of threads
        return np.concatenate([novelty.scores(features) for features, _ in examples.batches(groups)])


def _references(source: ExampleSource) -> Novelty:
    """Features of training pictures, as many of each class as can be; of several labels, by chance."""
    rows, data = source.data.table.of_split("train"), source.data
    labels = np.zeros(len(rows), np.int64) if data.objective.several else data.targets(rows)
    chosen = kept_rows(labels, seed=data.transform.seed)
    return kept_references(source.pooled([rows[index] for index in chosen]))
