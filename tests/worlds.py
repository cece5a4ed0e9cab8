"""Several processes' worlds as threads of one process: what is said between them is said in memory."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import Any, TypeVar

from torch import Tensor

from unfreeze.errors import LostProcessError
from unfreeze.world import World

Result = TypeVar("Result")

WAIT_SECONDS = 30


class ThreadWorld:
    """One of several threads that meet at each question."""

    def __init__(self, rank: int, size: int, barrier: Barrier, said: list[Any]) -> None:
        self.rank, self.size, self.on_machine = rank, size, size
        self._barrier, self._said = barrier, said

    def broadcast(self, value: Any, *, source: int = 0) -> Any:
        return self.gather(value)[source]

    def gather(self, value: Any) -> list[Any]:
        self._said[self.rank] = value
        self._meet()
        found = list(self._said)
        self._meet()  # nobody says the next thing before all have heard this one
        return found

    def add_up(self, values: Tensor) -> Tensor:
        total: Tensor
        total, *others = self.gather(values)
        for other in others:
            total = total + other
        return total

    def die(self) -> None:
        self._barrier.abort()

    def _meet(self) -> None:
        try:
            self._barrier.wait(WAIT_SECONDS)
        except BrokenBarrierError:
            raise LostProcessError("a thread is gone", subject="processes") from None


def in_worlds(size: int, work: Callable[[World], Result]) -> list[Result | Exception]:
    """What each of several processes makes of it, or the error that it ends with."""
    barrier, said = Barrier(size), [None] * size

    def run(rank: int) -> Result | Exception:
        world = ThreadWorld(rank, size, barrier, said)
        try:
            return work(world)
        except Exception as error:
            world.die()
            return error

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(run, range(size)))


def all_done(found: list[Result | Exception]) -> list[Result]:
    """The results, where none is an error."""
    for result in found:
        if isinstance(result, Exception):
            raise result
    return [result for result in found if not isinstance(result, Exception)]
