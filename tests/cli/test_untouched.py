"""No command changes a file of the user's, or puts one beside them: a hash of everything before and after.

A command that takes pictures belongs into `COMMANDS`.
"""

import os
from itertools import pairwise
from pathlib import Path

import pytest

from made import MakeCollection, Recorder, RunCli, fingerprint, new_cache, write_collection
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import train

TRAIN = "train {pictures} --size 32 --steps 1,3 --lr 0.01 --head-epochs 1 --tta-views 0"

COMMANDS = {
    "train": (0, f"{TRAIN} --out {{new}}/run"),
    "train without the cache": (0, f"{TRAIN} --out {{new}}/run --no-store"),
    "train on what manifests say": (
        0,
        f"{TRAIN} --out {{new}}/run --exclude {{pictures}}/findings.csv --relabel {{pictures}}/corrections.csv",
    ),
    "train into the pictures": (1, f"{TRAIN} --out {{pictures}}/run"),
    "train with too many broken files": (1, f"{TRAIN} --out {{new}}/run --max-broken-share 0"),
    "train on a manifest that fails": (1, f"{TRAIN} --out {{new}}/run --relabel {{pictures}}/findings.csv"),
    "check": (0, "check {pictures} --out {new}/found --size 32"),
    "check strictly": (3, "check {pictures} --out {new}/found --size 32 --strict --no-squares"),
    "check into the pictures": (1, "check {pictures} --out {pictures}/found"),
    "extract": (0, "extract {pictures} --size 32 --views 1 --tta-views 0"),
    "squares": (0, "squares {pictures} --out {new}/sheet --size 32"),
    "squares into the pictures": (1, "squares {pictures} --out {pictures}/sheet"),
    "evaluate": (0, "evaluate {model} {pictures} --out {new}/found --tta"),
    "evaluate into the pictures": (1, "evaluate {model} {pictures} --out {pictures}/found"),
    "evaluate a run alone": (0, "evaluate {model} --out {new}/found"),
    "predict": (0, "predict {model} {pictures} --csv {new}/table.csv"),
    "predict with views": (0, "predict {model} {pictures} --tta"),
    "predict a broken file": (1, "predict {model} {pictures}/train/red/broken.png"),
}
"""What each command is to return, and its words."""

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose model predicts."""
    pictures = write_collection(tmp_path_factory.mktemp("model") / "pictures", {"red": 6, "blue": 6})
    settings = TrainSettings(size=32, steps=(1, 3), lr=0.01, head_epochs=1, tta_views=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNFREEZE_CACHE", str(new_cache(tmp_path_factory)))
        return train(pictures, pictures.parent / "run", settings, Recorder()).folder


@pytest.fixture
def pictures(make_collection: MakeCollection, tmp_path: Path) -> Path:
    """A collection with whatever may lie in one."""
    root = make_collection({"train/red": 8, "train/blue": 8, "valid/red": 2, "valid/blue": 2, "train/red/more": 2})
    (root / "train/red/broken.png").write_bytes(b"not a picture")
    (root / "train/blue/.hidden").write_text("hidden")
    (root / "train/blue/notes.txt").write_text("words")
    (root / "train/blue/000.png").chmod(0o444)
    (root / "findings.csv").write_text("kind,path\nblurred,train/red/001.png\nimbalance,\n")
    (root / "corrections.csv").write_text("path,label\ntrain/red/002.png,blue\n")
    elsewhere = write_collection(tmp_path / "elsewhere", {"red": 1})
    (root / "train/red/link.png").symlink_to(elsewhere / "red/000.png")
    for path in root.rglob("*"):
        os.utime(path, (1e9, 1e9), follow_symlinks=False)
    return root


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_changes_nothing_of_the_users(
    run_cli: RunCli, pictures: Path, model: Path, tmp_path: Path, name: str
) -> None:
    expected, words = COMMANDS[name]
    new = tmp_path / "new"
    new.mkdir()
    places = {"pictures": pictures, "model": model, "new": new}
    users = (pictures, tmp_path / "elsewhere", model)
    before = [fingerprint(folder) for folder in users]
    code, _, err = run_cli(*(word.format(**places) for word in words.split()))
    assert code == expected, err
    assert [fingerprint(folder) for folder in users] == before
    assert {path.name for path in tmp_path.iterdir()} == {"pictures", "elsewhere", "new"}


def test_the_fingerprint_sees_every_kind_of_change(pictures: Path) -> None:
    seen = [fingerprint(pictures)]
    path = pictures / "train/red/000.png"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, (1e9, 1e9))
    seen.append(fingerprint(pictures))
    os.utime(path, (1e9, 2e9))
    seen.append(fingerprint(pictures))
    path.chmod(0o600)
    seen.append(fingerprint(pictures))
    (pictures / "train/new").touch()
    os.utime(pictures / "train", (1e9, 1e9))
    seen.append(fingerprint(pictures))
    (pictures / "train/red/link.png").unlink()
    (pictures / "train/red/link.png").symlink_to("000.png")
    os.utime(pictures / "train/red/link.png", (1e9, 1e9), follow_symlinks=False)
    os.utime(pictures / "train/red", (1e9, 1e9))
    seen.append(fingerprint(pictures))
    assert all(before != after for before, after in pairwise(seen))
