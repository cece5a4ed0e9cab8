"""A review that is open: the run, its queue, its decisions, its pictures, and the head that they are tried on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unfreeze.images.table import ImageRow
from unfreeze.learner.observer import Observer, Silent
from unfreeze.serve.problems import Problem
from unfreeze.serve.review.decisions import of_pictures
from unfreeze.serve.review.desk import Desk
from unfreeze.serve.review.features import Features
from unfreeze.serve.review.folder import open_review_folder
from unfreeze.serve.review.opened import OpenedRun, open_run
from unfreeze.serve.review.pictures import RowPictures
from unfreeze.serve.review.queue import ORDER, TITLES, WHY, Item, review_queue
from unfreeze.serve.review.retrain import Retraining
from unfreeze.serve.review.sources import find_findings

SHOWN_CLASSES = 5


@dataclass(frozen=True, kw_only=True)
class Session:
    """What the page asks for.

    Attributes:
        run: The run.
        source: Where its findings come from, in a sentence.
        desk: The queue and its decisions.
        pictures: The run's pictures.
        retraining: Tries decisions on a head.
    """

    run: OpenedRun
    source: str
    desk: Desk
    pictures: RowPictures
    retraining: Retraining

    def queue(self) -> dict[str, Any]:
        """The whole queue, as plain values."""
        numbers = {row.path: number for number, row in enumerate(self.run.table.rows)}
        said = {path: place for place, path in enumerate(self.run.predictions.paths)}
        labels = {name: label for label, name in enumerate(self.run.table.classes)}

        def picture(path: str) -> dict[str, Any]:
            row = self.run.table.rows[numbers[path]]
            return {"row": numbers[path], **_plain(row), "said": self._said(said.get(path))}

        def plain(item: Item) -> dict[str, Any]:
            return {
                "subject": item.subject.value,
                "detail": item.detail,
                "suggested": [labels[name] for name in item.suggested],
                "pictures": [picture(path) for path in item.paths],
            }

        return {
            "name": self.run.name,
            "run": str(self.run.path),
            "source": self.source,
            "classes": list(self.run.table.classes),
            "several": self.run.table.multilabel,
            "subjects": [
                {"subject": subject.value, "title": TITLES[subject], "why": WHY[subject]} for subject in ORDER
            ],
            "items": [plain(item) for item in self.desk.queue],
            "corrections": str(self.desk.folder.corrections),
        }

    def retrain(self) -> dict[str, Any]:
        """What the decisions do to a head, and the version of the state that it is about."""
        with self.desk.held() as (version, events):
            if not any(event.action in ("relabel", "exclude") for event in of_pictures(events).values()):
                message = "nothing is relabelled or left out yet, so the head would be the same"
                raise Problem(409, "nothing-decided", message)
            decided = self.retraining.decided(self.desk.folder.corrections, events)
        return {"version": version, **self.retraining(decided)}

    def _said(self, place: int | None) -> list[tuple[int, float]]:
        """What the run's model says of a validation picture, the most probable classes first; nothing of others."""
        if place is None:
            return []
        table = self.run.predictions
        names = {name: label for label, name in enumerate(self.run.table.classes)}
        probabilities = table.probabilities[place]
        order = np.argsort(-probabilities, kind="stable")[:SHOWN_CLASSES].tolist()
        return [(names[table.classes[index]], float(probabilities[index])) for index in order]


@contextmanager
def open_session(run: Path, *, findings: Path | None = None, observer: Observer | None = None) -> Iterator[Session]:
    """Opens the review of a run, and goes on where it was left.

    Args:
        run: The run's folder.
        findings: What `unfreeze check` wrote of its pictures.
        observer: Is told of progress.

    Yields:
        The review; no other process can open it meanwhile.

    Raises:
        UnfreezeError: If run, pictures or findings cannot be read, or the review's folder cannot be used.
    """
    opened = open_run(run, observer or Silent())
    with open_review_folder(run, opened.told) as folder:
        features = Features(opened, observer or Silent())
        found = find_findings(opened, findings, features=features)
        queue = review_queue(opened.table, opened.predictions, found.findings)
        yield Session(
            run=opened,
            source=found.source,
            desk=Desk(queue, opened.table, folder, label_separator=opened.settings.label_separator),
            pictures=RowPictures(opened.table),
            retraining=Retraining(opened, features),
        )


def _plain(row: ImageRow) -> dict[str, Any]:
    return {"path": row.path, "split": row.split, "labels": list(row.labels), "size": [row.width, row.height]}
