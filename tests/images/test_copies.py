"""Copies are found once for the same pictures, and again when the pictures are others."""

from pathlib import Path

import pytest

from told import look
from unfreeze.images import copies
from unfreeze.images.copies import known_clusters
from unfreeze.images.duplicates import clusters


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were searched, at each search."""
    counts: list[int] = []

    def counted(looks: dict[str, object], contents: dict[str, str]) -> dict[str, str]:
        counts.append(len(looks))
        return clusters(looks, contents)  # type: ignore[arg-type]

    monkeypatch.setattr(copies, "clusters", counted)
    return counts


def found(root: Path, contents: dict[str, str], *, use_cache: bool = True) -> dict[str, str]:
    looks = {path: look(thumbnail=bytes([3 * ord(content) % 256, *range(255)])) for path, content in contents.items()}
    return known_clusters(root, contents, looks, state=" ".join(sorted(contents.values())), use_cache=use_cache)


def test_the_same_pictures_are_searched_once(tmp_path: Path, searches: list[int]) -> None:
    contents = {"a.png": "x", "b.png": "y", "c.png": "x"}
    first = found(tmp_path, contents)
    assert first == {"a.png": "x", "b.png": "x", "c.png": "x"}  # their thumbnails differ by one level of 256
    assert found(tmp_path, contents) == first
    assert searches == [3]


def test_other_pictures_are_searched_anew(tmp_path: Path, searches: list[int]) -> None:
    found(tmp_path, {"a.png": "x", "b.png": "y"})
    assert found(tmp_path, {"a.png": "x"}) == {"a.png": "x"}
    assert searches == [2, 1]


def test_without_the_cache_nothing_is_kept(tmp_path: Path, own_cache: Path, searches: list[int]) -> None:
    for _ in range(2):
        found(tmp_path, {"a.png": "x", "b.png": "y"}, use_cache=False)
    assert searches == [2, 2]
    assert not (own_cache / "scans").exists()
