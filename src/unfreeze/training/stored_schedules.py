"""Schedules as plain values and back: a checkpoint holds the schedule of a fit that was interrupted."""

from collections.abc import Mapping
from typing import Any

from unfreeze.errors import SettingsError
from unfreeze.training.schedules import ConstantRate, CosineRestarts, FlatCosine, OneCycle, Schedule, WarmUp


def schedule_to_dict(schedule: Schedule) -> dict[str, Any]:
    """A schedule as plain values, for JSON.

    Args:
        schedule: One of those in `training/schedules.py`.

    Returns:
        Its kind and its whole numbers.

    >>> schedule_to_dict(CosineRestarts((2, 6)))
    {'kind': 'cosine', 'cycle_ends': [2, 6]}
    """
    match schedule:
        case ConstantRate(ends):
            return {"kind": "constant", "cycle_ends": list(ends)}
        case CosineRestarts(ends):
            return {"kind": "cosine", "cycle_ends": list(ends)}
        case OneCycle(steps):
            return {"kind": "one-cycle", "steps": steps}
        case FlatCosine(steps):
            return {"kind": "flat-cosine", "steps": steps}
        case WarmUp(steps, then):
            return {"kind": "warm-up", "warmup_steps": steps, "then": schedule_to_dict(then)}
    raise AssertionError(f"{type(schedule).__name__} is a schedule that cannot be stored")


def schedule_from_dict(values: Mapping[str, Any]) -> Schedule:
    """The schedule that `schedule_to_dict` made plain values of.

    Args:
        values: What it made, after JSON or before.

    Returns:
        A schedule equal to the one that was stored.

    Raises:
        SettingsError: If the values are not exactly those of a schedule.
    """
    match values:
        case {"kind": "constant", "cycle_ends": [*ends], **rest} if not rest:
            return ConstantRate(tuple(ends))
        case {"kind": "cosine", "cycle_ends": [*ends], **rest} if not rest:
            return CosineRestarts(tuple(ends))
        case {"kind": "one-cycle", "steps": steps, **rest} if not rest:
            return OneCycle(steps)
        case {"kind": "flat-cosine", "steps": steps, **rest} if not rest:
            return FlatCosine(steps)
        case {"kind": "warm-up", "warmup_steps": steps, "then": then, **rest} if not rest:
            return WarmUp(steps, schedule_from_dict(then))
    raise SettingsError(f"{values!r} describes no schedule; what schedule_to_dict gives does", subject="schedule")
