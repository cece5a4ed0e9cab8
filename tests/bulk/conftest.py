"""A tiny bundle, tiny pictures, and what tells the rows of a run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.tiny import tiny_bundle, tiny_picture, tiny_shards
from unfreeze.bulk.run import Bulk

MakeBulk = Callable[..., Bulk]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that tells pictures by their mean colours, in a moment; no test changes it."""
    return tiny_bundle(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Four shards of 50 pictures, of which each tenth is none."""
    tiny_shards(tmp_path / "shards", pictures=200, shard_pictures=50, bad_every=10)
    return tmp_path / "shards"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """25 pictures in two folders, one of which is none, beside a text and a hidden file."""
    root = tmp_path / "folder"
    for number in range(25):
        file = root / "ab"[number % 2] / f"{number:02d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"no picture" if number == 7 else tiny_picture(number))
    (root / "a/notes.txt").write_text("words")
    (root / ".hidden.png").write_bytes(tiny_picture(0))
    return root


@pytest.fixture
def make_bulk(bundle: Path, tmp_path: Path) -> MakeBulk:
    """`make_bulk(source, ...)` asks for predictions of sources, in parts of ten files, into `out`."""

    def make(*sources: object, out: str = "", **flags: int) -> Bulk:
        found = {"part_size": 10, **flags}
        return Bulk(bundle=bundle, sources=[*map(str, sources)], out=out or str(tmp_path / "out"), **found)

    return make


@pytest.fixture(scope="session")
def ray_workers() -> Iterator[None]:
    """One session of Ray for all tests."""
    from unfreeze.bulk.ray_engine import ray_session

    with ray_session(2):
        yield


def workers_of(driver: int, name: str) -> list[int]:
    """Processes that run a kind of actor of a driver's own session: children of its raylet."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            grandparent = int(Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended meanwhile
            continue
        if name.encode() in command and grandparent == driver:
            found.append(int(path.name))
    return found
