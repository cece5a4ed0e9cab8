"""One learning rate for each layer group, from what a user may write."""

import math
from collections.abc import Iterable, Sequence

from unfreeze.errors import SettingsError

Rates = float | Sequence[float] | slice


def group_rates(rates: Rates, groups: int) -> tuple[float, ...]:
    """Gives every layer group its learning rate.

    Args:
        rates: One rate for all groups; a list with one rate a group, from input to head; `slice(a, b)`, spaced
            geometrically from a to b; or `slice(b)`, b for the head and a tenth of it for the rest.
        groups: Number of groups, frozen ones included: their rates are ignored.

    Returns:
        One rate a group.

    Raises:
        SettingsError: If a list has another length, or a rate is not a positive number.

    >>> group_rates(slice(0.001, 0.1), 3)
    (0.001, 0.01, 0.1)
    >>> group_rates(slice(0.1), 3)
    (0.01, 0.01, 0.1)
    """
    found = _spread(rates, groups)
    if len(found) != groups:
        message = f"{len(found)} learning rates given; {groups} expected, one for each layer group"
        raise SettingsError(message, subject="lr")
    for rate in found:
        if not (math.isfinite(rate) and rate > 0):
            raise SettingsError(f"learning rate {rate} is not a positive number", subject="lr")
    return found


def lowered_rates(head_rate: float, ratio: float, groups: int) -> tuple[float, ...]:
    """Rates that fall by a ratio from each group to the one before it.

    Args:
        head_rate: The last group's rate.
        ratio: How many times lower each earlier group's rate is.
        groups: Number of groups.

    Returns:
        One rate a group, ascending.

    >>> lowered_rates(1.0, 4, 3)
    (0.0625, 0.25, 1.0)
    """
    return tuple(head_rate / ratio ** (groups - 1 - index) for index in range(groups))


def _spread(rates: Rates, groups: int) -> tuple[float, ...]:
    if not isinstance(rates, slice):
        return tuple(float(rate) for rate in rates) if isinstance(rates, Iterable) else (float(rates),) * groups
    if rates.stop is None or rates.step is not None:
        raise SettingsError(f"{rates} is no range of learning rates; write slice(a, b) or slice(b)", subject="lr")
    if rates.start is None:
        return (rates.stop / 10,) * (groups - 1) + (float(rates.stop),)
    if not (0 < rates.start < math.inf and 0 < rates.stop < math.inf):
        raise SettingsError(f"{rates} must go from one positive number to another", subject="lr")
    ratio = (rates.stop / rates.start) ** (1 / max(1, groups - 1))
    return lowered_rates(rates.stop, ratio, groups)
