"""Rows of a study in a file of JSON lines, written one by one: a study goes on where it was stopped."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

Task = tuple[str, str, int]
"""Data set, variant and seed of a row."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one training came to, on the validation pictures.

    Attributes:
        dataset: Name of the data set.
        variant: What was trained, by name.
        seed: Decides drawn pictures, order of batches and dropout.
        loss: Validation loss of the final weights; None where training broke down.
        accuracy: Their accuracy.
        best_loss: The lowest validation loss at the end of an epoch.
        best_accuracy: The accuracy of the same epoch.
        together_loss: Loss of the mean of the predictions at the ends of cycles; None of fewer than two.
        together_accuracy: Its accuracy.
        start_loss: Validation loss before the part that is studied; None where it begins at the beginning.
        start_accuracy: The accuracy there.
        losses: Validation loss after each epoch.
    """

    dataset: str
    variant: str
    seed: int
    loss: float | None
    accuracy: float | None
    best_loss: float | None = None
    best_accuracy: float | None = None
    together_loss: float | None = None
    together_accuracy: float | None = None
    start_loss: float | None = None
    start_accuracy: float | None = None
    losses: tuple[float, ...] = ()

    @property
    def task(self) -> Task:
        """What names the row."""
        return self.dataset, self.variant, self.seed


def read_rows(path: Path) -> list[Row]:
    """All rows of a file; none where there is no file."""
    if not path.exists():
        return []
    plain = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Row(**{**row, "losses": tuple(row["losses"])}) for row in plain]


def write_missing(path: Path, tasks: Iterable[Task], train: Callable[[Task], Row]) -> None:
    """Trains what the file does not hold yet, and appends each row as it comes.

    Args:
        path: A file of JSON lines; it is made if it is not there.
        tasks: What is wanted, in the order in which it is trained.
        train: Makes a row.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {row.task for row in read_rows(path)}
    for task in tasks:
        if task not in known:
            line = json.dumps(rounded(asdict(train(task))))
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def rounded(plain: dict[str, object]) -> dict[str, object]:
    """Numbers of a row to six digits behind the point: the file stays small, and no figure needs more."""

    def short(value: object) -> object:
        if isinstance(value, (list, tuple)):
            return [short(part) for part in value]
        return round(value, 6) if isinstance(value, float) else value

    return {name: short(value) for name, value in plain.items()}


def tasks_of(datasets: Sequence[str], variants: Sequence[str], seeds: int) -> list[Task]:
    """Seed by seed, so that a study that is stopped early has whole seeds.

    >>> tasks_of(["a"], ["x", "y"], 2)
    [('a', 'x', 0), ('a', 'y', 0), ('a', 'x', 1), ('a', 'y', 1)]
    """
    return [(dataset, variant, seed) for seed in range(seeds) for dataset in datasets for variant in variants]
