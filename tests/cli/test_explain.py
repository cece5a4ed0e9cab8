"""`unfreeze explain` on a bundle and made pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made import RunCli, write_collection
from unfreeze.deploy.predictor import Predictor
from unfreeze.images.decode import decode

QUICK = ("--size", "64", "--steps", "1,3", "--lr", "0.01", "--tta-views", "0", "--quiet")

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


@pytest.fixture
def bundle(run_cli: RunCli, tmp_path: Path) -> Path:
    """The model of a run on pictures of three classes."""
    counts = {f"{split}/{name}": 3 for split in ("train", "valid") for name in ("blue", "green", "röd")}
    assert run_cli("train", write_collection(tmp_path / "learned", counts), "--out", tmp_path / "run", *QUICK)[0] == 0
    return tmp_path / "run" / "model"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "pictures", {"red": 2, "green": 2})


def test_a_line_and_a_file_a_picture_and_a_page(run_cli: RunCli, bundle: Path, pictures: Path, tmp_path: Path) -> None:
    (pictures / "red" / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    out = tmp_path / "why"
    code, printed, err = run_cli("explain", bundle.parent, pictures, "--out", out)
    assert code == 0
    predictor = Predictor(bundle)
    paths = sorted(pictures.rglob("*.png"))
    expected = []
    for path, found in zip(paths, predictor.predict(paths), strict=True):
        (name,) = predictor.names(found)
        said = f"{name} {100 * max(found.probabilities):.1f} %"
        expected.append(f"{path}  none of these (most like {said})" if found.refused else f"{path}  {said}")
    assert printed.splitlines() == [*expected, f"Page: {out}/explanation.html"]
    assert err.startswith(f"{pictures}/red/torn.jpg: not explained: ")
    files = [f"{number:04d}-{path.stem}.png" for number, path in enumerate(paths, 1)]
    assert sorted(path.name for path in out.iterdir()) == sorted([*files, "explanation.html"])
    drawn = np.asarray(Image.open(out / files[0]))
    assert drawn.shape == (64, 128, 3)
    square = predictor.transform(decode(paths[0].read_bytes(), path=paths[0]))
    assert np.array_equal(drawn[:, :64], square.transpose(1, 2, 0))
    assert (drawn[:, 64:] != drawn[:, :64]).any()
    page = (out / "explanation.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == 4
    assert "torn.jpg" in page


def test_a_class_can_be_asked_for(run_cli: RunCli, bundle: Path, pictures: Path, tmp_path: Path) -> None:
    picture = pictures / "red" / "000.png"
    shown = {}
    for name in ("blue", "röd"):
        code, printed, _ = run_cli("explain", bundle, picture, "--class", name, "--out", tmp_path / name)
        assert code == 0
        said = printed.splitlines()[0].removeprefix(f"{picture}  ")
        assert said.startswith(name) or f"  (shown: {name} " in said
        shown[name] = (tmp_path / name / "0001-000.png").read_bytes()
    assert shown["blue"] != shown["röd"]
    code, printed, err = run_cli("explain", bundle, picture, "--class", "rod", "--out", tmp_path / "none")
    assert (code, printed) == (1, "")
    assert "the model knows no class 'rod'; it knows blue, green, röd; did you mean röd?" in err
    assert not (tmp_path / "none").exists()


def test_folders_of_the_users_stay_as_they_are(
    run_cli: RunCli, bundle: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note").write_text("mine")
    for out, message in ((tmp_path / "mine", "is there already"), (pictures / "why", "lies inside the pictures")):
        code, printed, err = run_cli("explain", bundle, pictures, "--out", out)
        assert (code, printed) == (1, "")
        assert message in err
        assert err.count("\n") == 1
    for folder in ("explanations/run", "explanations/run-2"):
        assert run_cli("explain", bundle.parent, pictures, "--quiet")[0] == 0
        assert (tmp_path / folder / "explanation.html").is_file()


def test_where_nothing_can_be_read_nothing_is_made(run_cli: RunCli, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    code, printed, err = run_cli("explain", bundle, tmp_path / "torn.jpg", "--out", tmp_path / "why")
    assert (code, printed) == (1, "")
    assert "not explained" in err
    assert not (tmp_path / "why").exists()
    assert run_cli("explain", tmp_path, tmp_path / "torn.jpg")[0] == 1
