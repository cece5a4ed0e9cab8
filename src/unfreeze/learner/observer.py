"""What may be watched of a learner: a handful of events that cannot change anything."""

from typing import Protocol

from unfreeze.training.history import EpochRecord


class Observer(Protocol):
    """Is told what happens; what it does changes nothing of it."""

    def progress(self, task: str, done: int, total: int) -> None:
        """Some of a longer piece of work is done."""

    def epoch(self, record: EpochRecord) -> None:
        """An epoch has ended."""

    def note(self, text: str) -> None:
        """Something that the user should know."""


class Silent:
    """An observer that says nothing."""

    def progress(self, task: str, done: int, total: int) -> None:
        """Says nothing."""

    def epoch(self, record: EpochRecord) -> None:
        """Says nothing."""

    def note(self, text: str) -> None:
        """Says nothing."""
