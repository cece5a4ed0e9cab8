"""What a run leaves behind, and where: nothing is replaced, and every file is whole."""

import hashlib
import importlib.metadata
import json
import platform
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unfreeze.errors import CollectionError, RunError
from unfreeze.evaluation.outlook import OUTLOOK_FILE, DataOutlook, write_outlook
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.files import free_folder, write_whole
from unfreeze.images.collection import absolute_name, check_named, list_hash
from unfreeze.images.content import content_hash
from unfreeze.images.table import ImageTable
from unfreeze.learner.state import STATE_FILE
from unfreeze.recipe.settings import TrainSettings
from unfreeze.training.lr_band import LrBand

DEFAULT_PARENT = Path("runs")
PACKAGES = ("unfreeze", "torch", "timm", "onnxruntime", "numpy", "pillow", "scikit-learn")
BUDGET_FILE = "budget.json"
BEGUN_FILE, RESULT_FILE, LOCK_FILE = "run.json", "result.json", "lock"
WORK_FILE = re.compile(r"\..+\.\d+")
"""What `write_whole` leaves of a file where the program is killed while it writes."""

NAMES_IN_A_MESSAGE = 3


class RunFolder:
    """The folder of one run, which this process alone writes to: see `new_run` and `begun_run`.

    Args:
        path: The folder.
        was_there: Whether it was there, empty, before the run began.
        is_new: Whether all that lies in it was made by this process.
    """

    def __init__(self, path: Path, *, was_there: bool, is_new: bool) -> None:
        self.path = path
        self._was_there, self._is_new = was_there, is_new

    @property
    def model(self) -> Path:
        """The bundle's folder."""
        return self.path / "model"

    @property
    def plots(self) -> Path:
        """The folder of the report's plots."""
        return self.path / "plots"

    @property
    def checkpoints(self) -> Path:
        """The folder of what resuming needs."""
        return self.path / "checkpoints"

    @property
    def has_state(self) -> bool:
        """Whether some of the run was done and saved."""
        return (self.checkpoints / STATE_FILE).exists()

    @contextmanager
    def removed_if_barren(self) -> Iterator[None]:
        """Takes away again what was made if a new run ends inside by an error or by Ctrl-C and nothing was saved yet.

        A run that goes on stays, so that it can go on once the fault is mended.

        Yields:
            Nothing.
        """
        try:
            yield
        except BaseException:
            if self._is_new and not self.has_state:
                for child in self.path.iterdir():
                    shutil.rmtree(child, ignore_errors=True) if child.is_dir() else child.unlink()
                if not self._was_there:
                    with suppress(OSError):  # a system that does not remove the lock, which is in use
                        self.path.rmdir()
            raise

    def begin(self, pictures: Path, settings: TrainSettings) -> None:
        """Writes what resuming needs first of all, then the resolved settings for the reader."""
        begun = {"pictures": str(absolute_name(pictures)), "settings": settings.to_dict(), "rows": None}
        self._write_begun({**begun, "manifests": manifest_hashes(settings)})
        self.lay_out(settings)

    def lay_out(self, settings: TrainSettings) -> None:
        """Makes the folders, writes the resolved settings, and begins the history."""
        for name in ("lr_find", "model"):
            (self.path / name).mkdir(exist_ok=True)
        for name, text in (("history.jsonl", ""), ("settings.toml", settings.to_toml())):
            write_whole(self.path / name, text.encode())

    def begun(self) -> tuple[Path, TrainSettings]:
        """What names the pictures, and the settings that the run was begun with; its manifests are what they were."""
        found = self._read_begun()
        pictures = Path(found["pictures"])
        try:
            check_named(pictures)
        except CollectionError as error:
            message = f"{pictures}: the pictures of the run are not there any more; put them back, or begin anew"
            raise CollectionError(message, subject=pictures) from error
        settings = TrainSettings.from_dict(found["settings"])
        begun = found.get("manifests", {})
        for path, content in manifest_hashes(settings).items():
            if begun.get(path) != content:
                message = f"{path}: is not what it was when the run began; put it back as it was, or begin anew"
                raise CollectionError(message, subject=path)
        return pictures, settings

    def settle(self, settings: TrainSettings) -> None:
        """Writes settings of which some were decided after the run began."""
        self._write_begun({**self._read_begun(), "settings": settings.to_dict()})
        write_whole(self.path / "settings.toml", settings.to_toml().encode())

    def write_budget(self, record: dict[str, Any]) -> None:
        """Writes the plan for the time budget, and what it came to."""
        self._write_json(BUDGET_FILE, record)

    def read_budget(self) -> dict[str, Any] | None:
        """What `write_budget` wrote; None where a run has no budget, or none was planned yet."""
        try:
            found: dict[str, Any] = json.loads((self.path / BUDGET_FILE).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            message = f"{self.path / BUDGET_FILE}: cannot be read ({error}); the run cannot go on, begin a new one"
            raise RunError(message, subject=self.checkpoints) from error
        return found

    def check_pictures(self, table: ImageTable) -> None:
        """Makes sure that the pictures are those that the run began with; writes them down where it begins.

        Args:
            table: The pictures as they are now.

        Raises:
            CollectionError: If one is gone, new or changed, or belongs to another class or split.
        """
        begun, now = self._read_begun(), {row.path: [list(row.labels), row.split, row.content] for row in table.rows}
        if begun["rows"] is None:
            self._write_begun({**begun, "rows": now})
            return
        before = begun["rows"]
        differences = {
            "gone": sorted(before.keys() - now.keys()),
            "new": sorted(now.keys() - before.keys()),
            "changed": sorted(path for path in before.keys() & now.keys() if before[path] != now[path]),
        }
        found = "; ".join(f"{len(paths)} {what}: {_named(paths)}" for what, paths in differences.items() if paths)
        if found:
            message = f"{table.root}: not the pictures that the run began with ({found}); put them back, or begin anew"
            raise CollectionError(message, subject=table.root)

    def write_sweep(self, step: int, sweep: LrBand) -> None:
        """Writes what the LR finder saw in a step."""
        self._write_json(f"lr_find/step{step}.json", sweep.to_dict())

    def write_predictions(self, table: PredictionTable) -> None:
        """Writes the table of predictions."""
        table.write(self.path / "predictions.csv")

    def write_outlook(self, outlook: DataOutlook, classes: Sequence[str]) -> None:
        """Writes what more pictures would bring."""
        write_outlook(self.path / OUTLOOK_FILE, outlook, classes)

    def write_result(self, result: dict[str, Any]) -> None:
        """Writes the figures that the run came to; with `seconds` among them it is complete."""
        self._write_json(RESULT_FILE, result)

    def write_receipt(self, settings: TrainSettings, table: ImageTable, weights: str) -> dict[str, Any]:
        """Writes what the run was made from.

        Args:
            settings: The resolved settings.
            table: The pictures.
            weights: Hash of the pretrained body.

        Returns:
            What named the pictures; hashes of data, weights and settings, and of the file that named the pictures
            where it was a list; the seed, and versions.
        """
        pictures = Path(self._read_begun()["pictures"])
        named_by = list_hash(pictures)
        rows = json.dumps([asdict(row) for row in table.rows], sort_keys=True)
        receipt = {
            "data": _hash(rows),
            "weights": weights,
            "settings": _hash(settings.to_toml()),
            "manifests": manifest_hashes(settings),
            "seed": settings.seed,
            "pictures": str(pictures),
            **({"pictures_file": named_by} if named_by else {}),
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

    def complete(self, result: dict[str, Any]) -> None:
        """Writes the figures, `seconds` among them; what only resuming needs is removed."""
        self.write_result(result)
        self.clear()

    def clear(self) -> None:
        """Removes what only resuming needs."""
        (self.checkpoints / STATE_FILE).unlink(missing_ok=True)
        with suppress(OSError):  # a system that does not remove what is in use
            (self.checkpoints / LOCK_FILE).unlink()

    def _write_json(self, name: str, content: Any) -> None:
        write_whole(self.path / name, (json.dumps(content, indent=2) + "\n").encode())

    def _write_begun(self, content: dict[str, Any]) -> None:
        write_whole(self.checkpoints / BEGUN_FILE, (json.dumps(content) + "\n").encode())

    def _read_begun(self) -> dict[str, Any]:
        path = self.checkpoints / BEGUN_FILE
        try:
            found: dict[str, Any] = json.loads(path.read_bytes())
            assert found.keys() >= {"pictures", "settings", "rows"}, "written as one"
        except (OSError, ValueError, AssertionError, AttributeError) as error:
            message = f"{path}: cannot be read ({error}); the run cannot go on, begin a new one"
            raise RunError(message, subject=self.checkpoints) from error
        return found


def manifest_hashes(settings: TrainSettings) -> dict[str, str]:
    """Hashes of the files that say which pictures are left out or relabelled, by their paths.

    Args:
        settings: The settings that name them.

    Returns:
        BLAKE2b of 16 bytes as 32 hexadecimal digits for each.

    Raises:
        CollectionError: If one cannot be read.
    """
    found = {}
    for path in (*settings.exclude, *settings.relabel):
        try:
            found[str(path)] = content_hash(path.read_bytes())
        except OSError as error:
            message = f"{path}: cannot be read ({error.strerror}); name a CSV file with --exclude or --relabel"
            raise CollectionError(message, subject=path) from error
    return found


@contextmanager
def new_run(path: Path) -> Iterator[RunFolder]:
    """A new folder for one run.

    Args:
        path: The folder; it must not be there, or be empty.

    Yields:
        The folder.

    Raises:
        RunError: If there is something already, or the folder cannot be made.
    """
    try:
        was_there = path.exists()
        if was_there and not _is_free(path):
            what = "holds something already" if path.is_dir() else "is a file"
            raise RunError(f"{path}: {what}; choose another folder with --out, or remove it", subject=path)
        (path / "checkpoints").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}); choose another --out", subject=path) from error
    with _alone(path):
        _remove_work_files(path)
        yield RunFolder(path, was_there=was_there, is_new=True)


