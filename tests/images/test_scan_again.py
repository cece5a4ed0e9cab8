"""A second scan reads what has changed since the first, and comes to the same table as a first one would."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from drawn import reencoded, scene
from made import MakeCollection, noisy_picture
from unfreeze.errors import PictureError
from unfreeze.images import storage as storage_module
from unfreeze.images.decode import probe
from unfreeze.images.scan import scan_folder
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import Quarantined

Reads = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file has a state as soon as it was written."""
    monkeypatch.setattr(storage_module, "SETTLED_NS", 0)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """The paths that were read since the last call."""
    seen: list[str] = []
    read = FolderStorage.read

    def spy(storage: FolderStorage, path: str) -> bytes:
        seen.append(path)
        return read(storage, path)

    def since() -> list[str]:
        found = sorted(seen)
        seen.clear()
        return found

    monkeypatch.setattr(FolderStorage, "read", spy)
    return since


@pytest.fixture
def root(make_collection: MakeCollection) -> Path:
    """Two classes of twelve, one file broken, pictures of several formats."""
    root = make_collection({"red": 12, "blue": 12})
    (root / "red" / "001.png").write_bytes((root / "red" / "001.png").read_bytes()[:-200])
    Image.new("CMYK", (30, 20)).save(root / "blue" / "other.jpg")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "a maker", "a camera"
    Image.new("L", (20, 30)).save(root / "red" / "other.jpg", exif=exif)
    return root


def test_a_second_scan_reads_nothing_and_finds_the_same(root: Path, reads: Reads) -> None:
    first = scan_folder(root)
    assert len(reads()) == 26
    for threads in (1, 3):
        again = scan_folder(root, threads=threads)
        assert reads() == []
        assert again == first
    assert scan_folder(root, use_cache=False) == first
    assert len(reads()) == 26


def test_without_the_cache_nothing_is_kept(root: Path, reads: Reads, own_cache: Path) -> None:
    scan_folder(root, use_cache=False)
    assert not (own_cache / "scans").exists()
    reads()
    scan_folder(root)
    assert len(reads()) == 26


def test_only_what_changed_is_read_again(root: Path, reads: Reads) -> None:
    scan_folder(root)
    noisy_picture((9, 9, 9), 5).save(root / "blue" / "003.png")  # written to
    os.utime(root / "blue" / "004.png", (0, 0))
    noisy_picture((9, 9, 9), 6).save(root / "blue" / "new.png")
    os.replace(root / "red" / "005.png", root / "red" / "006.png")  # another in its place
    noisy_picture((9, 9, 9), 7).save(root / "red" / "001.png")  # mended
    reads()
    again = scan_folder(root)
    assert reads() == ["blue/003.png", "blue/004.png", "blue/new.png", "red/001.png", "red/006.png"]
    assert again == scan_folder(root, use_cache=False)
    assert again.quarantined == ()


def test_copies_follow_what_is_added_changed_and_removed(root: Path) -> None:
    scene(1).save(root / "red" / "scene.png")
    assert scan_folder(root).copies == {}
    reencoded(scene(1)).save(root / "blue" / "scene.png")
    scene(2).save(root / "blue" / "second.png")
    both = scan_folder(root)
    assert sorted(both.copies) == ["blue/scene.png", "red/scene.png"]
    assert both == scan_folder(root, use_cache=False)
    reencoded(scene(2)).save(root / "red" / "scene.png")  # another picture under the same name
    changed = scan_folder(root)
    assert sorted(changed.copies) == ["blue/second.png", "red/scene.png"]
    assert changed == scan_folder(root, use_cache=False)
    (root / "blue" / "second.png").unlink()
    assert scan_folder(root).copies == {}


def test_a_file_written_a_moment_ago_is_read_again(root: Path, reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_module, "SETTLED_NS", 10**12)
    scan_folder(root)
    reads()
    scan_folder(root)
    assert len(reads()) == 26


def test_a_broken_file_is_remembered_with_its_reason(root: Path, reads: Reads) -> None:
    (broken,) = scan_folder(root).quarantined
    reads()
    assert scan_folder(root).quarantined == (broken,)
    assert reads() == []


@pytest.mark.parametrize(
    "failure",
    [PermissionError(13, "Permission denied"), OSError(5, "Input/output error"), MemoryError(), TimeoutError()],
)
def test_what_may_go_well_another_time_is_tried_again(
    root: Path, reads: Reads, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(data: bytes, *, path: str) -> object:
        if path != "blue/003.png":
            return probe(data, path=path)
        if isinstance(failure, OSError) and failure.errno:
            raise failure
        raise PictureError("too much", subject=path) from failure

    with monkeypatch.context() as patch:
        patch.setattr("unfreeze.images.scan.probe", fail)
        assert len(scan_folder(root).quarantined) == 2
    reads()
    assert [broken.path for broken in scan_folder(root).quarantined] == ["red/001.png"]
    assert reads() == ["blue/003.png"]


def test_progress_begins_with_what_is_known(root: Path) -> None:
    steps: list[tuple[int, int]] = []
    scan_folder(root)
    for name in ("003.png", "004.png"):
        os.utime(root / "blue" / name, (0, 0))
    scan_folder(root, progress=lambda done, files: steps.append((done, files)))
    assert steps == [(24, 26), (25, 26), (26, 26)]


def test_a_file_that_is_gone_when_it_is_read_is_set_aside(root: Path) -> None:
    scan_folder(root)
    (root / "blue" / "gone.png").symlink_to("nowhere.png")
    assert Quarantined("blue/gone.png", "No such file or directory") in scan_folder(root).quarantined


def test_a_cache_that_cannot_be_used_is_noted_and_stops_nothing(root: Path, own_cache: Path, reads: Reads) -> None:
    (own_cache / "scans").write_text("a file")
    first = scan_folder(root)
    assert first.notes[-1].startswith("what the scan found cannot be kept, and the next one reads every file again (")
    assert str(own_cache / "scans") in first.notes[-1]
    reads()
    assert scan_folder(root) == first
    assert len(reads()) == 26
