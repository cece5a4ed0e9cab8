"""`unfreeze check` as a user runs it: what is found, where it goes, and that nothing is changed."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made import MakeCollection, RunCli
from unfreeze.audit.examine import Examination
from unfreeze.audit.findings import Finding, Kind
from unfreeze.cli.check import in_words
from unfreeze.images.scan import scan_folder

COUNTS = {"train/red": 12, "train/blue": 12, "valid/red": 6, "valid/blue": 6}


@pytest.fixture
def faulty(make_collection: MakeCollection) -> Path:
    """A collection with a broken file and a training picture that validates as well."""
    root = make_collection(COUNTS)
    shutil.copy(root / "train/red/003.png", root / "valid/red/copy.png")
    (root / "train/blue/broken.png").write_bytes(b"<html>not found</html>")
    return root


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_faults_are_listed_with_what_to_do_and_nothing_is_changed(
    faulty: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in faulty.rglob("*") if path.is_file()}
    code, out, err = run_cli("check", faulty, "--out", tmp_path / "found")
    assert (code, err) == (0, "")
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == [
        "check.html",
        "corrections.csv",
        "findings.csv",
    ]
    found = {(row["kind"], row["path"], row["related"]) for row in rows(tmp_path / "found/findings.csv")}
    assert {("broken", "train/blue/broken.png", ""), ("leak", "train/red/003.png", "valid/red/copy.png")} <= found
    assert "37 pictures of 2 classes: mend what is marked so before you trust a figure." in out
    assert "1 leak: the same picture on both sides of a split." in out
    assert "The leak: training has copies of 1 of 13 validation pictures" in out
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}
    assert set(before) == {path for path in faulty.rglob("*") if path.is_file()}


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Stripes across and stripes down, in colours by chance: nothing but the stripes tells the class."""
    chance = np.random.default_rng(0)
    for number in range(120):
        name = ("across", "down")[number % 2]
        stripes = np.kron(chance.permutation(16) % 2, np.ones(4))[:, np.newaxis, np.newaxis]  # (64, 1, 1)
        first = chance.uniform(0, 120, 3)
        second = first + chance.uniform(60, 120)
        pixels = np.broadcast_to(stripes * first + (1 - stripes) * second, (64, 64, 3)).astype(np.uint8)
        path = tmp_path / "stripes" / name / f"{number:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels if name == "across" else pixels.transpose(1, 0, 2)).save(path)
    return tmp_path / "stripes"


def test_where_no_label_is_suspected_the_least_likely_ones_are_named(make_collection: MakeCollection) -> None:
    table = scan_folder(make_collection(COUNTS))
    doubted = Finding(Kind.LABEL, "train/red/001.png", "train", "blue", 0.6, "labelled red (40.0%)")
    found = Examination(table=table, findings=(), pairs=(), judged=36, right=35, doubted=(doubted,))
    said = list(in_words(found, Path("findings.csv")))
    assert "No label is suspected. A single wrong one among 36 may be missed; the least likely:" in said
    assert "    train/red/001.png: labelled red (40.0%)" in said
    suspected = replace(found, findings=(replace(doubted, path="train/red/000.png"),))
    assert not [line for line in in_words(suspected, Path("findings.csv")) if "001.png" in line]


def test_strict_fails_where_something_must_be_mended(faulty: Path, tmp_path: Path, run_cli: RunCli) -> None:
    code, out, err = run_cli("check", faulty, "--out", tmp_path / "found", "--strict", "--quiet")
    assert (code, out, err) == (3, "", "")
    assert (tmp_path / "found/check.html").is_file()


def test_strict_passes_where_nothing_has_to_be_mended(sound: Path, tmp_path: Path, run_cli: RunCli) -> None:
    code, _, err = run_cli("check", sound, "--out", tmp_path / "found", "--strict", "--quiet")
    assert (code, err) == (0, "")


def test_pictures_with_several_labels_are_examined_as_far_as_that_goes(
    make_collection: MakeCollection, tmp_path: Path, run_cli: RunCli
) -> None:
    root = make_collection({"a": 12, "b": 12})
    shutil.copy(root / "a/003.png", root / "b/copy.png")
    names = [path.relative_to(root).as_posix() for path in sorted(root.glob("*/*.png"))]
    lines = [f"{name},{('red', 'red;warm', '')[index % 3]}" for index, name in enumerate(names)]
    (tmp_path / "list.csv").write_text("\n".join(["path,label", *(f"pictures/{line}" for line in lines)]))
    code, out, err = run_cli("check", tmp_path / "list.csv", "--label-separator", ";", "--out", tmp_path / "found")
    assert (code, err) == (0, "")
    assert "several labels a picture: labels and shortcuts are not examined" in out
    found = {(row["kind"], frozenset((row["path"], row["related"]))) for row in rows(tmp_path / "found/findings.csv")}
    copies = frozenset(("pictures/a/003.png", "pictures/b/copy.png"))
    assert found & {("contradiction", copies), ("duplicate", copies)}


def test_nothing_is_replaced_or_written_among_the_pictures(faulty: Path, tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    code, _, err = run_cli("check", faulty, "--out", tmp_path / "mine")
    assert (code, err.strip()) == (
        1,
        f"error: {tmp_path / 'mine'}: holds something already; choose another folder with --out",
    )
    code, _, err = run_cli("check", faulty, "--out", faulty / "found")
    assert code == 1
    assert "lies inside the pictures" in err
    assert not (faulty / "found").exists()


def test_the_default_folder_is_named_after_the_pictures(
    faulty: Path, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, out, _ = run_cli("check", faulty)
    assert f"Page: {Path('checks/pictures/check.html')}" in out
    assert (tmp_path / "checks/pictures/findings.csv").is_file()
