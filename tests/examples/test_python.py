"""examples/python: onnxruntime and Pillow alone answer as the predictor does."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from drawn import scene
from unfreeze.deploy.bundle import write_bundle_settings
from unfreeze.deploy.predictor import Predictor
from unfreeze.transforms.squares import Square
from unfreeze.transforms.transform import Transform

PROGRAM = Path(__file__).parents[2] / "examples/python/predict.py"
ORIENTATION = 0x0112


@pytest.mark.parametrize("square", Square)
def test_it_answers_as_the_predictor_does(example_bundle: Path, tmp_path: Path, square: Square) -> None:
    transform = Transform(size_px=64, square=square, crop_share=0.875 if square is Square.CROP else 1.0)
    names = ["blue", "green", "röd"]
    write_bundle_settings(example_bundle, classes=names, backbone="efficientnet_lite0", transform=transform)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    scene(1).resize((700, 500)).save(tmp_path / "large.jpg", exif=exif)
    scene(2).resize((90, 61)).save(tmp_path / "small.png")
    scene(3).resize((50, 40)).save(tmp_path / "tiny.png")
    paths = sorted(tmp_path.glob("*.*"))
    command = [sys.executable, "-W", "error", str(PROGRAM), str(example_bundle), *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert (run.returncode, run.stderr) == (0, "")
    found = [line.split("\t") for line in run.stdout.splitlines()]
    assert len(found) == len(paths) == 3
    predictor = Predictor(example_bundle)
    for (name, *answers), prediction in zip(found, predictor.predict(paths), strict=True):
        expected = dict(zip(names, prediction.probabilities, strict=True))
        assert name == prediction.path
        assert {label: float(said) for label, said in map(str.split, answers)} == pytest.approx(expected, abs=1e-4)
    assert len({prediction.probabilities for prediction in predictor.predict(paths)}) == 3


def test_it_is_short_and_needs_nothing_else() -> None:
    lines = PROGRAM.read_text(encoding="utf-8").splitlines()
    imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert imported == {"json", "math", "sys", "pathlib", "numpy", "onnxruntime", "PIL"}
    assert len(lines) < 50
