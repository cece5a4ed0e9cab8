"""`unfreeze train` on good and on bad input."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archives import write_zip
from made import MakeCollection, RunCli
from unfreeze.recipe.settings import TrainSettings

QUICK = ("--size", "32", "--steps", "1,3", "--lr", "0.01", "--head-epochs", "1", "--tta-views", "0")

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


def test_training_says_what_it_does_and_where_the_report_is(run_cli: RunCli, small: Path, tmp_path: Path) -> None:
    code, out, err = run_cli("train", small, "--out", tmp_path / "run", *QUICK)
    assert (code, err) == (0, "")
    assert "16 pictures of 2 classes (12 train, 4 valid)" in out
    assert "Step 1: augmentation on, activations precomputed" in out
    assert "Step 3: train the head on precomputed activations" in out
    assert "Step 2" not in out
    assert "Trains on stored activations of the plain view" in out
    assert "95 % interval" in out
    assert str(tmp_path / "run" / "report.html") in out


def test_quiet_prints_nothing(run_cli: RunCli, small: Path, tmp_path: Path) -> None:
    assert run_cli("train", small, "--out", tmp_path / "run", *QUICK, "--quiet") == (0, "", "")


def test_every_flag_reaches_its_setting(
    run_cli: RunCli, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}

    def spy(pictures: Path, out: Path, settings: object, watcher: object, **_: object) -> None:
        seen.update(vars(settings))
        raise KeyboardInterrupt

    monkeypatch.setattr("unfreeze.recipe.train.train", spy)
    given = {
        "backbone": "resnet18", "size": 64, "square": "pad", "augment": "top_down", "steps": "3,5,8", "lr": 0.5,
        "head_epochs": 7, "augmented_cycles": 6, "cycle_len": 5, "rate_ratio": 4.5, "full_lr": 0.25,
        "max_epochs": 65, "checkpoint_seconds": 2.5,
        "cycle_mult": 3, "batch_norm": "train", "batch_size": 11, "full_batch_size": 12, "views": 13, "tta_views": 14,
        "valid_share": 0.3, "max_broken_share": 0.4, "seed": 15, "threads": 1, "weights": "w.pth",
        "head": "lbfgs", "unfreeze": "all", "sizes": "32,48", "cache_size": "5GB",
        "path_column": "file", "label_column": "kind", "split_column": "part", "group_column": "who",
        "label_separator": ";", "fold": "2/5", "time_budget": "90s",
        "optimizer": "adamw", "weight_decay": 0.01, "label_smoothing": 0.1, "mixup": 0.2, "cutmix": 1.0,
        "balance": "weights", "accumulate": 3, "clip_norm": 1.5, "ema": 0.99, "precision": "bfloat16",
    }  # fmt: skip
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    code, out, _ = run_cli("train", small, "--no-store", "--no-probes", *words)
    assert code == 130
    assert "stopped by Ctrl-C" in out
    assert seen.pop("steps") == (3, 5, 8)
    assert seen.pop("weights") == Path("w.pth")
    assert seen.pop("use_store") is False
    assert seen.pop("probes") is False
    assert seen.pop("sizes") == (32, 48)
    assert seen.pop("cache_size") == 5_000_000_000
    assert [seen.pop(name) for name in ("exclude", "exclude_kinds", "relabel")] == [(), (), ()]  # see test_manifests.py
    assert seen.pop("fold") == (2, 5)
    assert seen.pop("time_budget") == 90.0
    read = ("steps", "weights", "sizes", "cache_size", "fold", "time_budget")
    assert seen == {name: given[name] for name in given if name not in read}


def test_a_launcher_that_started_one_process_for_several_is_named(
    run_cli: RunCli, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("unfreeze.recipe.train.train", stopped)
    said = "note: accelerate launch started one process, whatever --num_processes says"
    assert said not in run_cli("train", small)[1]
    for name, value in {"MASTER_ADDR": "127.0.0.1", "ACCELERATE_MIXED_PRECISION": "no"}.items():  # as it does
        monkeypatch.setenv(name, value)
    assert said in run_cli("train", small)[1]


def test_the_late_body_alone_is_unfrozen_where_that_is_asked_for(
    run_cli: RunCli, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def spy(pictures: Path, out: Path, settings: TrainSettings, watcher: object, **_: object) -> None:
        seen.append(settings.unfreeze)
        raise KeyboardInterrupt

    monkeypatch.setattr("unfreeze.recipe.train.train", spy)
    for words in ((), ("--unfreeze", "late"), ("--unfreeze", "all")):
        run_cli("train", small, *words)
    assert seen == ["all", "late", "all"]


def test_a_sample_brings_settings_that_suit_it(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Path, object]] = []

    def spy(pictures: Path, out: Path, settings: object, watcher: object, **_: object) -> None:
        seen.append((pictures, settings))
        raise KeyboardInterrupt

    monkeypatch.setattr("unfreeze.recipe.train.train", spy)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs/digits").mkdir(parents=True)
    _, out, _ = run_cli("train", "--sample", "digits", "--augment", "none")
    assert "note: runs/digits is there already: this run goes to runs/digits-2" in out
    pictures, settings = seen[0]
    assert len(list(pictures.glob("*/*.png"))) == 1797
    assert (settings.size, settings.square, settings.augment) == (96, "squash", "none")  # type: ignore[attr-defined]


def test_a_list_and_an_archive_are_trained_on_as_a_folder_is(
    run_cli: RunCli, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {path.relative_to(small).as_posix(): path.read_bytes() for path in sorted(small.rglob("*.png"))}
    rows = (f"{small.name}/{name}\t{name.split('/')[1]}\t{name.split('/')[0]}" for name in files)
    (tmp_path / "list.tsv").write_text("\n".join(["file\tlabel\tsplit", *rows]))
    write_zip(tmp_path / "pets.zip", {f"pets/{name}": data for name, data in files.items()})
    code, out, err = run_cli("train", "list.tsv", "--path-column", "file", *QUICK)
    assert (code, err) == (0, "")
    assert "16 pictures of 2 classes (12 train, 4 valid)" in out
    assert "runs/list/report.html" in out
    code, out, err = run_cli("train", "pets.zip", *QUICK)
    assert (code, err) == (0, "")
    assert "note: the classes are those in pets, the only folder that there is" in out
    assert "runs/pets/report.html" in out
    assert "pets/valid/red/000.png" in (tmp_path / "runs/pets/predictions.csv").read_text()


def list_of(root: Path, name: str = "list.csv") -> Path:
    """A list whose column of paths is called otherwise, beside the pictures' folder."""
    path = root.parent / name
    path.write_text(f"file,label\n{root.name}/red/000.png,red\n")
    return path


