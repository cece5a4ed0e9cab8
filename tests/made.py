"""What several tests make: pictures, collections, and a watcher of runs."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 200)}

MakeCollection = Callable[..., Path]
RunCli = Callable[..., tuple[int, str, str]]


def noisy_picture(colour: tuple[int, int, int], seed: int, size: tuple[int, int] = (48, 40)) -> Image.Image:
    """A picture of one colour with noise, decided by its seed."""
    noise = np.random.default_rng(seed).integers(-40, 40, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8))


def write_collection(root: Path, counts: Mapping[str, int], *, start: int = 0) -> Path:
    """Writes `root/CLASS/NUMBER.png` for each class; a class named after a colour shows it."""
    for index, (name, count) in enumerate(counts.items()):
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        colour = COLOURS.get(Path(name).name, (60 * index % 256, 90, 128))
        for number in range(count):
            noisy_picture(colour, start + 1000 * index + number).save(folder / f"{number:03d}.png")
    return root


def fingerprint(root: Path) -> dict[str, tuple[str, int, int]]:
    """What lies below a folder: each path with its content's hash, its time of change and its permissions."""

    def content(path: Path) -> str:
        if path.is_symlink():
            return str(path.readlink())
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""

    return {
        str(path): (content(path), path.lstat().st_mtime_ns, path.lstat().st_mode) for path in (root, *root.rglob("*"))
    }


def new_cache(factory: pytest.TempPathFactory) -> Path:
    """An empty cache; exported graphs are shared by the session, because an export takes seconds."""
    folder = factory.mktemp("cache")
    graphs = factory.getbasetemp() / "graphs"
    graphs.mkdir(exist_ok=True)
    (folder / "graphs").symlink_to(graphs, target_is_directory=True)
    return folder


def expecting(error: type[BaseException] | None) -> AbstractContextManager[object]:
    """What is inside has to raise the error; None lets it come to its end."""
    return pytest.raises(error) if error else nullcontext()


class Recorder:
    """Watches a run and remembers what it is told."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, str, str]] = []
        self.outcomes: list[str] = []
        self.notes: list[str] = []
        self.epochs = 0

    def progress(self, task: str, done: int, total: int) -> None:
        assert 0 <= done <= total, task

    def epoch(self, record: object) -> None:
        self.epochs += 1

    def note(self, text: str) -> None:
        self.notes.append(text)

    def step(self, number: int, name: str, why: str) -> None:
        self.steps.append((number, name, why))

    def outcome(self, text: str) -> None:
        self.outcomes.append(text)
