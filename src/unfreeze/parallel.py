"""Does something to many items on several threads, in order, and never holds more than a few of them."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Items in work or done and waiting, for each thread."""


def in_parallel(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int, ahead: int | None = None
) -> Generator[Result, None, None]:
    """Applies a function on several threads; nothing is left running when the iterator is closed.

    Args:
        function: What is done with an item; an error it raises comes out in the item's place.
        items: Taken one by one, as the results are used.
        threads: How many items are in work at a time.
        ahead: How many items beyond the one whose result is asked for may be in work or waiting to be used; four for
            each thread unless said otherwise.

    Yields:
        The results in the order of the items.

    >>> list(in_parallel(abs, [-3, 2, -1], threads=2))
    [3, 2, 1]
    """
    limit = AHEAD * threads if ahead is None else ahead
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > limit:
                    yield _first(waiting)
            while waiting:
                yield _first(waiting)
        finally:  # a second Ctrl-C while a thread is waited for makes Python forget it, so its work is waited for first
            pool.shutdown(wait=False, cancel_futures=True)
            wait([future for future in waiting if not future.cancelled()])


def _first(waiting: deque[Future[Result]]) -> Result:
    """Takes the first result out; it stays where it is while it is waited for."""
    result = waiting[0].result()
    waiting.popleft()
    return result