@contextmanager
def begun_run(path: Path) -> Iterator[RunFolder]:
    """The folder of a run that was stopped, to go on with.

    Args:
        path: The folder.

    Yields:
        The folder.

    Raises:
        RunError: If it is no run's folder, the run is complete, or another process goes on with it.
    """
    if not (path / "checkpoints" / BEGUN_FILE).is_file():
        raise RunError(f"{path}: no run was begun here; name the folder of a run that was stopped", subject=path)
    with _alone(path):
        _remove_work_files(path)
        folder = RunFolder(path, was_there=True, is_new=False)
        if _is_complete(path / RESULT_FILE):
            folder.clear()  # of a run that was killed right after its last file
            raise RunError(f"{path}: this run is complete; there is nothing to go on with", subject=path)
        if not folder.has_state:
            folder.lay_out(folder.begun()[1])
        yield folder


def _remove_work_files(path: Path) -> None:
    """Removes what killed writers left half written."""
    for left in path.rglob(".*"):
        if WORK_FILE.fullmatch(left.name) and left.is_file():
            left.unlink()


def _is_complete(result: Path) -> bool:
    """Whether the figures of a run have been written last; damaged ones will be written anew."""
    try:
        return "seconds" in json.loads(result.read_bytes())
    except (FileNotFoundError, ValueError):
        return False


