"""The bounded queue, and answers in time."""

import threading
import time

import pytest
from starlette.testclient import TestClient

from served import ColourModel, client, files, png
from unfreeze.serve.limits import ServeLimits


def waiting(talking: TestClient) -> float:
    """How many pictures wait or are in work."""
    lines = talking.get("/metrics").text.splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("unfreeze_queue_pictures ")))


def held_up(model: ColourModel) -> threading.Event:
    """From now on the model answers nothing before the event is set."""
    model.gate = threading.Event()
    return model.gate


def test_a_full_queue_says_when_to_come_again_and_empties() -> None:
    model = ColourModel()
    with client(model, limits=ServeLimits(pictures=2, queue_pictures=3)) as talking:
        gate, answers = held_up(model), []
        asking = threading.Thread(target=lambda: answers.append(talking.post("/v1/predict", files=files(png(), png()))))
        asking.start()
        while waiting(talking) < 2:
            time.sleep(0.001)
        response = talking.post("/v1/predict", files=files(png(), png()))
        assert (response.status_code, response.json()["type"]) == (503, "urn:unfreeze:problem:queue-full")
        assert int(response.headers["retry-after"]) >= 1
        gate.set()
        asking.join()
        assert answers[0].status_code == 200
        assert waiting(talking) == 0
        assert talking.post("/v1/predict", files=files(png(), png())).status_code == 200


def test_an_answer_that_takes_too_long_is_given_up_and_its_place_is_free_again() -> None:
    model = ColourModel()
    with client(model, limits=ServeLimits(answer_seconds=0.05)) as talking:
        gate = held_up(model)
        response = talking.post("/v1/predict", content=png())
        assert (response.status_code, response.json()["detail"]) == (
            504,
            "no answer within 0.05 seconds; send fewer or smaller pictures",
        )
        assert waiting(talking) == 0
        gate.set()


def test_bytes_that_are_held_are_bounded_over_all_requests_and_given_back() -> None:
    model = ColourModel()
    size = len(png())
    limits = ServeLimits(request_bytes=size + 100, held_bytes=size + 100)
    with client(model, limits=limits) as talking:
        gate = held_up(model)
        asking = threading.Thread(target=lambda: talking.post("/v1/predict", content=png()))
        asking.start()
        while waiting(talking) < 1:
            time.sleep(0.001)
        response = talking.post("/v1/predict", content=png())
        assert (response.status_code, response.json()["type"]) == (503, "urn:unfreeze:problem:too-much-at-once")
        gate.set()
        asking.join()
        assert talking.post("/v1/predict", content=png()).status_code == 200
        assert "unfreeze_held_bytes 0.0" in talking.get("/metrics").text


@pytest.mark.parametrize("length", ["1000", None])
def test_a_request_that_is_too_large_is_refused_by_what_it_announces_and_by_what_it_sends(length: str | None) -> None:
    with client(limits=ServeLimits(request_bytes=500)) as talking:
        content = bytes(1000) if length else iter([bytes(100)] * 10)
        response = talking.post("/v1/predict", content=content)
    assert (response.status_code, response.json()["type"]) == (413, "urn:unfreeze:problem:request-too-large")
