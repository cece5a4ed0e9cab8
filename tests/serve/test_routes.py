"""What programs ask of a server, and what they are told."""

import base64
import io
import json
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from served import CLASSES, SIDE_PX, ColourModel, client, encoded, files, png
from unfreeze.serve.answers import Seen, Squares
from unfreeze.serve.limits import ServeLimits
from unfreeze.serve.problems import MEDIA_TYPE


@pytest.fixture(scope="module")
def talking() -> Iterator[TestClient]:
    with client(names=("colours", "hues")) as found:
        yield found


def test_one_picture_as_the_body(talking: TestClient) -> None:
    answer = talking.post("/v1/predict", content=png("green"), params={"top_k": 2}).json()
    (picture,) = answer["pictures"]
    assert (answer["model"], answer["version"], picture["names"]) == ("colours", "1", ["green"])
    assert next(found["name"] for found in picture["classes"]) == "green"
    assert len(picture["classes"]) == 2
    assert (picture["refused"], picture["problem"], picture["square"]) == (False, None, None)


def test_probabilities_are_the_models_own(talking: TestClient) -> None:
    (picture,) = talking.post("/v1/predict", content=png("blue")).json()["pictures"]
    model = ColourModel()
    (expected,) = model.answers([model.squares(png("blue"), name="x", views=0, limits=ServeLimits().decoding)])
    found = {each["name"]: each["probability"] for each in picture["classes"]}
    assert [found[name] for name in CLASSES] == list(expected.probabilities)
    assert picture["set"] == list(expected.members or ())
    assert picture["distance"] == expected.distance


def test_classes_that_are_as_probable_keep_the_models_order(talking: TestClient) -> None:
    grey = encoded(Image.new("RGB", (40, 40), (200, 200, 200)))
    (picture,) = talking.post("/v1/predict", content=grey, params={"top_k": 1}).json()["pictures"]
    assert [found["name"] for found in picture["classes"]] == picture["names"] == [CLASSES[0]]


def test_several_pictures_keep_their_order_and_names_and_a_bad_one_costs_itself_alone(talking: TestClient) -> None:
    names = ["ü.png", "<b>x</b>.png", "../../c.png", "d.png"]
    sent = files(png("red"), b"words", png("blue"), png("black"), names=names)
    response = talking.post("/v1/predict", files=sent)
    pictures = response.json()["pictures"]
    assert response.status_code == 200
    assert [picture["name"] for picture in pictures] == names
    assert [picture["names"] for picture in pictures] == [["red"], [], ["blue"], []]
    assert [picture["refused"] for picture in pictures] == [False, False, False, True]
    assert pictures[1]["problem"]["status"] == 415
    assert pictures[1]["problem"]["detail"] == "not a picture in a known format"


def test_the_content_type_is_not_believed(talking: TestClient) -> None:
    for kind in ("text/html", "application/x-www-form-urlencoded", "image/svg+xml", "nonsense"):
        response = talking.post("/v1/predict", content=png(), headers={"Content-Type": kind})
        assert response.json()["pictures"][0]["names"] == ["red"]


TRUNCATED = encoded(Image.effect_noise((90, 90), 50).convert("RGB"), "JPEG")[:2000]


