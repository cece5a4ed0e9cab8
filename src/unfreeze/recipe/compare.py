"""Two finished runs side by side."""

import json
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unfreeze.errors import RunError, UnfreezeError
from unfreeze.evaluation.comparison import Comparison, compare, notes
from unfreeze.evaluation.predictions import PredictionTable, read_predictions
from unfreeze.files import write_whole
from unfreeze.images.collection import collection_layout
from unfreeze.images.storage import FolderStorage, Storage
from unfreeze.recipe.run_folder import BEGUN_FILE
from unfreeze.recipe.settings import TrainSettings
from unfreeze.report.comparison import comparison_page

PREDICTIONS_FILE, RECEIPT_FILE, SETTINGS_FILE = "predictions.csv", "receipt.json", "settings.toml"
ALL, TEST = "all", "test"
OF_THE_MACHINE = {"threads", "use_store", "cache_size", "checkpoint_seconds"}
"""Settings that decide how long a run takes and not what comes out."""


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """A run's predictions.

    Attributes:
        name: What the user called it.
        table: What it predicted.
        folder: Where its other files lie.
    """

    name: str
    table: PredictionTable
    folder: Path

    def pictures(self) -> Storage | None:
        """Where its pictures lie: a folder, beside a list, or in an archive; None where that is not known any more.

        What cannot be read costs the pictures and not the comparison.
        """
        try:
            begun = json.loads((self.folder / "checkpoints" / BEGUN_FILE).read_bytes())
            columns = TrainSettings.from_dict(begun["settings"]).columns
            return collection_layout(begun["pictures"], columns=columns).storage
        except (OSError, ValueError, KeyError, TypeError, UnfreezeError):
            return _named_folder(self.folder / RECEIPT_FILE)

    def settings(self) -> dict[str, Any]:
        """What decides what comes out of the run; nothing where that is not known any more."""
        try:
            found = tomllib.loads((self.folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {name: value for name, value in found.items() if name not in OF_THE_MACHINE}


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
    return FinishedRun(name=str(path), table=table, folder=file.parent)


def compare_runs(first: Path, second: Path, *, split: str | None = None) -> "ComparedRuns":
    """Puts two finished runs side by side.

    Where both predicted test pictures, those are compared alone unless said otherwise: validation pictures chose the
    weights of each run, so they flatter the run that was tried more often.

    Args:
        first: A run's folder, or a table of predictions.
        second: Another.
        split: Compare these pictures only, such as "test"; "all" for all that both predicted.

    Returns:
        The runs and what changed between them.

    Raises:
        RunError: If one of them cannot be read, or they cannot be compared.
    """
    runs = [read_run(path, split=None if split == ALL else split) for path in (first, second)]
    passed_over = 0
    if split is None and all(TEST in run.table.splits for run in runs):
        passed_over = len(set(runs[0].table.paths) & set(runs[1].table.paths))
        runs = [replace(run, table=run.table.of_split(TEST)) for run in runs]
        passed_over -= len(set(runs[0].table.paths) & set(runs[1].table.paths))
    comparison = compare(runs[0].table, runs[1].table)
    return ComparedRuns(first=runs[0], second=runs[1], comparison=comparison, passed_over=passed_over)


@dataclass(frozen=True, kw_only=True)
class ComparedRuns:
    """Two runs and what changed between them.

    Attributes:
        first: One run.
        second: The other.
        comparison: Their answers side by side.
        passed_over: Pictures that both predicted and that are not compared, because there are test pictures.
    """

    first: FinishedRun
    second: FinishedRun
    comparison: Comparison
    passed_over: int = 0

    @property
    def names(self) -> tuple[str, str]:
        """What the user called the runs."""
        return self.first.name, self.second.name

    @property
    def notes(self) -> list[str]:
        """Which pictures were left out, and how the runs' settings differ, a sentence each."""
        found = [*notes(self.comparison, self.names), *self._settings_note()]
        if self.passed_over:
            found.insert(0, f"test pictures alone are compared; {self.passed_over:,} others are with --split {ALL}")
        return found

    def _settings_note(self) -> list[str]:
        first, second = self.first.settings(), self.second.settings()
        if not (first and second):
            return []
        changed = [name for name in first | second if first.get(name) != second.get(name)]
        said = [f"{name} {_in_toml(first.get(name))} and {_in_toml(second.get(name))}" for name in changed]
        return [f"settings that differ: {'; '.join(said)}" if said else "the settings are the same"]

    def write_page(self, path: Path) -> None:
        """Writes the page of the pictures whose answer changed; they are shown as they are on disk now.

        Args:
            path: The file; it must not be there.

        Raises:
            RunError: If it is there, or cannot be written.
        """
        if path.exists():
            raise RunError(f"{path}: is there already; choose another file for --out", subject=path)
        pictures = self.second.pictures() or self.first.pictures()
        page = comparison_page(self.comparison, self.names, pictures=pictures, notes=self.notes)
        write_whole(path, page.encode("utf-8", errors="backslashreplace"))


def _in_toml(value: object) -> str:
    """A setting as its file has it, near enough to be found there; older runs lack some."""
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _why_nothing(path: Path) -> str:
    if (path / "checkpoints" / BEGUN_FILE).is_file():
        return f"this run is not complete; go on with it first: unfreeze train --resume {path}"
    if path.is_dir():
        return f"no run here (no {PREDICTIONS_FILE}); name a run folder that unfreeze train finished"
    return "there is no such run; name a run folder that unfreeze train finished"


def _named_folder(receipt: Path) -> Storage | None:
    """The folder that a receipt names: of tables that were sent without the run's other files."""
    try:
        root = Path(json.loads(receipt.read_bytes())["pictures"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return FolderStorage(root) if root.is_dir() else None
