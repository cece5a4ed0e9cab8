"""What a person has decided, as a list of events that only grows: what is undone stays in it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from unfreeze.errors import RunError

Action = Literal["keep", "relabel", "exclude", "skip", "undo"]
ACTIONS: tuple[str, ...] = get_args(Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that a person did.

    Attributes:
        action: What was done; "undo" takes back the last event that was not undone.
        item: What the item is known by; empty for "undo".
        path: The picture that it is about; of a pair, one of the two.
        label: What stands in the column `label` of corrections.csv: the new label, or for a picture that is kept the
            one that it looked like.
        score: What stands in its column `score`.
        detail: What stands in its column `detail`.
    """

    action: Action
    item: tuple[str, ...] = ()
    path: str = ""
    label: str = ""
    score: str = ""
    detail: str = ""

    @property
    def keeps_a_pair(self) -> bool:
        """Whether it leaves two pictures as they are, which says nothing of the label of either."""
        return self.action == "keep" and len(self.item) > 2

    def to_dict(self) -> dict[str, Any]:
        """The event as plain values; what is empty is left out."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Event":
        """An event from what `to_dict` gave.

        Args:
            plain: Plain values by name.

        Returns:
            The event.

        Raises:
            RunError: If they are not of its making.
        """
        try:
            event = cls(**{**plain, "item": tuple(plain.get("item", ()))})
            if event.action not in ACTIONS or not all(isinstance(part, str) for part in (*event.item, event.path)):
                raise ValueError(f"{event.action!r} is no action")
        except (TypeError, ValueError, KeyError) as error:
            raise RunError(f"not a decision: {error}", subject="decision") from error
        return event


def in_force(events: Sequence[Event]) -> list[Event]:
    """The events that were not undone, in their order.

    >>> [event.path for event in in_force([Event(action="keep", path="a"), Event(action="undo"), Event(action="undo")])]
    []
    """
    left: list[Event] = []
    for event in events:
        if event.action != "undo":
            left.append(event)
        elif left:
            left.pop()
    return left


def of_pictures(events: Sequence[Event]) -> dict[str, Event]:
    """What holds for each picture: the last event about it, of those in force.

    Args:
        events: Events in force. Who skips a picture decides nothing, and who keeps a pair nothing about either label.

    Returns:
        Events by path, in the order in which they were made.
    """
    found: dict[str, Event] = {}
    for event in events:
        if event.action == "skip" or event.keeps_a_pair:
            continue
        found.pop(event.path, None)  # the order is that of the last event
        found[event.path] = event
    return found
