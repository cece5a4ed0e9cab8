"""Two finished runs side by side."""

import json
from dataclasses import dataclass
from pathlib import Path

from unfreeze.errors import RunError
from unfreeze.evaluation.comparison import Comparison, compare
from unfreeze.evaluation.predictions import PredictionTable, read_predictions
from unfreeze.files import write_whole
from unfreeze.images.storage import FolderStorage, Storage
from unfreeze.recipe.run_folder import BEGUN_FILE
from unfreeze.report.comparison import comparison_page

PREDICTIONS_FILE, RECEIPT_FILE = "predictions.csv", "receipt.json"


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """A run's predictions.

    Attributes:
        name: What the user called it.
        table: What it predicted.
        pictures: Where its pictures lie; None where that is not known, or they have gone.
    """

    name: str
    table: PredictionTable
    pictures: Storage | None


def read_run(path: Path, *, split: str | None = None) -> FinishedRun:
    """Reads what a run predicted.

    Args:
        path: A run's folder, or a table of predictions.
        split: Only these pictures, such as "test"; all unless said otherwise.

    Returns:
        The run.

    Raises:
        RunError: If there is no run or table, the run is not complete, or it predicted no picture of the split.
    """
    file = path / PREDICTIONS_FILE if path.is_dir() else path
    if not file.is_file():
        raise RunError(f"{path}: {_why_nothing(path)}", subject=path)
    table = read_predictions(file)
    if split is not None:
        known = sorted(set(table.splits))
        if split not in known:
            message = f"{file}: no pictures of split {split!r}; there are {', '.join(known) or 'none at all'}"
            raise RunError(message, subject=file)
        table = table.of_split(split)
    return FinishedRun(name=str(path), table=table, pictures=_pictures(file.with_name(RECEIPT_FILE)))


def compare_runs(first: Path, second: Path, *, split: str | None = None) -> "ComparedRuns":
    """Puts two finished runs side by side.

    Args:
        first: A run's folder, or a table of predictions.
        second: Another.
        split: Compare these pictures only, such as "test"; all that both predicted unless said otherwise.

    Returns:
        The runs and what changed between them.

    Raises:
        RunError: If one of them cannot be read, or they cannot be compared.
    """
    runs = read_run(first, split=split), read_run(second, split=split)
    return ComparedRuns(first=runs[0], second=runs[1], comparison=compare(runs[0].table, runs[1].table))


@dataclass(frozen=True, kw_only=True)
class ComparedRuns:
    """Two runs and what changed between them.

    Attributes:
        first: One run.
        second: The other.
        comparison: Their answers side by side.
    """

    first: FinishedRun
    second: FinishedRun
    comparison: Comparison

    @property
    def names(self) -> tuple[str, str]:
        """What the user called the runs."""
        return self.first.name, self.second.name

    def write_page(self, path: Path) -> None:
        """Writes the page of the pictures whose answer changed; they are shown as they are on disk now.

        Args:
            path: The file; it must not be there.

        Raises:
            RunError: If it is there, or cannot be written.
        """
        if path.exists():
            raise RunError(f"{path}: is there already; choose another file for --out", subject=path)
        page = comparison_page(self.comparison, self.names, pictures=self.second.pictures or self.first.pictures)
        write_whole(path, page.encode("utf-8", errors="backslashreplace"))


def _why_nothing(path: Path) -> str:
    if (path / "checkpoints" / BEGUN_FILE).is_file():
        return f"this run is not complete; go on with it first: unfreeze train --resume {path}"
    if path.is_dir():
        return f"no run here (no {PREDICTIONS_FILE}); name a run folder that unfreeze train finished"
    return "there is no such run; name a run folder that unfreeze train finished"


def _pictures(receipt: Path) -> Storage | None:
    """Where a run's pictures lie; a receipt that cannot be read costs the pictures and not the comparison."""
    try:
        root = Path(json.loads(receipt.read_bytes())["pictures"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return FolderStorage(root) if root.is_dir() else None
