"""The server as a process: what it loads, how it stops, and how it reads its models again."""

import os
import signal
import threading
import time
from pathlib import Path

import httpx2
import pytest

from served import files, png
from serving import process, until, write_bundle

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("served") / "run" / "model")


def test_answers_like_the_bundle_and_loads_no_torch(bundle: Path) -> None:
    with process(bundle, PYTHONPROFILEIMPORTTIME="1") as server:
        assert server.first_line.startswith("Serving run at http://127.0.0.1:")
        until(lambda: httpx2.get(f"{server.url}/ready").status_code == 200)
        sent = files(png("red"), png("green"), png("blue"))
        answer = httpx2.post(f"{server.url}/v1/predict", files=sent, params={"tta": True}).json()
        seen = httpx2.post(f"{server.url}/v1/explain", content=png("green")).json()
        code, out, err = server.stop()
    assert [picture["names"] for picture in answer["pictures"]] == [["red"], ["green"], ["blue"]]
    assert seen["class"] == "green"
    assert (code, out) == (0, "Stopped; everything that was accepted is answered.\n")
    loaded = {line.rsplit("|", 1)[1].strip() for line in err.splitlines() if line.startswith("import time:")}
    assert {"fastapi", "uvicorn", "onnxruntime"} <= loaded
    assert not {"torch", "torchvision", "timm", "sklearn", "scipy", "matplotlib"} & loaded


def test_no_accepted_request_is_lost_when_the_server_is_told_to_stop(bundle: Path) -> None:
    outcomes: list[tuple[float, object]] = []
    stopped = threading.Event()

    def ask(url: str) -> None:
        with httpx2.Client() as client:
            while not stopped.is_set():
                began = time.monotonic()
                try:
                    found: object = client.post(f"{url}/v1/predict", files=files(png(), png("blue"))).status_code
                except httpx2.TransportError as error:
                    found = error
                    stopped.wait(0.01)
                outcomes.append((began, found))

    with process(bundle) as server:
        until(lambda: httpx2.get(f"{server.url}/ready").status_code == 200)
        threads = [threading.Thread(target=ask, args=(server.url,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        until(lambda: len(outcomes) > 50)
        told = time.monotonic()
        server.send(signal.SIGTERM)
        code, _, err = server.stop()
        stopped.set()
        for thread in threads:
            thread.join()
    assert (code, err) == (0, "")
    before = [found for began, found in outcomes if began < told]
    after = [found for began, found in outcomes if began >= told]
    assert len(before) > 50
    assert set(before) == {200}
    assert {found for found in after if isinstance(found, int)} <= {200}
    assert any(isinstance(found, httpx2.ConnectError) for found in after)  # nobody is accepted any more


def test_a_hangup_reads_the_models_again(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "model")
    with process(f"mine={folder}") as server:
        until(lambda: httpx2.get(f"{server.url}/ready").status_code == 200)
        before = httpx2.get(f"{server.url}/v1/model").json()["version"]
        write_bundle(folder, scale=0.1)
        server.send(signal.SIGHUP)
        until(lambda: httpx2.get(f"{server.url}/v1/model").json()["version"] != before)
        (folder / "model.onnx").write_bytes(b"damaged")
        server.send(signal.SIGHUP)
        time.sleep(0.3)
        assert httpx2.post(f"{server.url}/v1/predict", content=png()).status_code == 200
        code, _, err = server.stop()
    assert code == 0
    assert "model.onnx: damaged (7 bytes of SHA-256" in err


def test_a_model_that_cannot_be_opened_ends_the_server_with_its_reason(tmp_path: Path) -> None:
    with process(tmp_path) as server:
        server.process.wait(20)
        code, _, err = server.stop()
    assert code == 1
    assert f"error: {tmp_path}: no model here" in err
    assert "Traceback" not in err


def test_numpy_keeps_to_the_thread_that_calls_it(bundle: Path) -> None:
    def threads(**environment: str) -> int:
        with process(bundle, **environment) as server:
            until(lambda: httpx2.get(f"{server.url}/ready").status_code == 200)
            return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))

    alone = threads(OPENBLAS_NUM_THREADS="1")
    assert threads() == alone
    if (cores := len(os.sched_getaffinity(0))) > 1:
        assert threads(OPENBLAS_NUM_THREADS=str(cores)) > alone  # as a user asks for
