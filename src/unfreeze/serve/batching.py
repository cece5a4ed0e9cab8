"""Puts pictures of several requests into one call of the engine.

A picture goes to the engine at once while one of its workers is free, unless it is told to wait for others. While all
are busy, pictures gather, and the next free worker takes as many as a batch holds.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from unfreeze.errors import SettingsError
from unfreeze.serve.answers import Answer, Squares

RunBatch = Callable[[Sequence[Squares]], list[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """How pictures are put together.

    Attributes:
        size: Squares in one call of the engine at most; a picture with augmented views counts as many squares. 0 for
            what is cheapest on this machine, which each model is tried for when it is loaded.
        wait_ms: How long the first picture of a batch waits for others while an engine is free, in milliseconds.
        workers: Calls of the engine at a time.
    """

    size: int = 0
    wait_ms: float = 0.0
    workers: int = 1

    def __post_init__(self) -> None:
        if self.size < 0 or self.workers < 1 or self.wait_ms < 0:
            message = f"batches of {self.size} squares after {self.wait_ms} ms by {self.workers} workers cannot be made"
            raise SettingsError(message, subject="batch_size")


@dataclass(slots=True)
class _Waiting:
    squares: Squares
    answer: asyncio.Future[Answer]
    since: float


class Batcher:
    """Answers pictures in batches; belongs to the event loop in which it was started.

    Args:
        run: Answers a batch; called on a thread of the pool.
        pool: Where it is called.
        batching: How pictures are put together.
        on_batch: Told the number of pictures in a batch, and the seconds that the first one waited.
    """

    def __init__(
        self,
        run: RunBatch,
        pool: Executor,
        *,
        batching: Batching,
        on_batch: Callable[[int, float], None] = lambda *_: None,
    ) -> None:
        self._run = run
        self._pool = pool
        self._batching = batching
        self._on_batch = on_batch
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._free = asyncio.Semaphore(batching.workers)
        self._collecting: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def answer(self, squares: Squares) -> Answer:
        """What the model says of one picture.

        Args:
            squares: Its views, shape (V, 3, S, S).

        Returns:
            The answer; who cancels the call takes the picture out of the queue.
        """
        if self._collecting is None:
            self._collecting = asyncio.create_task(self._collect())
        waiting = _Waiting(squares, asyncio.get_running_loop().create_future(), time.monotonic())
        self._queue.append(waiting)
        self._arrived.set()
        return await waiting.answer

    async def close(self) -> None:
        """Ends when the batches in work are answered; nobody may be waiting any more."""
        if self._collecting:
            self._collecting.cancel()
        await asyncio.gather(*self._running)

    async def _collect(self) -> None:
        while True:
            await self._some()
            await self._free.acquire()
            await self._gather()
            if batch := self._take():
                task = asyncio.create_task(self._answer(batch))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            else:
                self._free.release()

    async def _some(self) -> None:
        """Waits until there is a picture."""
        while not self._queue:
            self._arrived.clear()
            await self._arrived.wait()

    async def _gather(self) -> None:
        """Waits for a full batch, as long as its first picture may wait."""
        last = self._queue[0].since + self._batching.wait_ms / 1000 if self._queue else 0.0
        while sum(len(waiting.squares) for waiting in self._queue) < self._batching.size:
            left = last - time.monotonic()
            if left <= 0:
                return
            self._arrived.clear()
            try:
                async with asyncio.timeout(left):
                    await self._arrived.wait()
            except TimeoutError:
                return

    def _take(self) -> list[_Waiting]:
        """The next batch: at least one picture, and no more squares than it may hold; those given up are left out."""
        batch: list[_Waiting] = []
        squares = 0
        while self._queue and (not batch or squares + len(self._queue[0].squares) <= self._batching.size):
            waiting = self._queue.popleft()
            if not waiting.answer.done():
                batch.append(waiting)
                squares += len(waiting.squares)
        return batch

    async def _answer(self, batch: list[_Waiting]) -> None:
        self._on_batch(len(batch), time.monotonic() - batch[0].since)
        try:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._pool, self._run, [waiting.squares for waiting in batch])
        except Exception as error:  # goes to each of those who wait, and from there to the log
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
        else:
            for waiting, answer in zip(batch, found, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)
        finally:
            self._free.release()
