"""From the bytes of pictures to answers: a bounded queue, decoding on threads, batches, and a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from unfreeze.errors import PictureError
from unfreeze.serve.answers import Answer, Seen, Squares
from unfreeze.serve.faults import picture_problem
from unfreeze.serve.limits import ServeLimits
from unfreeze.serve.multipart import Upload
from unfreeze.serve.problems import Problem, busy
from unfreeze.serve.registry import Served

Result = TypeVar("Result")

REMEMBERED = 0.9
"""How much the mean time of a picture keeps of what it was, with each new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one picture: an answer with the square that the network saw, or a problem.

    Attributes:
        name: What the client calls it.
        answer: What the model says.
        square: The plain view, shape (3, S, S).
        problem: Why there is no answer.
    """

    name: str
    answer: Answer | None = None
    square: Squares | None = None
    problem: Problem | None = None


class Service:
    """Answers pictures.

    Args:
        limits: How many pictures may wait, and for how long.
        decoders: Threads that decode, about one for each core.
        on_picture: Told the model's name and the outcome of each picture.

    Attributes:
        waiting: Pictures that wait or are in work.
    """

    def __init__(
        self, *, limits: ServeLimits, decoders: Executor, on_picture: Callable[[str, str], None] = lambda *_: None
    ) -> None:
        self.waiting = 0
        self._limits = limits
        self._decoders = decoders
        self._on_picture = on_picture
        self._mean_seconds = 0.02

    async def predict(self, served: Served, uploads: Sequence[Upload], *, views: int) -> list[Outcome]:
        """Answers the pictures of one request; one that cannot be read costs its own answer and no other.

        Args:
            served: The model.
            uploads: The pictures.
            views: Augmented views to average with the plain one.

        Returns:
            What came of each, in order.

        Raises:
            Problem: If the queue is full, or the time is over.
        """
        with self._places(len(uploads)):
            return await self._in_time(asyncio.gather(*(self._one(served, upload, views) for upload in uploads)))

    async def look(self, served: Served, upload: Upload, *, index: int | None) -> tuple[Squares, Seen | None]:
        """Where in a picture a model sees a class.

        Args:
            served: The model.
            upload: The picture.
            index: Index of the class; None for the most probable one.

        Returns:
            The square that the network saw, shape (3, S, S), and what it saw there; None where it cannot say.

        Raises:
            Problem: If the picture cannot be read, the queue is full, or the time is over.
        """
        with self._places(1):
            squares = await self._in_time(self._squares(served, upload, 0))
            loop = asyncio.get_running_loop()
            seen = loop.run_in_executor(self._decoders, lambda: served.model.look(squares[0], index=index))
            return squares[0], await self._in_time(seen)

    async def _one(self, served: Served, upload: Upload, views: int) -> Outcome:
        began = time.monotonic()
        try:
            squares = await self._squares(served, upload, views)
        except Problem as problem:
            self._on_picture(served.name, problem.kind)
            return Outcome(name=upload.name, problem=problem)
        answer = await served.batcher.answer(squares)
        self._on_picture(served.name, "refused" if answer.refused else "answered")
        self._mean_seconds *= REMEMBERED
        self._mean_seconds += (1 - REMEMBERED) * (time.monotonic() - began) / max(1, self.waiting)
        return Outcome(name=upload.name, answer=answer, square=squares[0])

    async def _squares(self, served: Served, upload: Upload, views: int) -> Squares:
        """The squares of a picture; decoding one whose client has gone cannot be stopped, but its time is bounded."""

        def draw() -> Squares:
            return served.model.squares(upload.data, name=upload.name, views=views, limits=self._limits.decoding)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._decoders, draw)
        except PictureError as error:
            raise picture_problem(error, upload.data, name=upload.name) from error

    @contextmanager
    def _places(self, count: int) -> Iterator[None]:
        """Places in the queue for the pictures of one request."""
        if self.waiting + count > self._limits.queue_pictures:
            message = f"{self.waiting} pictures wait already, and {self._limits.queue_pictures} may; come again"
            raise busy("queue-full", message, retry_seconds=round(self.waiting * self._mean_seconds))
        self.waiting += count
        try:
            yield
        finally:
            self.waiting -= count

    async def _in_time(self, work: Awaitable[Result]) -> Result:
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                return await work
        except TimeoutError:
            message = f"no answer within {self._limits.answer_seconds:g} seconds; send fewer or smaller pictures"
            raise Problem(504, "too-slow", message) from None