@pytest.mark.parametrize(
    ("sent", "status", "kind", "detail"),
    [
        (b"", 400, "no-picture", "the request holds no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "not-a-picture", "begins like an SVG drawing"),
        (b"<!doctype html><p>a.jpg", 415, "not-a-picture", "begins like an HTML page"),
        (TRUNCATED, 422, "damaged-picture", "breaks off before its end"),
        (encoded(Image.new("1", (9000, 9000))), 413, "picture-too-large", "9,000 x 9,000 pixels, more than the 50,000"),
        (b"\x89PNG\r\n\x1a\n" + bytes(3 * 2**20), 413, "picture-too-large", "more than the 2,097,152 bytes"),
    ],
)
def test_what_is_no_picture_is_said_in_the_form_of_rfc_9457(sent: bytes, status: int, kind: str, detail: str) -> None:
    with client(limits=ServeLimits(picture_bytes=2 * 2**20)) as talking:
        response = talking.post("/v1/predict", content=sent)
    found = response.json()
    assert response.status_code == found["status"] == status
    assert response.headers["content-type"] == MEDIA_TYPE
    assert found["type"] == f"urn:unfreeze:problem:{kind}"
    assert detail in found["detail"]


def test_an_empty_file_among_others_is_named(talking: TestClient) -> None:
    pictures = talking.post("/v1/predict", files=files(png(), b"")).json()["pictures"]
    assert pictures[1]["problem"]["detail"] == "the file is empty"


def test_the_square_is_what_the_network_saw_to_the_pixel(talking: TestClient) -> None:
    (picture,) = talking.post("/v1/predict", content=png("green"), params={"squares": True}).json()["pictures"]
    expected = ColourModel().squares(png("green"), name="x", views=0, limits=ServeLimits().decoding)[0]
    assert np.array_equal(_pixels(picture["square"]), expected.transpose(1, 2, 0))


def test_augmented_views_are_averaged_with_the_plain_one(talking: TestClient) -> None:
    with client(model := ColourModel()) as one:
        model.batches.clear()
        assert one.post("/v1/predict", content=png("red"), params={"tta": True}).json()["pictures"][0]["names"] == [
            "red"
        ]
        assert model.batches == [1]


def test_a_model_is_chosen_by_its_name(talking: TestClient) -> None:
    assert talking.post("/v1/predict", content=png(), params={"model": "hues"}).json()["model"] == "hues"
    assert talking.get("/v1/model", params={"model": "hues"}).json()["name"] == "hues"
    response = talking.post("/v1/predict", content=png(), params={"model": "hue"})
    assert response.status_code == 404
    assert response.json()["detail"] == "no model is called 'hue'; there are colours, hues; did you mean hues?"


def test_models_say_what_they_know_and_what_a_request_may_hold(talking: TestClient) -> None:
    found = talking.get("/v1/models").json()
    assert [model["name"] for model in found["models"]] == ["colours", "hues"]
    assert found["models"][0] == talking.get("/v1/model").json()
    assert found["models"][0]["refusal"] == {"distance": 0.5, "expected": 0.05}
    assert found["limits"]["pictures"] == ServeLimits().pictures


@pytest.mark.parametrize("wrong", [{"top_k": 0}, {"top_k": "many"}, {"tta": "perhaps"}])
def test_a_wrong_parameter_is_named(talking: TestClient, wrong: dict[str, str]) -> None:
    response = talking.post("/v1/predict", content=png(), params=wrong)
    assert (response.status_code, response.headers["content-type"]) == (422, MEDIA_TYPE)
    assert f"query.{next(iter(wrong))}" in response.json()["detail"]


def test_where_it_looked(talking: TestClient) -> None:
    found = talking.post("/v1/explain", content=png("blue")).json()
    assert found["class"] == "blue"
    assert _pixels(found["map"]).shape == (SIDE_PX, SIDE_PX, 3)
    assert talking.post("/v1/explain", content=png("blue"), params={"class": "red"}).json()["class"] == "red"


def test_what_cannot_be_explained_is_said(talking: TestClient) -> None:
    unknown = talking.post("/v1/explain", content=png(), params={"class": "rde"})
    assert (unknown.status_code, unknown.json()["detail"]) == (422, "the model has no class 'rde'; did you mean red?")
    assert talking.post("/v1/explain", files=files(png(), png())).status_code == 422
    assert talking.post("/v1/explain", content=b"words").status_code == 415


def test_a_model_without_maps_says_so() -> None:
    class Blind(ColourModel):
        def look(self, square: Squares, *, index: int | None) -> Seen | None:
            return None

    with client(Blind()) as talking:
        response = talking.post("/v1/explain", content=png())
    assert (response.status_code, response.json()["type"]) == (422, "urn:unfreeze:problem:no-maps")


def test_what_is_not_there_is_a_problem_too(talking: TestClient) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("GET", "/v1/predict", 405), ("GET", "/docs", 404)):
        response = talking.request(method, path)
        assert (response.status_code, response.headers["content-type"]) == (status, MEDIA_TYPE)


def test_a_mistake_of_ours_is_one_line_and_says_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(ColourModel):
        def answers(self, pictures: object) -> list[object]:  # type: ignore[override]
            if self.batches:
                raise RuntimeError("secret")
            self.batches.append(1)
            return []

    with client(Broken()) as talking:
        response = talking.post("/v1/predict", content=png())
    assert (response.status_code, response.headers["content-type"]) == (500, MEDIA_TYPE)
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "secret" in caplog.text


def test_every_answer_is_json_that_any_reader_takes(talking: TestClient) -> None:
    json.loads(talking.post("/v1/predict", content=png("black")).text, parse_constant=pytest.fail)


def _pixels(uri: str) -> np.ndarray:
    assert uri.startswith("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))
