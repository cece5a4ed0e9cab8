"""A bundle behind the server says what the predictor says of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from served import CLASSES, client, encoded, png
from serving import SIZE_PX, write_bundle
from unfreeze.deploy.bundle import SETTINGS_FILE
from unfreeze.deploy.predictor import Predictor
from unfreeze.errors import BundleError, PictureError
from unfreeze.images.limits import DecodeLimits
from unfreeze.serve.bundled import BundledModel

LIMITS = DecodeLimits()
PICTURES = [png("red"), png("blue", side_px=90), png("green", side_px=33)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("run") / "model")


@pytest.fixture(scope="module")
def model(bundle: Path) -> BundledModel:
    return BundledModel(bundle)


@pytest.mark.parametrize("views", [0, 3])
def test_a_batch_has_the_predictors_probabilities(bundle: Path, model: BundledModel, views: int) -> None:
    squares = [model.squares(data, name="x", views=views, limits=LIMITS) for data in PICTURES]
    found = [answer.probabilities for answer in model.answers(squares)]
    expected = [Predictor(bundle).probabilities(data, tta_views=views) for data in PICTURES]
    assert np.abs(np.array(found) - np.array(expected)).max() < 1e-6
    assert [len(each) for each in squares] == [1 + views] * 3


@pytest.mark.parametrize("views", [0, 2])
def test_what_a_certain_model_knows_is_what_the_predictor_says(tmp_path: Path, views: int) -> None:
    folder = write_bundle(tmp_path, certain=True)
    model, predictor = BundledModel(folder), Predictor(folder)
    pictures = [*PICTURES, encoded(Image.new("RGB", (40, 40), (200, 200, 200)))]
    found = model.answers([model.squares(data, name="x", views=views, limits=LIMITS) for data in pictures])
    for answer, data in zip(found, pictures, strict=True):
        expected = predictor.answer(data, tta_views=views)
        assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
        assert answer.distance == pytest.approx(expected.distance, abs=1e-6)
        assert (answer.refused, answer.members) == (expected.refused, expected.candidates)
        assert answer.names == (() if expected.refused else predictor.names(expected))
    assert [answer.refused for answer in found] == [False, False, False, True]
    assert [bool(answer.members) for answer in found] == [True, True, True, False]
    described = model.describe()
    assert described["temperature"] == predictor.settings.temperature != 1
    assert described["coverage"] == 0.95
    assert described["refusal"]


def test_class_names_that_are_not_utf8_are_shown_with_their_bytes_escaped(tmp_path: Path) -> None:
    settings = write_bundle(tmp_path) / SETTINGS_FILE
    settings.write_text(settings.read_text(encoding="utf-8").replace('"red"', '"caf\\udce9"'), encoding="utf-8")
    with client(opened=lambda _: BundledModel(tmp_path)) as talking:
        answer = talking.post("/v1/predict", content=png("red"))
        explained = talking.post("/v1/explain", content=png("red"), params={"class": "caf\\udce9"})
        models = talking.get("/v1/models")
    assert answer.json()["pictures"][0]["names"] == ["caf\\udce9"]
    assert explained.status_code == 200
    assert models.json()["models"][0]["classes"][0] == "caf\\udce9"


def test_what_is_said_of_the_model(bundle: Path, model: BundledModel) -> None:
    found = model.describe()
    assert (found["classes"], found["size_px"], found["square"], found["maps"]) == (
        list(CLASSES),
        SIZE_PX,
        "crop",
        True,
    )
    before = found["version"]
    write_bundle(bundle, scale=0.2)
    assert BundledModel(bundle).describe()["version"] != before
    write_bundle(bundle)


def test_where_it_looked_is_the_part_of_that_colour(model: BundledModel) -> None:
    square = np.zeros((3, SIZE_PX, SIZE_PX), np.uint8)
    square[0, :, :16], square[2, :, 16:] = 255, 255  # red on the left, blue on the right
    seen = model.look(square, index=2)
    assert seen is not None
    assert seen.index == 2
    orange = seen.overlay[:, :, 1].astype(int)  # neither red nor blue has any green
    assert orange[:, 20:].mean() > orange[:, :12].mean()
    most = model.look(np.stack([square[0], square[0], np.maximum(square[2], 200)]), index=None)
    assert most is not None
    assert most.index == 2


def test_a_picture_that_is_none_and_a_bundle_that_is_none(model: BundledModel, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="x: not a picture"):
        model.squares(b"words", name="x", views=0, limits=LIMITS)
    with pytest.raises(PictureError, match="more than the 5 that are decoded"):
        model.squares(png(), name="x", views=0, limits=DecodeLimits(pixels=5))
    with pytest.raises(BundleError):
        BundledModel(tmp_path)