def mistakes(make: MakeCollection) -> dict[str, tuple[Path, tuple[str, ...], str]]:
    """Collections and flags that cannot be used, with what the message must say."""
    broken = make({"train/red": 7, "train/blue": 7, "valid/red": 2, "valid/blue": 2}, "broken")
    for number in range(4):
        for name in ("red", "blue"):
            (broken / f"train/{name}/x{number}.jpg").write_text("no picture")
    good = make({"red": 4, "blue": 4}, "good")
    empty = make({}, "empty")
    empty.mkdir(exist_ok=True)
    return {
        "no column": (list_of(good), (), "no column 'path'; the header has file, label; rename a column, or say"),
        "columns of a folder": (good, ("--label-separator", ";"), "--label-separator: says how a CSV file is read"),
        "no archive": (list_of(good, "list.zip"), (), "list.zip: cannot be read as a zip archive"),
        "no collection": (list_of(good, "list.doc"), (), "list.doc: is none of those that hold pictures"),
        "no pictures": (empty, (), "no pictures in class folders"),
        "one class": (make({"red": 4}, "one"), (), "only one class, 'red'"),
        "a lonely picture": (make({"red": 4, "blue": 1}, "lonely"), (), "'blue' has 1, needed: 2"),
        "unknown class": (
            make({"train/red": 3, "train/blue": 3, "valid/red": 1, "valid/green": 2}, "unknown"), (),
            "classes without a training picture: valid/green (2 pictures)",
        ),
        "many broken": (broken, (), "8 of 26 files cannot be decoded, more than the 10%"),
        "backbone": (good, ("--backbone", "resnet5O"), "unknown backbone 'resnet5O'; did you mean resnet50"),
        "size": (good, ("--size", "0"), "--size is 0; it must be at least 32"),
        "weights": (good, ("--weights", "no.pth"), "no.pth: no such weights file"),
        "steps": (good, ("--steps", "9"), "--steps names [9]"),
    }  # fmt: skip


KINDS = [
    "no column",
    "columns of a folder",
    "no archive",
    "no collection",
    "no pictures",
    "one class",
    "a lonely picture",
    "unknown class",
    "many broken",
    "backbone",
    "size",
    "weights",
    "steps",
]


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_is_one_clear_line(
    run_cli: RunCli, make_collection: MakeCollection, tmp_path: Path, kind: str
) -> None:
    folder, flags, message = mistakes(make_collection)[kind]
    code, _, err = run_cli("train", folder, "--out", tmp_path / "run", "--quiet", *flags)
    assert code == 1
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "run").exists()


