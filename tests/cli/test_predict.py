"""`unfreeze predict` on a trained run."""

import csv
import json
import os
import re
import sys
from pathlib import Path

import pytest

from drawn import scene
from made import RunCli, write_collection

QUICK = ("--size", "32", "--steps", "1,3", "--lr", "0.01", "--tta-views", "0", "--quiet")

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


@pytest.fixture
def run(run_cli: RunCli, small: Path, tmp_path: Path) -> Path:
    assert run_cli("train", small, "--out", tmp_path / "run", *QUICK) == (0, "", "")
    return tmp_path / "run"


def test_names_classes_lists_bad_files_and_writes_csv(run_cli: RunCli, run: Path, small: Path, tmp_path: Path) -> None:
    (small / "valid/red/text.jpg").write_text("no picture")
    table = tmp_path / "out.csv"
    code, out, err = run_cli("predict", run, small / "valid", small / "train/red/000.png", "--csv", table, "--tta")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 5
    assert lines[-1].startswith(f"{small}/train/red/000.png  red ")
    assert err == (
        "note: this model had too few validation pictures to tell pictures that are none of its classes\n"
        f"{small}/valid/red/text.jpg: not predicted: not a picture in a known format\n"
    )
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert [row["predicted"] for row in rows] == ["blue", "blue", "red", "red", "", "red"]
    assert rows[4]["error"] == "not a picture in a known format"
    assert {(row["distance"], row["refused"], row["set"]) for row in rows} == {("", "", "")}
    assert sum(float(rows[0][name]) for name in ("p:blue", "p:red")) == pytest.approx(1)


@pytest.mark.skipif(sys.platform != "linux", reason="names are text here")
def test_the_table_is_text_whatever_the_names_are(run_cli: RunCli, run: Path, small: Path, tmp_path: Path) -> None:
    (small / "train/red/000.png").rename(small / os.fsdecode(b"\xe4.png"))
    table = tmp_path / "out.csv"
    assert run_cli("predict", run, small / os.fsdecode(b"\xe4.png"), "--csv", table, "--quiet")[0] == 0
    (row,) = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert row["path"] == f"{small}/\\udce4.png"


def test_the_model_folder_alone_predicts_too(run_cli: RunCli, run: Path, small: Path) -> None:
    picture = small / "valid/red/000.png"
    assert run_cli("predict", run, picture) == run_cli("predict", run / "model", picture)


def test_strange_pictures_are_none_of_these(run_cli: RunCli, tmp_path: Path) -> None:
    counts = {"train/red": 20, "train/blue": 20, "valid/red": 12, "valid/blue": 12}
    pictures = write_collection(tmp_path / "pictures", counts)
    code, out, err = run_cli("train", pictures, "--out", tmp_path / "run", *QUICK[:-1])
    assert (code, err) == (0, "")
    assert "4.0 % (0.1 to 14.2) are taken for 'none of these'" in out
    for number in range(3):
        scene(number).save(tmp_path / f"strange-{number}.png")
    strange = sorted(tmp_path.glob("strange-*.png"))
    table = tmp_path / "out.csv"
    words = ("predict", tmp_path / "run", *strange, pictures / "valid", "--csv", table)
    code, out, err = run_cli(*words)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert all(re.search(r"\.png  none of these \(most like (red|blue) \d+\.\d %\)$", line) for line in lines[:3])
    assert not any("none of these" in line for line in lines[3:])
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert [row["refused"] for row in rows] == ["yes"] * 3 + ["no"] * 24
    bound = json.loads((tmp_path / "run/model/bundle.json").read_text())["refusal"]["distance"]
    assert all((float(row["distance"]) > bound) == (row["refused"] == "yes") for row in rows)
    assert all(row["predicted"] in row["set"].split(";") for row in rows)


def test_a_model_of_before_says_that_it_cannot_refuse(run_cli: RunCli, run: Path, small: Path) -> None:
    path = run / "model/bundle.json"
    settings = json.loads(path.read_text())
    for name in ("temperature", "refusal", "sets", "licence", "provenance", "probes"):
        del settings[name]
    settings["sha256"] = {name: found for name, found in settings["sha256"].items() if name.startswith("model.")}
    path.write_text(json.dumps({**settings, "format_version": 2}))
    code, out, err = run_cli("predict", run, small / "valid/red/000.png")
    assert code == 0
    assert "red " in out
    assert err.startswith("note: this model was made before models could tell pictures that are none of their classes;")


def test_mistakes_are_named(run_cli: RunCli, run: Path, small: Path, tmp_path: Path) -> None:
    picture = small / "valid/red/000.png"
    for words, message in [
        ((tmp_path / "nothing", picture), "no model here"),
        ((run, tmp_path / "gone.png"), "not there: "),
        ((run, tmp_path / "run" / "checkpoints"), "no pictures in"),
        ((run, picture, "--csv", picture), "is there already; choose another file for --csv"),
        ((run, picture, "--csv", picture / "x.csv"), "cannot be written"),
    ]:
        code, out, err = run_cli("predict", *words)
        assert (code, out) == (1, "")
        assert message in err
        assert err.count("\n") == 1


def test_only_bad_files_is_a_failure(run_cli: RunCli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    code, out, err = run_cli("predict", run, tmp_path / "text.jpg")
    assert (code, out) == (1, "")
    assert "not predicted" in err
