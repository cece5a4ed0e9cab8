"""`unfreeze predict` on a trained run."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from drawn import scene
from made import RunCli, fingerprint, write_collection

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
    assert all((row["predicted"] in row["set"].split(";")) == (row["refused"] == "no") for row in rows)
    assert {row["set"] for row in rows if row["refused"] == "yes"} == {""}


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
        ((run, picture, "--csv", picture), "is there already and stays as it is; choose another file for --csv"),
        ((run, picture, "--csv", picture / "x.csv"), "cannot be written"),
        ((run, picture, "--json", picture), "is there already and stays as it is; choose another file for --json"),
        ((run, picture, "--json", "-", "--csv", "-"), "--csv and --json both print; give one of them a file"),
        ((run, picture, "--top-k", "0"), "--top-k is 0; show at least one class"),
        ((run, picture, "--by", "move"), "--by is 'move'; it must be one of link, copy"),
        ((run, small, "--sort-into", small / "x"), "choose a folder outside for --sort-into"),
        ((run, f"{small}/*.tif"), "no pictures in"),
    ]:
        code, out, err = run_cli("predict", *words)
        assert (code, out) == (1, "")
        assert message in err
        assert err.count("\n") == 1


def test_patterns_lists_and_json(run_cli: RunCli, run: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run_cli("predict", run, f"{small}/valid/*/000.png", "--json", "-", "--top-k", "1")
    assert code == 0
    found = [json.loads(line) for line in out.splitlines()]
    assert [each["path"] for each in found] == [f"{small}/valid/{name}/000.png" for name in ("blue", "red")]
    assert [[each["name"] for each in row["classes"]] for row in found] == [["blue"], ["red"]]
    names = f"{small}/valid/red/001.png\0{small}/gone.png\0".encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(names)))
    code, out, err = run_cli("predict", run, "-", "--csv", "-", "--strict")
    assert code == 3
    assert [row["predicted"] for row in csv.DictReader(out.splitlines())] == ["red", ""]
    assert err.endswith(f"{small}/gone.png: not predicted: No such file or directory\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    code, out, err = run_cli("predict", run, "-")
    assert (code, out) == (1, "")
    assert "standard input: names no picture" in err


def test_more_classes_are_shown_where_they_are_asked_for(run_cli: RunCli, run: Path, small: Path) -> None:
    picture = small / "valid/red/000.png"
    one, both = (run_cli("predict", run, picture, "--top-k", count)[1] for count in (1, 9))
    assert one.count(" %") == 1
    assert both.count(" %") == 2
    assert both == run_cli("predict", run, picture)[1]


def test_pictures_are_sorted_into_folders(run_cli: RunCli, run: Path, small: Path, tmp_path: Path) -> None:
    (small / "valid/red/text.jpg").write_text("no picture")
    before = {path: found[0] for path, found in fingerprint(small).items()}
    code, _, _ = run_cli("predict", run, small / "valid", "--sort-into", tmp_path / "out", "--by", "copy", "--quiet")
    assert code == 0
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert found == ["blue/000.png", "blue/001.png", "not predicted/text.jpg", "red/000.png", "red/001.png"]
    assert {path: found[0] for path, found in fingerprint(small).items()} == before


def test_no_torch_and_no_terminal_library_is_loaded(run: Path, small: Path) -> None:
    code = """
import json, sys
from unfreeze.cli.main import app
app(["predict", *sys.argv[1:]], standalone_mode=False)
print(json.dumps(sorted({"torch", "rich", "scipy", "safetensors", "onnx"} & set(sys.modules))))
"""
    command = [sys.executable, "-c", code, str(run), str(small / "valid/red/000.png"), "--quiet"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (0, "[]\n", "")


def test_only_bad_files_is_a_failure(run_cli: RunCli, run: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    code, out, err = run_cli("predict", run, tmp_path / "text.jpg")
    assert (code, out) == (1, "")
    assert "not predicted" in err
