"""`unfreeze export` and `unfreeze verify`, on a trained run."""

import json
import zipfile
from pathlib import Path

import pytest

from made import RunCli

QUICK = ("--size", "32", "--steps", "1,3", "--lr", "0.01", "--tta-views", "0", "--quiet")

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


@pytest.fixture
def run(run_cli: RunCli, small: Path, tmp_path: Path) -> Path:
    assert run_cli("train", small, "--out", tmp_path / "pets", *QUICK) == (0, "", "")
    return tmp_path / "pets"


def test_one_file_takes_the_runs_place(
    run_cli: RunCli, run: Path, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run_cli("export", run)
    assert (code, err) == (0, "")
    assert out.startswith("pets.unfreeze: ")
    assert "Predict: unfreeze predict pets.unfreeze PICTURE..." in out
    picture = small / "valid/red/000.png"
    assert run_cli("predict", "pets.unfreeze", picture) == run_cli("predict", run, picture)
    code, _, err = run_cli("export", run)
    assert code == 1
    assert "is there already and stays as it is; choose another file for --out" in err


def test_what_says_the_same_is_exit_code_zero(run_cli: RunCli, run: Path, tmp_path: Path) -> None:
    assert run_cli("export", run, "--out", tmp_path / "m.unfreeze")[0] == 0
    for model in (run, run / "model", tmp_path / "m.unfreeze"):
        code, out, err = run_cli("verify", model)
        assert (code, err) == (0, "")
        lines = out.splitlines()
        probes = json.loads((run / "model/bundle.json").read_text())["probes"]
        assert lines[0].split() == ["probe", "expected", "here", "difference", "of", "distance"]
        assert len(lines) == len(probes) + 2
        assert lines[-1].startswith(f"{len(probes)} of {len(probes)} probes agree within 0.0001; largest difference")
        assert run_cli("verify", model, "--quiet") == (0, "", "")


def test_what_says_something_else_is_exit_code_three(run_cli: RunCli, run: Path) -> None:
    path = run / "model/bundle.json"
    settings = json.loads(path.read_text())
    settings["probes"][0]["probabilities"].reverse()
    path.write_text(json.dumps(settings))
    code, out, err = run_cli("verify", run)
    assert code == 3
    assert out.splitlines()[1].endswith("DIFFERS")
    count = len(settings["probes"])
    assert f"error: {run}: {count - 1} of {count} probes agree" in err


def test_probes_may_be_left_out(run_cli: RunCli, run: Path, small: Path, tmp_path: Path) -> None:
    assert run_cli("export", run, "--no-probes", "--out", tmp_path / "bare.unfreeze")[0] == 0
    with zipfile.ZipFile(tmp_path / "bare.unfreeze") as archive:
        assert not any(".png" in name for name in archive.namelist())
    code, _, err = run_cli("verify", tmp_path / "bare.unfreeze")
    assert code == 1
    assert "carries no probe pictures" in err
    assert run_cli("train", small, "--out", tmp_path / "none", "--no-probes", *QUICK) == (0, "", "")
    assert not (tmp_path / "none/model/probes").exists()


def test_where_the_model_comes_from_names_no_folder(run: Path, tmp_path: Path) -> None:
    settings = json.loads((run / "model/bundle.json").read_text())
    assert settings["licence"] == "apache-2.0"
    receipt = json.loads((run / "receipt.json").read_text())
    assert settings["provenance"]["data"] == receipt["data"]
    assert settings["provenance"]["pictures"]["train"] > 0
    assert str(tmp_path) not in json.dumps(settings)
