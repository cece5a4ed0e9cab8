"""The command that trains a run again with what was decided."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unfreeze.recipe.command_line import train_command_line
from unfreeze.serve.review.decisions import Action, Event, of_pictures
from unfreeze.serve.review.opened import OpenedRun


def full_command(run: OpenedRun, corrections: Path, events: Sequence[Event]) -> str:
    """`unfreeze train` with the run's own settings and the decisions.

    What the run's own manifests relabelled stands in the file of decisions, so they are not named again.

    Args:
        run: The run.
        corrections: The file of decisions.
        events: The decisions in force that it was made of.

    Returns:
        One line for a shell.
    """
    path = corrections.resolve()
    relabel = (path,) if run.told or _any(events, "relabel") else ()
    exclude = (*run.settings.exclude, *((path,) if leaves_out(events) else ()))
    return train_command_line(run.pictures, replace(run.settings, relabel=relabel, exclude=exclude))


def leaves_out(events: Sequence[Event]) -> bool:
    """Whether decisions leave a picture out."""
    return _any(events, "exclude")


def _any(events: Sequence[Event], action: Action) -> bool:
    return any(event.action == action for event in of_pictures(events).values())
