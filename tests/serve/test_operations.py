"""Whether the server lives, is ready, and what it counts."""

import threading
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from served import ColourModel, client, damaged, files, png
from unfreeze.serve.app import create_app


def test_a_server_lives_before_it_is_ready() -> None:
    gate = threading.Event()

    def opened(_: Path) -> ColourModel:
        assert gate.wait(30)
        return ColourModel()

    with TestClient(create_app({"a": Path("a")}, open_model=opened)) as talking:
        assert talking.get("/health").json() == {"status": "alive"}
        for path in ("/ready", "/v1/models"):
            response = talking.get(path)
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        gate.set()
        while talking.get("/ready").status_code == 503:
            pass
        assert talking.get("/ready").json() == {"status": "ready"}


def test_who_starts_the_server_is_told_why_a_model_cannot_be_loaded() -> None:
    told: list[Exception] = []
    with TestClient(create_app({"a": Path("a")}, open_model=damaged, on_failure=told.append)) as talking:
        while not told:
            talking.get("/health")
    assert str(told[0]) == "a: damaged; copy the bundle again"


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Figures by name and values of labels, as Prometheus's own parser reads them."""
    families = text_string_to_metric_families(text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_requests_pictures_and_batches_are_counted() -> None:
    with client() as talking:
        talking.post("/v1/predict", files=files(png(), png("black"), b"words"))
        talking.post("/v1/predict", content=b"")
        talking.get("/x/y/z")
        response = talking.get("/metrics")
    found = figures(response.text)
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert found["unfreeze_requests_total", "/v1/predict", "200"] == 1
    assert found["unfreeze_requests_total", "/v1/predict", "400"] == 1
    assert found["unfreeze_requests_total", "other", "404"] == 1  # no path of a client's own becomes a label
    assert found["unfreeze_pictures_total", "colours", "answered"] == 1
    assert found["unfreeze_pictures_total", "colours", "refused"] == 1
    assert found["unfreeze_pictures_total", "colours", "not-a-picture"] == 1
    assert found["unfreeze_batch_pictures_sum", "colours"] == 2
    assert found["unfreeze_queue_pictures",] == 0
    assert found["process_resident_memory_bytes",] > 0
