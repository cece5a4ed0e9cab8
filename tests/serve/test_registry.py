"""Models by name, and how they are exchanged while requests go on."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from served import ColourModel, client, damaged, png
from unfreeze.errors import BundleError
from unfreeze.images.decode import decode
from unfreeze.serve.app import Access, Threads, create_app
from unfreeze.serve.batching import Batcher, Batching
from unfreeze.serve.problems import Problem
from unfreeze.serve.registry import BLANK, Registry

TWO = Threads(batching=Batching(size=8, workers=2))
KEY = {"X-API-Key": "key"}


def within(opened: Callable[[Path], ColourModel], work: Callable[[Registry], Awaitable[None]]) -> None:
    """Does something with a registry of two models in an event loop."""

    async def doing() -> None:
        with ThreadPoolExecutor(2) as pool:
            registry = Registry(
                {"a": Path("a"), "b": Path("b")},
                open_model=opened,
                make_batcher=lambda _, model, __: Batcher(model.answers, pool, batching=Batching(size=2)),
                pool=pool,
            )
            await work(registry)
            await registry.close()

    asyncio.run(doing())


def test_nothing_is_answered_before_all_models_are_there() -> None:
    async def work(registry: Registry) -> None:
        assert not registry.ready
        with pytest.raises(Problem) as caught:
            registry.find("a")
        assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "1"})
        await registry.load()
        assert registry.find(None) is registry.find("a") is not registry.find("b")

    within(lambda _: ColourModel(), work)


@pytest.mark.parametrize("error", [PermissionError("model"), BundleError("damaged", subject="a")])
def test_whatever_keeps_a_model_from_loading_is_told(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Exception] = []

    def opened(_: Path) -> ColourModel:
        raise error

    app = create_app({"a": Path("a")}, open_model=opened, on_failure=told.append)
    with TestClient(app) as talking:
        assert talking.get("/ready").status_code == 503
    assert told == [error]
    assert str(error) in caplog.text


def test_each_model_has_answered_once_before_it_is_asked() -> None:
    models: list[ColourModel] = []

    def opened(_: Path) -> ColourModel:
        models.append(ColourModel())
        return models[-1]

    async def work(registry: Registry) -> None:
        await registry.load()
        assert [model.batches for model in models] == [[1], [1]]

    within(opened, work)


def test_the_picture_that_warms_up_can_be_decoded() -> None:
    assert decode(BLANK, path="blank").size == (64, 64)


def test_a_model_in_use_stays_until_its_requests_are_answered() -> None:
    async def work(registry: Registry) -> None:
        await registry.load()
        old = registry.find("a")
        async with old.used():
            await registry.load()
            assert registry.find("a") is not old
            closing = asyncio.create_task(registry.close())
            await asyncio.sleep(0.01)
            assert not closing.done()
        await closing

    within(lambda _: ColourModel(), work)


def test_a_model_that_cannot_be_loaded_leaves_all_as_they_were() -> None:
    fine = [True]

    def opened(path: Path) -> ColourModel:
        return ColourModel() if fine[0] or path.name == "a" else damaged(path)

    async def work(registry: Registry) -> None:
        await registry.load()
        before = registry.find("a"), registry.find("b")
        fine[0] = False
        with pytest.raises(BundleError):
            await registry.load()
        assert (registry.find("a"), registry.find("b")) == before

    within(opened, work)


def test_reloading_answers_with_the_new_model_and_drops_no_request() -> None:
    gate = threading.Event()
    models = [ColourModel("1"), ColourModel("2")]
    opened = iter(models)
    with client(access=Access(key="key"), opened=lambda _: next(opened), threads=TWO) as talking:
        models[0].gate = gate
        answers: list[str] = []

        def ask() -> None:
            answers.append(talking.post("/v1/predict", content=png(), headers=KEY).json()["version"])

        asking = threading.Thread(target=ask)
        asking.start()
        while "unfreeze_queue_pictures 1.0" not in talking.get("/metrics", headers=KEY).text:
            pass
        assert talking.post("/v1/reload", headers=KEY).json() == {"status": "loaded"}
        ask()
        gate.set()
        asking.join()
    assert answers == ["2", "1"]


def test_a_failed_reload_says_why_and_the_server_goes_on() -> None:
    opened = iter([lambda _: ColourModel(), damaged])
    with client(access=Access(key="key"), opened=lambda path: next(opened)(path)) as talking:
        response = talking.post("/v1/reload", headers=KEY)
        assert response.status_code == 409
        assert "damaged; copy the bundle again; the models that were loaded before go on" in response.json()["detail"]
        assert talking.post("/v1/predict", content=png(), headers=KEY).status_code == 200
