"""Takes decisions, one at a time, and says what is decided and what is open."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from unfreeze.evaluation.names import in_words
from unfreeze.images.amended import LABEL_SEPARATOR
from unfreeze.images.several_labels import parted
from unfreeze.images.table import ImageTable
from unfreeze.serve.problems import Problem
from unfreeze.serve.review.decisions import Action, Event, in_force, of_pictures
from unfreeze.serve.review.folder import ReviewFolder
from unfreeze.serve.review.queue import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decides on an item.

    Attributes:
        item: Its number in the queue.
        picture: Which of its pictures is meant: 0, or 1 of a pair.
        action: What is to be done.
        labels: Indices of the new labels; exactly one unless the table is multilabel, where there may be none.
    """

    item: int
    picture: int
    action: Action
    labels: tuple[int, ...] = ()


class Desk:
    """A queue and what was decided on it; safe to be asked by several threads.

    Args:
        queue: What is to be looked at.
        table: The pictures.
        folder: Where decisions are kept.
        label_separator: Parts the labels of a picture, where it may have several; a semicolon where it is empty.

    Raises:
        RunError: If what was decided before cannot be read.
    """

    def __init__(
        self, queue: Sequence[Item], table: ImageTable, folder: ReviewFolder, *, label_separator: str = ""
    ) -> None:
        self.queue = tuple(queue)
        self.table = table
        self.folder = folder
        self._separator = label_separator or LABEL_SEPARATOR
        self._lock = threading.Lock()
        self._events = folder.read()
        self._numbers = {item.name: number for number, item in enumerate(self.queue)}
        self._rows = {row.path: row for row in table.rows}

    def state(self) -> dict[str, Any]:
        """What is decided, as plain values: `version` changes with every decision."""
        with self._lock:
            return self._state()

    def decide(self, decision: Decision, *, version: int) -> dict[str, Any]:
        """Takes a decision and writes it down.

        Args:
            decision: The decision.
            version: The state that it was made on.

        Returns:
            The state afterwards.

        Raises:
            Problem: If the state is another one by now, or there is no such item, picture or label.
            RunError: If it cannot be written; then it is not taken.
        """
        event = self._event(decision)
        return self._add(event, version)

    def undo(self, *, version: int) -> dict[str, Any]:
        """Takes back the last decision that was not taken back before; arguments and answer as of `decide`."""
        return self._add(Event(action="undo"), version)

    @contextmanager
    def held(self) -> Iterator[tuple[int, list[Event]]]:
        """While inside, nothing is decided.

        Yields:
            The version, and the events in force, which `corrections.csv` was made of.
        """
        with self._lock:
            yield len(self._events), in_force(self._events)

    def _add(self, event: Event, version: int) -> dict[str, Any]:
        with self._lock:
            if version != len(self._events):
                message = "another tab or window has decided meanwhile; look at what it did, and decide again"
                raise Problem(409, "decided-elsewhere", message)
            if event.action == "undo" and not in_force(self._events):
                raise Problem(409, "nothing-to-undo", "nothing is decided yet")
            undone = in_force(self._events)[-1] if event.action == "undo" else None
            events = [*self._events, event]
            self.folder.write(events)
            self._events = events
            return {**self._state(), "undone": self._numbers.get(undone.item) if undone else None}

    def _event(self, decision: Decision) -> Event:
        if not 0 <= decision.item < len(self.queue):
            raise Problem(404, "no-such-item", f"the queue has no item {decision.item}")
        item = self.queue[decision.item]
        if not 0 <= decision.picture < len(item.paths):
            raise Problem(422, "no-such-picture", f"item {decision.item} has no picture {decision.picture}")
        path = item.paths[decision.picture]
        score = "" if item.score is None else f"{item.score:.4f}"
        return Event(
            action=decision.action,
            item=item.name,
            path=path,
            label=self._label(item, decision),
            score=score,
            detail=item.detail,
        )

    def _label(self, item: Item, decision: Decision) -> str:
        if decision.action != "relabel":
            return self._separator.join(item.suggested) if decision.action == "keep" else ""
        classes = self.table.classes
        chosen = sorted(set(decision.labels))
        if not all(0 <= label < len(classes) for label in chosen):
            raise Problem(422, "no-such-label", f"labels are numbered 0 to {len(classes) - 1}")
        if len(chosen) != 1 and not self.table.multilabel:
            raise Problem(422, "wrong-labels", f"a picture is given exactly one label, and {len(chosen)} were named")
        return self._separator.join(classes[label] for label in chosen)

    def _state(self) -> dict[str, Any]:
        events = in_force(self._events)
        pictures = of_pictures(events)
        own = {event.item: event for event in events}
        done = {}
        for number, item in enumerate(self.queue):
            event = _holds(item, own.get(item.name), pictures)
            if event:
                done[number] = {
                    "action": event.action,
                    "picture": item.paths.index(event.path),
                    "label": self._in_words(event),
                }
        changed = [event.action for event in pictures.values()]
        return {
            "version": len(self._events),
            "done": done,
            "last": next((self._numbers[e.item] for e in reversed(events) if e.item in self._numbers), None),
            "undoable": bool(events),
            "counts": {action: changed.count(action) for action in ("keep", "relabel", "exclude")},
        }

    def _in_words(self, event: Event) -> str:
        if event.action != "relabel":
            return ""
        return in_words(parted(event.label, self._separator)) if self.table.multilabel else event.label


def _holds(item: Item, own: Event | None, pictures: Mapping[str, Event]) -> Event | None:
    """What is decided on an item: on its picture, wherever that was; on a pair as such, or by leaving one out."""
    if not item.is_pair:
        return pictures.get(item.paths[0]) or own
    gone = next(
        (pictures[path] for path in item.paths if path in pictures and pictures[path].action == "exclude"), None
    )
    if gone or own is None or own.action in ("keep", "skip"):
        return gone or own
    now = pictures.get(own.path)  # what was done to one of the two may have been decided otherwise since
    return now if now and now.action == "relabel" else None
