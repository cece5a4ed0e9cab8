"""What a retrained head came to, in sentences that do not claim more than was seen."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.comparison import SIGNIFICANT, points
from unfreeze.evaluation.metrics import mcnemar
from unfreeze.evaluation.paired import paired_interval

Right = npt.NDArray[np.bool_]


def compared(before: Right, after: Right) -> str:
    """What the decisions did to the head, on the same pictures and labels.

    Args:
        before: Whether the head is right about each picture that was fitted to the labels as they were, shape (N,).
        after: The same of the one that was fitted to the labels as decided.

    Returns:
        A sentence.

    >>> compared(np.array([True, False]), np.array([True, False]))
    'Both heads are right about the same 1 of 2 pictures: what was decided about training pictures changes no answer.'
    """
    gained, lost, count = int((after & ~before).sum()), int((before & ~after).sum()), len(before)
    if not gained + lost:
        right = f"{int(after.sum()):,} of {count:,} pictures"
        return (
            f"Both heads are right about the same {right}: what was decided about training pictures changes no answer."
        )
    low, high = paired_interval(gained, lost, count)
    chance = mcnemar(before, after)
    told = "chance can be ruled out" if chance < SIGNIFICANT else "it cannot be told from chance"
    return (
        f"By the labels as decided, {gained:,} of {count:,} pictures became right and {lost:,} wrong: "
        f"{points((gained - lost) / count)} points (95 % interval {points(low)} to {points(high)}), and {told} "
        f"(McNemar's exact test, p = {chance:.2g})."
    )


def yardstick(counts: Mapping[str, int], *, trained_its_body: bool) -> list[str]:
    """What a reader has to know before these accuracies are believed.

    Args:
        counts: How many pictures were relabelled and left out, by split: `relabelled_train`, `left_out_valid` and so
            on.
        trained_its_body: Whether the run trained more than the head.

    Returns:
        Sentences.
    """
    said = [
        f"Training pictures: {counts['relabelled_train']:,} relabelled, {counts['left_out_train']:,} left out. "
        f"Validation pictures: {counts['relabelled_valid']:,} relabelled, {counts['left_out_valid']:,} left out."
    ]
    if counts["relabelled_valid"] or counts["left_out_valid"]:
        said.append(
            "The yardstick changed: compare accuracies within a column, never across. The pictures were chosen where "
            "a model disagrees with the label, so labels as decided flatter every model that answers alike."
        )
    said.append("Heads stand on the body as it was pretrained and are fitted at once, on the plain view.")
    if trained_its_body:
        said.append("The run trained its body too. That is not done again here: the command below does it.")
    return said
