"""The predictor: right, in order, bearing with bad files, and without torch."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unfreeze.activations.engines import Floats, OnnxEngine
from unfreeze.deploy.bundle import GRAPH_FILE, SETTINGS_FILE, write_bundle_settings
from unfreeze.deploy.inputs import picture_paths
from unfreeze.deploy.predictor import Prediction, Predictor
from unfreeze.errors import BundleError, PictureError
from unfreeze.evaluation.certainty import Certainty
from unfreeze.images.content import content_hash
from unfreeze.images.decode import decode
from unfreeze.training.objective import INDEPENDENT
from unfreeze.transforms.transform import Transform

ALONE = """
import json, sys
import numpy, onnxruntime, PIL.Image, PIL.ImageCms
before = set(sys.modules)
from unfreeze import Predictor
found = Predictor(sys.argv[1], threads=2).predict(sys.argv[2], tta_views=1)
ours = {name.partition(".")[0] for name in set(sys.modules) - before}
more = sorted(ours - set(sys.stdlib_module_names) - {"unfreeze", "numpy", "PIL"})
print(json.dumps([more, [prediction.probabilities for prediction in found]]))
"""


@pytest.fixture
def pictures(make_collection: Callable[..., Path]) -> list[Path]:
    return sorted(make_collection({"red": 2, "green": 2, "blue": 2}).rglob("*.png"))


@pytest.fixture(scope="session")
def predictor(finished_bundle: Path) -> Predictor:
    return Predictor(finished_bundle)


def view_probabilities(predictor: Predictor, bundle: Path, path: Path, number: int) -> Floats:
    """Probabilities (C,) of one view, put together by hand."""
    data = path.read_bytes()
    square = predictor.transform(decode(data, path=path), content=content_hash(data), number=number)
    probabilities: Floats = OnnxEngine(bundle / GRAPH_FILE).outputs(square[np.newaxis])[0][0]
    return probabilities


def test_probabilities_are_those_of_the_plain_view(
    predictor: Predictor, finished_bundle: Path, pictures: list[Path]
) -> None:
    found = predictor.predict(pictures)
    expected = [view_probabilities(predictor, finished_bundle, path, 0).tolist() for path in pictures]
    assert [list(prediction.probabilities) for prediction in found] == expected
    assert len({prediction.probabilities for prediction in found}) == len(pictures)
    assert predictor.classes == ("blue", "green", "röd")


def test_probabilities_sum_to_one(predictor: Predictor, pictures: list[Path]) -> None:
    for views in (0, 2):
        for prediction in predictor.predict(pictures, tta_views=views):
            assert sum(prediction.probabilities) == pytest.approx(1, abs=1e-6)
            assert all(0 < probability < 1 for probability in prediction.probabilities)


@pytest.mark.parametrize("threads", [1, 4])
def test_predictions_keep_the_order_of_the_paths(finished_bundle: Path, pictures: list[Path], threads: int) -> None:
    order = [pictures[index] for index in (4, 0, 5, 0, 2)]
    found = Predictor(finished_bundle, threads=threads).predict(order)
    assert [prediction.path for prediction in found] == [str(path) for path in order]
    alone = [Predictor(finished_bundle).predict([path])[0] for path in order]
    assert [replace(prediction, distance=0) for prediction in found] == [replace(each, distance=0) for each in alone]


def test_a_picture_is_as_strange_as_its_plain_views_features(
    predictor: Predictor, finished_bundle: Path, pictures: list[Path], certainty: Certainty
) -> None:
    assert certainty.novelty
    assert predictor.can_refuse
    squares = [predictor.transform(decode(path.read_bytes(), path=path)) for path in pictures]
    features = OnnxEngine(finished_bundle / GRAPH_FILE).outputs(np.stack(squares))[1]
    expected = certainty.novelty.scores(features)
    assert np.ptp(expected) > 1e-3
    for views in (0, 2):
        found = predictor.predict(pictures, tta_views=views)
        assert [prediction.distance for prediction in found] == pytest.approx(expected.tolist(), abs=1e-4)
        assert [prediction.refused for prediction in found] == (expected > certainty.novelty.bound.value).tolist()


def test_what_lies_above_the_bound_is_refused(bundle: Path, pictures: list[Path]) -> None:
    distances = [prediction.distance or 0 for prediction in Predictor(bundle).predict(pictures)]
    path, middle = bundle / SETTINGS_FILE, sorted(distances)[2]
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["refusal"]["distance"] = middle
    path.write_text(json.dumps(settings), encoding="utf-8")
    found = Predictor(bundle).predict(pictures)
    assert [prediction.refused for prediction in found] == [distance > middle for distance in distances]
    assert sum(bool(prediction.refused) for prediction in found) == 3
    assert [bool(prediction.candidates) for prediction in found] == [not prediction.refused for prediction in found]
    assert Predictor(bundle).names(found[0]) != ()


def test_candidates_are_probable_enough_the_most_probable_first(bundle: Path, pictures: list[Path]) -> None:
    path = bundle / SETTINGS_FILE
    settings = json.loads(path.read_text(encoding="utf-8"))
    for least, expected in ((0.0, 3), (1.0, 1)):
        settings["sets"]["least_probability"], settings["refusal"]["distance"] = least, 2.0
        path.write_text(json.dumps(settings), encoding="utf-8")
        predictor = Predictor(bundle)
        (found,) = predictor.predict(pictures[:1])
        ranked = sorted(zip(found.probabilities, predictor.classes, strict=True), reverse=True)
        assert list(found.candidates) == [name for _, name in ranked][:expected]


def test_many_pictures_are_scored_as_single_ones_are(predictor: Predictor, pictures: list[Path]) -> None:
    alone = [predictor.answer(path.read_bytes(), path=path) for path in pictures]
    together = predictor.predict(pictures * 12)
    assert [each.path for each in together] == [str(path) for path in pictures] * 12
    for one, other in zip(alone * 12, together, strict=True):
        assert one.distance == pytest.approx(other.distance, abs=1e-6)
        assert (one.probabilities, one.refused, one.candidates) == (
            other.probabilities,
            other.refused,
            other.candidates,
        )


def test_a_bundle_that_knows_nothing_leaves_it_open(bundle: Path, pictures: list[Path]) -> None:
    write_bundle_settings(bundle, classes="abc", backbone="efficientnet_lite0", transform=Transform(size_px=64))
    predictor = Predictor(bundle)
    (found,) = predictor.predict(pictures[:1])
    assert not predictor.can_refuse
    assert (found.distance, found.refused, found.candidates) == (None, None, ())


def test_augmented_views_are_averaged_with_the_plain_one(
    predictor: Predictor, finished_bundle: Path, pictures: list[Path]
) -> None:
    found = predictor.predict(pictures[:1], tta_views=3)[0]
    views = [view_probabilities(predictor, finished_bundle, pictures[0], number) for number in range(4)]
    np.testing.assert_allclose(found.probabilities, np.mean(views, axis=0), rtol=1e-6)
    assert np.abs(np.mean(views, axis=0) - views[0]).max() > 1e-4
    assert predictor.predict(pictures[:1], tta_views=3)[0] == found


def test_bytes_and_path_agree(predictor: Predictor, pictures: list[Path]) -> None:
    for views in (0, 2):
        found = predictor.probabilities(pictures[0].read_bytes(), tta_views=views)
        assert (found.dtype, found.shape) == (np.dtype(np.float32), (3,))
        assert tuple(found.tolist()) == predictor.predict(pictures[:1], tta_views=views)[0].probabilities


def test_bytes_that_are_no_picture_are_an_error_with_the_name_that_was_given(predictor: Predictor) -> None:
    with pytest.raises(PictureError, match=r"upload\.png: not a picture in a known format"):
        predictor.probabilities(b"no picture", path="upload.png")


def test_a_bad_file_costs_its_own_row(predictor: Predictor, pictures: list[Path], tmp_path: Path) -> None:
    bad = {"text.png": b"no picture", "empty.png": b"", "half.png": pictures[1].read_bytes()[:300]}
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    paths = [pictures[0], *(tmp_path / name for name in bad), tmp_path / "gone.png", pictures[1]]
    found = predictor.predict(paths)
    assert [prediction.path for prediction in found] == [str(path) for path in paths]
    assert [bool(prediction.probabilities) for prediction in found] == [True, *[False] * 4, True]
    errors = [prediction.error for prediction in found]
    assert errors[:3] == ["", "not a picture in a known format", "the file is empty"]
    assert "truncated" in errors[3]
    assert errors[4:] == ["No such file or directory", ""]


def test_a_path_may_be_written_in_any_script(predictor: Predictor, pictures: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "Größe 猫 é.png"
    shutil.copy(pictures[0], path)
    found = predictor.predict([path, str(path)])
    assert [prediction.path for prediction in found] == [str(path)] * 2
    assert found[0].probabilities == predictor.predict(pictures[:1])[0].probabilities


def test_progress_counts_pictures(predictor: Predictor, pictures: list[Path]) -> None:
    seen: list[tuple[int, int]] = []
    predictor.predict(pictures[:3], progress=lambda done, count: seen.append((done, count)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert predictor.predict([]) == []


def test_a_run_folder_stands_for_its_model(bundle: Path, predictor: Predictor, pictures: list[Path]) -> None:
    assert Predictor(str(bundle.parent)).predict(pictures[:1]) == predictor.predict(pictures[:1])
    (bundle / GRAPH_FILE).unlink()
    with pytest.raises(BundleError, match=r"model\.onnx: missing"):
        Predictor(bundle.parent)


def test_prediction_loads_numpy_pillow_and_onnxruntime_alone(
    finished_bundle: Path, predictor: Predictor, pictures: list[Path]
) -> None:
    command = [sys.executable, "-W", "error", "-c", ALONE, str(finished_bundle), str(pictures[0].parent.parent)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    more, probabilities = json.loads(run.stdout)
    assert more == []
    assert [tuple(row) for row in probabilities] == [p.probabilities for p in predictor.predict(pictures, tta_views=1)]


def test_every_mode_of_picture_is_predicted(predictor: Predictor, tmp_path: Path) -> None:
    modes = ["L", "RGBA", "P", "1", "I;16", "CMYK"]
    for mode in modes:
        suffix = ".jpg" if mode == "CMYK" else ".png"
        Image.new(mode, (40, 30)).save(tmp_path / f"{mode.replace(';', '')}{suffix}")
    found = predictor.predict(picture_paths([tmp_path]))
    assert [prediction.error for prediction in found] == [""] * len(modes)


def test_the_most_probable_class_is_named(predictor: Predictor) -> None:
    assert predictor.names(Prediction("a.png", probabilities=(0.2, 0.5, 0.3))) == ("green",)
    assert predictor.names(Prediction("a.png", error="no picture")) == ()


def test_all_labels_above_a_half_are_named(bundle: Path) -> None:
    settings = json.loads((bundle / SETTINGS_FILE).read_text(encoding="utf-8"))
    settings.update(probabilities="sigmoid", sets=None)
    (bundle / SETTINGS_FILE).write_text(json.dumps(settings), encoding="utf-8")
    found = Predictor(bundle)
    assert found.objective is INDEPENDENT
    assert found.names(Prediction("a.png", probabilities=(0.6, 0.5, 0.9))) == ("blue", "röd")
    assert found.names(Prediction("a.png", probabilities=(0.1, 0.2, 0.3))) == ()
    assert found.names(Prediction("a.png", error="no picture")) == ()
