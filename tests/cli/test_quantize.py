"""`unfreeze export --quantize int8` on a trained run."""

import shutil
from pathlib import Path

import onnx
import pytest
from onnx import numpy_helper

from made import RunCli, write_collection
from unfreeze.deploy.bundle import open_bundle

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]

QUICK = ("--size", "32", "--steps", "1,3", "--lr", "0.01", "--tta-views", "0", "--quiet")


@pytest.fixture
def run(run_cli: RunCli, tmp_path: Path) -> Path:
    counts = {"train/red": 8, "train/blue": 8, "valid/red": 10, "valid/blue": 10}
    pictures = write_collection(tmp_path / "pictures", counts)
    assert run_cli("train", pictures, "--out", tmp_path / "run", *QUICK) == (0, "", "")
    return tmp_path / "run"


def upside_down(graph: bytes, squares: object) -> bytes:
    """The graph with a head that says the contrary."""
    model = onnx.load_from_string(graph)
    for each in model.graph.initializer:
        if each.name in ("head.weight", "head.bias"):
            each.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(each), each.name))
    return bytes(model.SerializeToString())


def test_a_model_in_eight_bits_says_what_it_costs(run_cli: RunCli, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.unfreeze"
    code, said, err = run_cli("export", run, "--quantize", "int8", "--max-loss", "100", "--out", out)
    assert (code, err) == (0, "")
    assert "accuracy on 20 validation pictures: " in said
    assert "95 % interval" in said
    assert "times the model's" in said
    about = open_bundle(out).settings.provenance["quantization"]
    assert about["kind"] == "int8"
    assert about["pictures"] == 20
    assert about["calibration_pictures"] == 16
    assert about["bytes_after"] < 0.4 * about["bytes_before"]
    code, said, err = run_cli("predict", out, tmp_path / "pictures/valid")
    assert code == 0
    assert said.count(" %") == 2 * 20


def test_one_that_loses_too_much_is_not_written(
    run_cli: RunCli, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unfreeze.recipe.quantized.quantized_graph", upside_down)
    out = tmp_path / "small.unfreeze"
    code, _, err = run_cli("export", run, "--quantize", "int8", "--out", out)
    assert code == 1
    assert "eight bits lose more than --max-loss 0.5 points: accuracy on 20 validation pictures: " in err
    assert err.rstrip().endswith("nothing was written")
    assert not out.exists()


def test_mistakes_are_named(run_cli: RunCli, run: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(run / "model", tmp_path / "copied")
    (tmp_path / "there.unfreeze").touch()
    for words, message in [
        ((run, "--quantize", "int4"), "--quantize is 'int4'; it must be one of int8"),
        ((run, "--quantize", "int8", "--out", tmp_path / "there.unfreeze"), "is there already"),
        ((copied, "--quantize", "int8", "--out", tmp_path / "x.unfreeze"), "cannot be read"),
        ((tmp_path / "there.unfreeze", "--quantize", "int8"), "a file that was exported; --quantize calibrates"),
    ]:
        code, _, err = run_cli("export", *words)
        assert code == 1
        assert message in err
        assert not (tmp_path / "x.unfreeze").exists()