def test_unknown_augment_is_wrong_usage_and_names_the_kinds(run_cli: RunCli, small: Path) -> None:
    code, _, err = run_cli("train", small, "--augment", "upside_down")
    assert code == 2
    assert "side_on" in err
    assert "top_down" in err


def test_output_that_is_there_or_cannot_be_written(run_cli: RunCli, small: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    code, _, err = run_cli("train", small, "--out", tmp_path / "taken")
    assert (code, "holds something already" in err) == (1, True)
    code, _, err = run_cli("train", small, "--out", tmp_path / "taken" / "mine.txt" / "run")
    assert (code, "cannot be written" in err) == (1, True)
    assert (tmp_path / "taken" / "mine.txt").read_text() == "mine"


def test_odd_files_and_names_are_trained_on_and_predicted(run_cli: RunCli, small: Path, tmp_path: Path) -> None:
    red = Image.new("RGB", (40, 40), (200, 40, 40))
    odd = small / "train" / "red"
    red.save(odd / "bewegt.gif", save_all=True, append_images=[red.rotate(90)])
    red.convert("CMYK").save(odd / "cmyk.jpg")
    red.convert("RGBA").save(odd / "rgba.png")
    Image.fromarray(np.full((40, 40), 40000, np.uint16)).save(odd / "sixteen.png")
    red.save(odd / f"{'ö' * 100}.png")
    red.save(odd / f"{'x' * 200}.png")
    (odd / "text.jpg").write_text("no picture")
    code, out, _ = run_cli("train", small, "--out", tmp_path / "run", *QUICK)
    assert code == 0
    assert "22 pictures of 2 classes (18 train, 4 valid)" in out
    assert "1 of 23 files cannot be decoded" in out
    code, out, err = run_cli("predict", tmp_path / "run", odd)
    assert code == 0
    assert len(out.splitlines()) == 12
    assert "text.jpg: not predicted: not a picture in a known format" in err


def test_ctrl_c_leaves_a_clean_folder(small: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["train", small, "--out", run, "--size", "32", "--lr", "0.01", "--steps", "1,3", "--head-epochs", "100000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "unfreeze", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ},
    )  # fmt: skip
    deadline = time.monotonic() + 100
    while not ((run / "history.jsonl").exists() and '"epoch"' in (run / "history.jsonl").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"stopped by Ctrl-C; what was done so far is kept; go on with: unfreeze train --resume {run}" in out
    assert "Traceback" not in err
    names = sorted(p.name for p in run.rglob("*") if p.is_file())
    assert [name for name in names if not name.startswith("epoch-")] == [
        "history.jsonl", "lock", "receipt.json", "run.json", "settings.toml", "state.safetensors",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--ema", "1.5"), 1, "--ema is 1.5; it must lie between 0 and 1"),
        (
            ("--accumulate", "0", "--mixup", "-1"),
            1,
            "--mixup is -1.0; it must be a number that is not below 0; --accum",
        ),
        (("--precision", "float16"), 1, "--precision float16 needs a GPU"),
        (("--optimizer", "lion"), 2, "'lion' is not one of 'sgd', 'adamw'"),
        (("--weight-decay", "much"), 2, "Invalid value for '--weight-decay'"),
    ],
)
def test_an_option_that_makes_no_sense_is_named_and_leaves_nothing(
    run_cli: RunCli, small: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    found, _, err = run_cli("train", small, "--out", tmp_path / "run", *words)
    assert found == code
    assert said in " ".join(err.split())
    assert not (tmp_path / "run").exists()


def test_options_change_the_head_and_lie_in_the_settings(run_cli: RunCli, small: Path, tmp_path: Path) -> None:
    words = ("--optimizer", "adamw", "--ema", "0.5", "--mixup", "0.2", "--balance", "sampling", "--augment", "rand")
    code, out, err = run_cli("train", small, "--out", tmp_path / "run", *QUICK, *words)
    assert (code, err) == (0, "")
    assert "training losses are of mixed pictures" in " ".join(out.split())
    assert "training on mixed pictures" in " ".join(out.split())
    settings = (tmp_path / "run/settings.toml").read_text()
    for line in ('optimizer = "adamw"', "ema = 0.5", "mixup = 0.2", 'balance = "sampling"', 'augment = "rand"'):
        assert f"{line}\n" in settings
    assert '"augment": "side_on"' in (tmp_path / "run/model/bundle.json").read_text()
