"""`unfreeze cache`: what it shows, what it removes, and above all what it does not."""

import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from made import RunCli
from unfreeze.activations.plan import readable_bytes
from unfreeze.activations.store import ActivationStore
from unfreeze.images.scan_cache import ScanCache

GRAPH = "efficientnet_lite0-head-0123456789abcdef-224.onnx"
ARCHIVE = "0123456789abcdef-fedcba9876543210.tar"
SKELETON = "resnet18-head-224-torch2.6.0-timm1.0.12.onnx"

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


@dataclass(frozen=True)
class Kept:
    """Something that a scan keeps."""

    number: int


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own with something in each part."""
    root = tmp_path / "cache"
    monkeypatch.setenv("UNFREEZE_CACHE", str(root))
    write(root, {f"graphs/{GRAPH}": 3000, f"graphs/.77-{GRAPH}": 500, f"skeletons/{SKELETON}": 2000})
    write(root, {f"archives/{ARCHIVE}": 1000, f"archives/.{ARCHIVE}.77": 500})
    write(root, {"samples/digits/0/0000.png": 10, "samples/digits/1/0001.png": 20})
    (root / "activations").mkdir()
    with ActivationStore(root / "activations") as store:
        store.put({number.to_bytes(16, "big"): np.zeros(8000, np.float32) for number in range(1200)})
    with ScanCache(tmp_path / "pictures", Kept) as scans:
        for number in range(1000):
            scans.keep(f"{number}.png", "a state", Kept(number))
    return root


def write(root: Path, sizes: Mapping[str, int]) -> None:
    for name, size in sizes.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()}


def test_shows_each_part_with_size_and_number(run_cli: RunCli, cache: Path) -> None:
    with sqlite3.connect(cache / "activations/activations-2.sqlite") as database:
        database.execute("UPDATE entry SET used = ? WHERE id = 1", (time.mktime((2026, 1, 5, 12, 0, 0, 0, 0, -1)),))
        database.execute("UPDATE entry SET used = ? WHERE id > 1", (time.mktime((2026, 2, 7, 12, 0, 0, 0, 0, -1)),))
    database.close()
    with sqlite3.connect(cache / "scans/scans-1.sqlite") as database:
        database.execute("UPDATE collection SET used = ?", (time.mktime((2026, 3, 8, 12, 0, 0, 0, 0, -1)),))
    database.close()
    scans = readable_bytes((cache / "scans/scans-1.sqlite").stat().st_size)
    code, out, err = run_cli("cache")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"Cache: {cache}   (set UNFREEZE_CACHE for another folder)",
        "",
        "  activations       1,200 arrays     20 MB   last used from 2026-01-05 to 2026-02-07",
        f"  scans           1,000 pictures{scans:>10}   last used on 2026-03-08",
        "  graphs                 2 files    3.5 KB",
        "  skeletons               1 file      2 KB",
        "  archives               2 files    1.5 KB",
        "  samples                2 files      30 B",
        "  in all                             20 MB",
        "",
        "`unfreeze cache --clear` removes activations, scans, graphs, skeletons and archives; "
        "they are computed again when needed.",
    ]


def test_shows_named_parts_only(run_cli: RunCli, cache: Path) -> None:
    _, out, _ = run_cli("cache", "graphs")
    assert [line.split()[0] for line in out.splitlines()[2:4]] == ["graphs", "in"]
    _, out, _ = run_cli("cache", "activations")
    assert "last used on " in out


def test_clear_removes_what_can_be_computed_again(run_cli: RunCli, cache: Path) -> None:
    before = (cache / "scans/scans-1.sqlite").stat().st_size
    code, out, err = run_cli("cache", "--clear")
    assert (code, err) == (0, "")
    scans = readable_bytes(before - (cache / "scans/scans-1.sqlite").stat().st_size)
    assert out.splitlines() == [
        "activations: 1,200 arrays removed, 20 MB freed",
        f"scans: 1,000 pictures removed, {scans} freed",
        "graphs: 2 files removed, 3.5 KB freed",
        "skeletons: 1 file removed, 2 KB freed",
        "archives: 2 files removed, 1.5 KB freed",
    ]
    store = "activations/activations-2.sqlite"
    assert files(cache) == {store, "scans/scans-1.sqlite", "samples/digits/0/0000.png", "samples/digits/1/0001.png"}
    assert (cache / store).stat().st_size < 200_000
    assert run_cli("cache", "--clear")[1].splitlines() == [
        "activations: nothing to remove",
        "scans: nothing to remove",
        "graphs: nothing to remove",
        "skeletons: nothing to remove",
        "archives: nothing to remove",
    ]


def test_clear_of_one_part_leaves_the_others(run_cli: RunCli, cache: Path) -> None:
    before = files(cache)
    assert run_cli("cache", "--clear", "skeletons") == (0, "skeletons: 1 file removed, 2 KB freed\n", "")
    assert files(cache) == before - {f"skeletons/{SKELETON}"}


def test_clear_removes_what_was_set_aside(run_cli: RunCli, cache: Path) -> None:
    write(cache, {"activations/activations-2.damaged": 5000})
    run_cli("cache", "--clear", "activations")
    assert not (cache / "activations/activations-2.damaged").exists()


def test_clear_leaves_what_others_wrote_and_follows_no_link(run_cli: RunCli, cache: Path, tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/a-1.onnx": 7})
    write(cache, {"graphs/mine.txt": 1, "graphs/folder/model-224.onnx": 1, "activations/notes": 1})
    (cache / "graphs/linked-224.onnx").symlink_to(tmp_path / "elsewhere/a-1.onnx")
    (cache / "graphs/more").symlink_to(tmp_path / "elsewhere")
    code, out, _ = run_cli("cache", "--clear", "graphs", "activations")
    assert code == 0
    assert out.splitlines()[0] == (
        "graphs: 2 files removed, 3.5 KB freed; not ours and left alone: folder, linked-224.onnx, mine.txt, more"
    )
    assert out.splitlines()[1].endswith("; not ours and left alone: notes")
    assert {name for name in files(cache) if name.startswith("graphs")} == {
        "graphs/mine.txt",
        "graphs/folder/model-224.onnx",
        "graphs/linked-224.onnx",
        "graphs/more",
    }
    assert files(tmp_path / "elsewhere") == {"a-1.onnx"}


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text exist on Linux only")
def test_a_name_that_is_no_text_is_printed(run_cli: RunCli, cache: Path) -> None:
    (cache / "graphs" / os.fsdecode(b"\xff")).write_bytes(b"")
    assert run_cli("cache", "--clear", "graphs")[1].endswith("left alone: \\udcff\n")


def test_a_part_that_is_a_link_is_refused(run_cli: RunCli, cache: Path, tmp_path: Path) -> None:
    (cache / "graphs").rename(tmp_path / "elsewhere")
    (cache / "graphs").symlink_to(tmp_path / "elsewhere")
    code, _, err = run_cli("cache", "--clear", "graphs")
    assert code == 1
    assert err == f"error: {cache / 'graphs'}: is a link, and none is followed; remove its content by hand\n"
    assert len(files(tmp_path / "elsewhere")) == 2
    assert "  graphs                 0 files       0 B" in run_cli("cache")[1]


def test_a_file_that_cannot_be_removed_is_named(run_cli: RunCli, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    code, _, err = run_cli("cache", "--clear", "skeletons")
    assert (code, err) == (1, f"error: {cache / 'skeletons' / SKELETON}: cannot be removed (Permission denied)\n")


def test_clearing_does_not_disturb_a_store_that_is_open(run_cli: RunCli, cache: Path) -> None:
    with ActivationStore(cache / "activations") as store:
        assert len(store.has([(5).to_bytes(16, "big")])) == 1
        assert run_cli("cache", "--clear", "activations")[0] == 0
        assert store.get([(5).to_bytes(16, "big")]) == {}
        store.put({b"new": np.ones(3, np.float32)})
    with ActivationStore(cache / "activations") as store:
        assert store.get([b"new"])[b"new"].tolist() == [1, 1, 1]


def test_an_empty_cache_shows_nothing_and_makes_nothing(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNFREEZE_CACHE", str(tmp_path / "new"))
    code, out, _ = run_cli("cache")
    assert code == 0
    assert "  activations           0 arrays       0 B\n" in out
    assert run_cli("cache", "--clear")[0] == 0
    assert list((tmp_path / "new").iterdir()) == []


def test_a_part_that_is_not_there_is_wrong_usage(run_cli: RunCli, cache: Path) -> None:
    before = files(cache)
    code, _, err = run_cli("cache", "--clear", "samples")
    assert code == 2
    assert "samples" in err
    assert files(cache) == before
