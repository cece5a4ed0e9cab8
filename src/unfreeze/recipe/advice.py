"""Whether fine-tuning is likely to be worth its time, said before it begins, and whether it was, said afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.metrics import mcnemar

LEAST_WRONG = 6
"""If all of five wrong answers were mended and nothing lost, chance would do as well in one of 16 cases (McNemar)."""

UNDERFITS = 0.5
"""A head whose training loss is at least this part of its validation loss is limited by its features."""

SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is known of a head before the body is trained.

    Attributes:
        wrong: Validation pictures that it classifies wrongly.
        pictures: Validation pictures.
        train_loss: Its loss on plain training pictures, in eval mode.
        valid_loss: Its loss on validation pictures.
    """

    wrong: int
    pictures: int
    train_loss: float
    valid_loss: float

    @property
    def promising(self) -> bool:
        """Whether training the body is likely to change the result by more than can be chance."""
        return self.wrong >= LEAST_WRONG and self.train_loss >= UNDERFITS * self.valid_loss

    @property
    def reason(self) -> str:
        """Why, in words; docs/decisions/0006-head.md has the runs that it was read off."""
        errors = f"the head is wrong on {self.wrong} of {self.pictures} validation pictures"
        if self.wrong < LEAST_WRONG:
            return f"{errors}; mending them all could not be told from chance"
        losses = f"loss {self.train_loss:.3f} on training pictures, {self.valid_loss:.3f} on validation pictures"
        if self.promising:
            return f"{errors}, and fits those it trained on hardly better ({losses}): better features help"
        return f"{errors}, but fits those it trained on much better ({losses}): more pictures help more"


def before_fine_tuning(outlook: Outlook, *, steps: int, seconds_per_step: float) -> str:
    """What training the body costs, and whether it is likely to pay.

    Args:
        outlook: What is known of the head.
        steps: Training steps of the cycles that were asked for.
        seconds_per_step: As measured on this machine.

    Returns:
        A sentence.

    >>> head = Outlook(wrong=9, pictures=500, train_loss=0.02, valid_loss=0.06)
    >>> before_fine_tuning(head, steps=100, seconds_per_step=0.6).partition(":")[0]
    'step 8 takes up to 1 min here; unlikely to pay'
    """
    cost = readable_seconds(steps * seconds_per_step)
    likely = "likely to pay" if outlook.promising else "unlikely to pay"
    return f"step 8 takes up to {cost} here; {likely}: {outlook.reason}"


def after_fine_tuning(before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_], seconds: float) -> str:
    """Whether training the body paid.

    Args:
        before: Whether each validation picture was classified correctly before it, shape (N,).
        after: Afterwards, with the weights that are kept.
        seconds: What it took.

    Returns:
        A sentence.

    >>> print(after_fine_tuning(np.array([True, False] * 20), np.array([True] * 40), 90))
    its 1.5 min paid: 20 validation pictures mended, 0 lost (McNemar's test, p < 0.001)
    """
    mended, lost = int((after & ~before).sum()), int((before & ~after).sum())
    chance = mcnemar(before, after)
    shown = "p < 0.001" if chance < 0.001 else f"p = {chance:.2g}"
    counts = f"{mended} validation pictures mended, {lost} lost (McNemar's test, {shown})"
    cost = readable_seconds(seconds)
    if chance >= SIGNIFICANT:
        return f"its {cost} cannot be shown to have paid: {counts}"
    return f"its {cost} paid: {counts}" if mended > lost else f"its {cost} did harm: {counts}"


def readable_seconds(seconds: float) -> str:
    """A time as a reader takes it in.

    >>> [readable_seconds(s) for s in (4.2, 59, 90, 600)]
    ['4 s', '59 s', '1.5 min', '10 min']
    """
    return f"{seconds:.0f} s" if seconds < 60 else f"{round(seconds / 60, 1):g} min"


def right_answers(logits: npt.NDArray[np.float32], labels: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Whether the largest of each picture's logits (N, C) is its label's, shape (N,)."""
    return np.asarray(logits.argmax(1) == np.asarray(labels), np.bool_)
