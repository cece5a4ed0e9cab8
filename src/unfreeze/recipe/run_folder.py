"""What a run leaves behind, and where: nothing is replaced, and every file is whole."""

import hashlib
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unfreeze.errors import RunError
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.files import write_whole
from unfreeze.images.table import ImageTable
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.lr_find import LrSweep

DEFAULT_PARENT = Path("runs")
PACKAGES = ("unfreeze", "torch", "timm", "onnxruntime", "numpy", "pillow", "scikit-learn")


class RunFolder:
    """A new folder for one run.

    Args:
        path: The folder; it must not be there, or be empty.

    Raises:
        RunError: If there is something already, or the folder cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._was_there = path.exists()
            if self._was_there and (not path.is_dir() or any(path.iterdir())):
                what = "holds something already" if path.is_dir() else "is a file"
                raise RunError(f"{path}: {what}; choose another folder with --out, or remove it", subject=path)
            for folder in (path, path / "lr_find", path / "checkpoints", path / "model"):
                folder.mkdir(parents=True, exist_ok=True)
            write_whole(path / "history.jsonl", b"")
        except OSError as error:
            raise RunError(
                f"{path}: cannot be written ({error.strerror}); choose another --out", subject=path
            ) from error

    @property
    def model(self) -> Path:
        """The bundle's folder."""
        return self.path / "model"

    @contextmanager
    def removed_if_barren(self) -> Iterator[None]:
        """Takes away again what was made if the run ends before its first step of training, by an error or by Ctrl-C.

        Yields:
            Nothing.
        """
        try:
            yield
        except BaseException:
            if not (self.path / "history.jsonl").stat().st_size:
                for child in self.path.iterdir():
                    shutil.rmtree(child) if child.is_dir() else child.unlink()
                if not self._was_there:
                    self.path.rmdir()
            raise

    def write_settings(self, settings: TrainSettings) -> None:
        """Writes the resolved settings."""
        write_whole(self.path / "settings.toml", settings.to_toml().encode())

    def write_sweep(self, step: int, sweep: LrSweep) -> None:
        """Writes what the LR finder saw in a step."""
        self._write_json(f"lr_find/step{step}.json", sweep.to_dict())

    def write_predictions(self, table: PredictionTable) -> None:
        """Writes the table of predictions."""
        table.write(self.path / "predictions.csv")

    def write_result(self, result: dict[str, Any]) -> None:
        """Writes the figures that the run came to."""
        self._write_json("result.json", result)

    def write_receipt(self, settings: TrainSettings, table: ImageTable, weights: str) -> dict[str, Any]:
        """Writes what the run was made from.

        Args:
            settings: The resolved settings.
            table: The pictures.
            weights: Hash of the pretrained body.

        Returns:
            Hashes of data, weights and settings, the seed, and versions.
        """
        rows = json.dumps([asdict(row) for row in table.rows], sort_keys=True)
        receipt = {
            "data": _hash(rows),
            "weights": weights,
            "settings": _hash(settings.to_toml()),
            "seed": settings.seed,
            "pictures": str(table.root),
            "quarantined": [asdict(row) for row in table.quarantined],
            "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
            "python": platform.python_version(),
            "machine": platform.platform(),
        }
        self._write_json("receipt.json", receipt)
        return receipt

    def write_report(self, page: str) -> None:
        """Writes the report."""
        write_whole(self.path / "report.html", page.encode("utf-8", errors="backslashreplace"))

    def _write_json(self, name: str, content: Any) -> None:
        write_whole(self.path / name, (json.dumps(content, indent=2) + "\n").encode())


def default_folder(pictures: str) -> Path:
    """A name for a run that is not taken yet: runs/PICTURES, then runs/PICTURES-2 and so on.

    Args:
        pictures: Name of the collection.

    Returns:
        The folder.
    """
    number, path = 1, DEFAULT_PARENT / pictures
    while path.exists():
        number += 1
        path = DEFAULT_PARENT / f"{pictures}-{number}"
    return path


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", errors="surrogateescape"), digest_size=16).hexdigest()
