"""Several processes extract disjoint shares and join them; what one of them has is never computed again."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt
import pytest

from unfreeze.activations.engines import Floats
from unfreeze.activations.extract import Extractor
from unfreeze.activations.store import ActivationStore
from unfreeze.activations.together import ReceivedPrefix, extract_together
from unfreeze.errors import LostProcessError
from unfreeze.images.scan import scan_folder
from unfreeze.images.table import ImageTable
from unfreeze.transforms.transform import Transform
from unfreeze.world import World
from worlds import all_done, in_worlds

VIEWS = (0, 1, 2)
KEY = "means"


class SharedEngine:
    """Means of the channels as activations (N, 3); counts the squares that all processes have it compute."""

    batch_size = 1

    def __init__(self) -> None:
        self.seen: Counter[bytes] = Counter()
        self._lock = Lock()

    def run(self, squares: npt.NDArray[np.uint8]) -> Floats:
        with self._lock:
            self.seen.update(square.tobytes() for square in squares)
        means: Floats = squares.mean(axis=(2, 3)).astype(np.float32)
        return means


class Disturbed(SharedEngine):
    """Breaks at a square."""

    def __init__(self, square: bytes) -> None:
        super().__init__()
        self._square = square

    def run(self, squares: npt.NDArray[np.uint8]) -> Floats:
        if squares[0].tobytes() == self._square:
            raise OSError("the power is gone")
        return super().run(squares)


@pytest.fixture
def table(make_collection: Callable[..., Path]) -> ImageTable:
    root = make_collection({"train/red": 4, "train/blue": 3, "valid/red": 2, "valid/blue": 2})
    (root / "train/red/copy.png").write_bytes((root / "train/red/000.png").read_bytes())
    return scan_folder(root)


def extractor(table: ImageTable, store: ActivationStore, engine: SharedEngine | None) -> Extractor:
    return Extractor(table=table, transform=Transform(size_px=32), prefix=ReceivedPrefix(KEY, engine), store=store)


def keys(table: ImageTable, store: ActivationStore) -> list[bytes]:
    extract = extractor(table, store, None)
    return [key for view in VIEWS for key in extract.keys(table.rows, view)]


def extracted(
    table: ImageTable, folders: list[Path], engine: SharedEngine, *, everywhere: bool
) -> list[dict[bytes, Floats] | Exception]:
    """What lies in each process's store after they have worked together."""

    def work(world: World) -> dict[bytes, Floats]:
        with ExitStack() as opened:
            store = opened.enter_context(ActivationStore(folders[world.rank]))
            extract = extractor(table, store, engine if world.rank == 0 else None)
            told: list[tuple[int, int]] = []
            extract_together(
                extract,
                table.rows,
                VIEWS,
                world=world,
                everywhere=everywhere,
                progress=lambda done, total: told.append((done, total)),
            )
            assert told[-1] == (33, 33)  # the copy is not counted twice
            assert all(0 < done <= total for done, total in told)
            return store.get(keys(table, store))

    return in_worlds(len(folders), work)


def alone(table: ImageTable, folder: Path) -> dict[bytes, Floats]:
    with ActivationStore(folder) as store:
        extractor(table, store, SharedEngine())(table.rows, views=VIEWS)
        return store.get(keys(table, store))


def same(found: dict[bytes, Floats], expected: dict[bytes, Floats]) -> bool:
    return found.keys() == expected.keys() and all(np.array_equal(found[key], expected[key]) for key in expected)


def folders_of(root: Path, names: str) -> list[Path]:
    folders = [root / name for name in names]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    return folders


@pytest.mark.parametrize("names", ["a", "aa", "ab", "aab", "abc", "abcdefghijklmno"])
@pytest.mark.parametrize("everywhere", [False, True])
def test_every_view_is_computed_once_and_comes_to_where_it_is_needed(
    table: ImageTable, tmp_path: Path, names: str, everywhere: bool
) -> None:
    (tmp_path / "alone").mkdir()
    expected, engine = alone(table, tmp_path / "alone"), SharedEngine()
    found = all_done(extracted(table, folders_of(tmp_path, names), engine, everywhere=everywhere))
    assert len(engine.seen) == 33
    assert set(engine.seen.values()) == {1}
    assert same(found[0], expected)
    assert all(same(other, expected) for other in found) or not everywhere


def test_what_any_process_has_is_sent_and_not_computed(table: ImageTable, tmp_path: Path) -> None:
    folders = folders_of(tmp_path, "abc")
    with ActivationStore(folders[2]) as store:
        extractor(table, store, SharedEngine())(table.rows[:6], views=VIEWS)
    engine = SharedEngine()
    found = all_done(extracted(table, folders, engine, everywhere=False))
    assert len(engine.seen) == 33 - 18
    assert len(found[0]) == 33
    again = SharedEngine()
    all_done(extracted(table, folders, again, everywhere=True))
    assert not again.seen


@pytest.mark.parametrize("names", ["aaa", "abc"])
def test_a_lost_process_costs_its_share_only(table: ImageTable, tmp_path: Path, names: str) -> None:
    folders = folders_of(tmp_path, names)
    whole = SharedEngine()
    (tmp_path / "alone").mkdir()
    with ActivationStore(tmp_path / "alone") as store:
        extractor(table, store, whole)(table.rows, views=VIEWS)
    broken = Disturbed(list(whole.seen)[3])  # the plain view of the second picture, which is the second process's first
    failed = extracted(table, folders, broken, everywhere=False)
    assert isinstance(failed[1], OSError)
    assert isinstance(failed[0], LostProcessError)
    kept: set[bytes] = set()
    for folder in folders:
        with ActivationStore(folder) as store:
            kept |= store.has(keys(table, store))
    assert len(kept) >= 33 - 12  # its share was four of the eleven pictures
    engine = SharedEngine()
    found = all_done(extracted(table, folders, engine, everywhere=False))
    assert len(found[0]) == 33
    assert len(engine.seen) == 33 - len(kept)
