"""The benchmark of scanning: its pictures, and what it takes for a change."""

import os
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import scan as scan_module
from benchmarks.scan import compared, fingerprint, make_pictures


def test_pictures_are_as_many_as_asked_for_and_all_different(tmp_path: Path) -> None:
    make_pictures(tmp_path / "pictures", 45, threads=2)
    files = sorted(tmp_path.rglob("*.jpg"))
    assert len({path.read_bytes() for path in files}) == len(files) == 45
    assert {len(list(folder.iterdir())) for folder in (tmp_path / "pictures").iterdir()} == {2, 3}
    with Image.open(files[0]) as image:
        assert 160 <= image.width <= 240
        assert 120 <= image.height <= 180
        low, high = image.convert("L").getextrema()
        assert isinstance(low, int)
        assert isinstance(high, int)
        assert high - low > 30  # a picture, not one colour


def test_every_kind_of_change_shows_in_the_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a" / "1.jpg"
    path.parent.mkdir()
    path.write_bytes(b"one")
    os.utime(path, ns=(5, 5))
    folders = [(folder, folder.stat().st_mtime_ns) for folder in (tmp_path / "a", tmp_path)]
    seen = [fingerprint(tmp_path), fingerprint(tmp_path)]

    def look() -> None:
        for folder, changed in folders:
            os.utime(folder, ns=(changed, changed))
        seen.append(fingerprint(tmp_path))

    path.write_bytes(b"two")
    os.utime(path, ns=(5, 5))
    look()
    os.utime(path, ns=(5, 6))
    look()
    path.chmod(0o600)
    look()
    (tmp_path / "a" / ".new").touch()
    look()
    path.rename(tmp_path / "a" / "2.jpg")
    look()
    assert seen[0] == seen[1]
    assert len(set(seen)) == 6


def test_a_small_collection_is_scanned_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "SETTLED_SECONDS", 2.1)
    figures = compared(tmp_path, 60, threads=1)
    assert (figures["pictures"], figures["unchanged"]) == (60, True)
    assert figures["first"]["table"] == figures["second"]["table"]
    assert figures["cache_mib"] > 0
