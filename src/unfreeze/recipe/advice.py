"""Whether fine-tuning is likely to be worth its time, said before it begins, and whether it was, said afterwards."""

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.comparison import SIGNIFICANT
from unfreeze.evaluation.metrics import mcnemar

LEAST_WRONG = 12
"""Where half of so many are mended and none is lost, McNemar's test says p = 0.03: fewer are no evidence."""


def before_fine_tuning(right: npt.NDArray[np.bool_], *, seconds: float) -> str:
    """What training the body costs, and whether it is likely to pay.

    It is where even half of the head's mistakes, mended, could be told from chance; docs/decisions/0006-head.md has the
    runs that bear it out.

    Args:
        right: Whether the head answers rightly for each validation picture, shape (N,).
        seconds: What the cycles that were asked for take, as measured on this machine.

    Returns:
        A sentence.

    >>> before_fine_tuning(np.arange(500) > 3, seconds=60).partition(":")[0]
    'step 8 takes up to 1 min here and is unlikely to pay'
    """
    wrong, cost = int((~right).sum()), readable_seconds(seconds)
    found = f"the head is wrong on {wrong} of {len(right)} validation pictures"
    if wrong < LEAST_WRONG:
        return f"step 8 takes up to {cost} here and is unlikely to pay: {found}, too few to show a gain"
    return f"step 8 takes up to {cost} here and may pay: {found}"


def after_fine_tuning(before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_], seconds: float) -> str:
    """Whether training the body paid.

    Args:
        before: Whether each validation picture was answered rightly before it, shape (N,).
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
