"""Pictures of several requests in one call: how many, after how long, and what becomes of errors."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from served import ColourModel
from unfreeze.errors import SettingsError
from unfreeze.serve.answers import Answer, Squares
from unfreeze.serve.batching import Batcher, Batching

LIGHT = np.full((1, 3, 8, 8), 200, np.uint8)


def coloured(index: int, views: int = 1) -> Squares:
    square = np.zeros((views, 3, 8, 8), np.uint8)
    square[:, index] = 250
    return square


def run(
    batching: Batching, work: Callable[[Batcher], Awaitable[object]], model: ColourModel | None = None
) -> list[int]:
    """The sizes of the batches that some work brought."""
    found = model or ColourModel()

    async def within() -> None:
        with ThreadPoolExecutor(batching.workers) as pool:
            batcher = Batcher(found.answers, pool, batching=batching)
            await work(batcher)
            await batcher.close()

    asyncio.run(within())
    return found.batches


def test_each_picture_gets_its_own_answer() -> None:
    async def work(batcher: Batcher) -> None:
        answers = await asyncio.gather(*(batcher.answer(coloured(number % 3)) for number in range(30)))
        assert [answer.names[0] for answer in answers] == ["red", "green", "blue"] * 10

    assert sum(run(Batching(size=8, workers=2), work)) == 30


def test_pictures_gather_while_the_engine_is_busy() -> None:
    model = ColourModel(gate=threading.Event())

    async def work(batcher: Batcher) -> None:
        first = asyncio.create_task(batcher.answer(LIGHT))
        await asyncio.sleep(0.02)  # the engine has it
        others = [asyncio.create_task(batcher.answer(LIGHT)) for _ in range(10)]
        await asyncio.sleep(0.02)
        assert model.gate
        model.gate.set()
        await asyncio.gather(first, *others)

    assert run(Batching(size=4), work, model) == [1, 4, 4, 2]


def test_a_batch_of_one_is_none() -> None:
    async def work(batcher: Batcher) -> None:
        await asyncio.gather(*(batcher.answer(LIGHT) for _ in range(5)))

    assert run(Batching(size=1), work) == [1] * 5


def test_the_first_picture_waits_for_others_as_long_as_is_said() -> None:
    async def work(batcher: Batcher) -> None:
        async def later() -> Answer:
            await asyncio.sleep(0.05)
            return await batcher.answer(LIGHT)

        await asyncio.gather(batcher.answer(LIGHT), later())

    assert run(Batching(size=4, wait_ms=2000), lambda batcher: asyncio.wait_for(_full(batcher), 1)) == [4]
    assert run(Batching(size=4, wait_ms=500), work) == [2]
    assert run(Batching(size=4, wait_ms=1), work) == [1, 1]


async def _full(batcher: Batcher) -> None:
    await asyncio.gather(*(batcher.answer(LIGHT) for _ in range(4)))


def test_views_count_and_a_picture_with_many_is_a_batch_of_its_own() -> None:
    async def work(batcher: Batcher) -> None:
        await asyncio.gather(*(batcher.answer(coloured(0, views=5)) for _ in range(3)))

    assert run(Batching(size=10, wait_ms=50), work) == [2, 1]
    assert run(Batching(size=4, wait_ms=50), work) == [1, 1, 1]


def test_a_picture_given_up_is_not_computed() -> None:
    model = ColourModel(gate=threading.Event())

    async def work(batcher: Batcher) -> None:
        tasks = [asyncio.create_task(batcher.answer(LIGHT)) for _ in range(3)]
        await asyncio.sleep(0.02)
        tasks[1].cancel()
        await asyncio.sleep(0)
        assert model.gate
        model.gate.set()
        await asyncio.gather(tasks[0], tasks[2])

    assert run(Batching(size=1), work, model) == [1, 1]


def test_an_error_reaches_all_who_wait_and_the_next_batch_is_answered() -> None:
    fails = [True]

    def answers(pictures: Sequence[Squares]) -> list[Answer]:
        if fails.pop() if fails else False:
            raise RuntimeError("out of order")
        return ColourModel().answers(pictures)

    async def within() -> None:
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(answers, pool, batching=Batching(size=2, wait_ms=100))
            found = await asyncio.gather(batcher.answer(LIGHT), batcher.answer(LIGHT), return_exceptions=True)
            assert [str(error) for error in found] == ["out of order"] * 2
            assert (await batcher.answer(LIGHT)).probabilities
            await batcher.close()

    asyncio.run(within())


@pytest.mark.parametrize("wrong", [{"size": -1}, {"wait_ms": -1}, {"workers": 0}])
def test_batches_that_cannot_be_made_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match="cannot be made"):
        Batching(**wrong)