def _is_free(path: Path) -> bool:
    """Whether a folder is empty, but for what a run leaves that was killed before it began."""
    if not path.is_dir() or any(found.name != "checkpoints" for found in path.iterdir()):
        return False
    return all(found.name == LOCK_FILE or WORK_FILE.fullmatch(found.name) for found in path.glob("checkpoints/*"))


def default_folder(pictures: str) -> Path:
    """A name for a run that is not taken yet: runs/PICTURES, then runs/PICTURES-2 and so on.

    Args:
        pictures: Name of the collection.

    Returns:
        The folder.
    """
    return free_folder(DEFAULT_PARENT, pictures)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keeps other processes from writing to a run's folder; the system lets go when this one ends, however it ends."""
    from filelock import FileLock, Timeout

    lock = path / "checkpoints" / LOCK_FILE
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout:
        message = f"{path}: another process is at work on this run; wait for it, or choose another folder with --out"
        raise RunError(message, subject=path) from None


def _named(paths: list[str]) -> str:
    more = f" and {len(paths) - NAMES_IN_A_MESSAGE} more" if len(paths) > NAMES_IN_A_MESSAGE else ""
    return ", ".join(paths[:NAMES_IN_A_MESSAGE]) + more


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", errors="surrogateescape"), digest_size=16).hexdigest()
