"""`unfreeze predict` on a trained run."""

import csv
import os
import sys
from pathlib import Path

import pytest

from made import RunCli

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
    assert err == f"{small}/valid/red/text.jpg: not predicted: not a picture in a known format\n"
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert [row["predicted"] for row in rows] == ["blue", "blue", "red", "red", "", "red"]
    assert rows[4]["error"] == "not a picture in a known format"
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
