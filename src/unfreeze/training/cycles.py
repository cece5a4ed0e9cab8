"""The arithmetic of cycles: where they end and how many fit, in exact fractions, and the curve inside them."""

import math
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise

from unfreeze.errors import SettingsError


def cycle_ends(n_cycle: int, *, cycle_len: float, cycle_mult: float, epoch_steps: int) -> tuple[int, ...]:
    """Steps done at the end of each cycle, cycle k being cycle_len * cycle_mult**k epochs long.

    Computed in exact fractions of the numbers as written: 1.5 epochs of 10 steps are 15 steps, and no rounding decides.

    Args:
        n_cycle: Number of cycles.
        cycle_len: Length of the first cycle in epochs.
        cycle_mult: Each cycle is this many times as long as the one before.
        epoch_steps: Steps in an epoch.

    Returns:
        Whole numbers of steps, ascending.

    Raises:
        SettingsError: If a number is not positive, that of cycles is not whole or a cycle would end between two steps.

    >>> cycle_ends(3, cycle_len=1, cycle_mult=1.5, epoch_steps=4)
    (4, 10, 19)
    """
    _check_positive(n_cycle=n_cycle, cycle_len=cycle_len, cycle_mult=cycle_mult, epoch_steps=epoch_steps)
    if n_cycle != int(n_cycle):
        raise SettingsError(f"n_cycle is {n_cycle}; it must be a whole number", subject="n_cycle")
    length, mult = Fraction(str(cycle_len)) * epoch_steps, Fraction(str(cycle_mult))
    ends, total = [], Fraction(0)
    for cycle in range(int(n_cycle)):
        total += length
        length *= mult
        if total.denominator != 1:
            message = (
                f"cycle {cycle + 1} would end at step {float(total):g}, between two steps: cycle_len {cycle_len} and "
                f"cycle_mult {cycle_mult} do not divide epochs of {epoch_steps} steps"
            )
            raise SettingsError(message, subject="cycle_len")
        ends.append(int(total))
    return tuple(ends)


def cycles_within(max_epochs: float, *, cycle_len: float, cycle_mult: float = 1) -> int:
    """How many whole cycles fit into a number of epochs, cycle k being cycle_len * cycle_mult**k epochs long.

    Args:
        max_epochs: Epochs that all cycles together may take.
        cycle_len: Length of the first cycle in epochs.
        cycle_mult: Each cycle is this many times as long as the one before.

    Returns:
        The largest number of cycles whose epochs sum to at most `max_epochs`.

    Raises:
        SettingsError: If a number is not positive, not even one cycle fits, or shrinking cycles never use it up.

    >>> cycles_within(10, cycle_len=1, cycle_mult=2)  # 1 + 2 + 4 = 7, and 15 with the next one
    3
    """
    _check_positive(max_epochs=max_epochs, cycle_len=cycle_len, cycle_mult=cycle_mult)
    left, length, mult = (Fraction(str(number)) for number in (max_epochs, cycle_len, cycle_mult))
    if left < length:
        message = f"max_epochs is {max_epochs}, too short for one cycle; make it {cycle_len} or more, or cycle_len less"
        raise SettingsError(message, subject="max_epochs")
    if mult == 1:
        return int(left // length)
    if mult < 1 and length / (1 - mult) <= left:
        message = (
            f"max_epochs is {max_epochs}, which cycles that shrink by cycle_mult {cycle_mult} never use up; "
            f"make it less than {float(length / (1 - mult)):g}"
        )
        raise SettingsError(message, subject="max_epochs")
    count = 0
    while length <= left:
        left -= length
        length *= mult
        count += 1
    return count


def cycle_at(step: int, ends: tuple[int, ...]) -> tuple[int, int]:
    """The cycle that a step belongs to.

    Args:
        step: The step, counted from 0 over all cycles.
        ends: Number of steps done at the end of each cycle.

    Returns:
        The cycle's first step, and the number of steps done at its end.

    Raises:
        IndexError: If the step belongs to none.

    >>> cycle_at(2, (2, 6))
    (2, 6)
    """
    if not 0 <= step < ends[-1]:
        where = "before the first cycle" if step < 0 else f"behind the last cycle, which ends at {ends[-1]}"
        raise IndexError(f"step {step} lies {where}")
    cycle = bisect_right(ends, step)
    return (ends[cycle - 1] if cycle else 0), ends[cycle]


def cosine(start: float, end: float, share: float) -> float:
    """From one value to another along half a cosine.

    Args:
        start: The value where nothing is done.
        end: The value where all is done.
        share: What part is done, 0 to 1.

    Returns:
        The value there.

    >>> [round(cosine(1.0, 0.0, share), 3) for share in (0, 0.25, 0.5, 1)]
    [1.0, 0.854, 0.5, 0.0]
    """
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


def check_ends(ends: tuple[int, ...]) -> None:
    """Raises SettingsError unless cycles end after whole numbers of steps, ascending from 1 on."""
    whole = bool(ends) and all(type(end) is int for end in ends)
    if not whole or any(end <= start for start, end in pairwise((0, *ends))):
        message = f"cycle_ends is {ends}; cycles end after whole numbers of steps, ascending from 1 on"
        raise SettingsError(message, subject="cycle_ends")


def check_whole(name: str, value: int, *, least: int) -> None:
    """Raises SettingsError unless a number is whole and not too small."""
    if type(value) is not int or value < least:
        raise SettingsError(f"{name} is {value!r}; it must be a whole number, at least {least}", subject=name)


def _check_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not (math.isfinite(value) and value > 0):
            raise SettingsError(f"{name} is {value}; it must be above 0", subject=name)
