"""Keeps what Pillow says beside its answers from the user's console."""

import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

OURS = ("ignore", None, Warning, re.compile(r"(PIL|pillow_heif)\b"), 0)
"""A filter for warnings that Pillow and its plugins raise themselves, as `warnings.filters` holds them."""

logging.getLogger("PIL").addHandler(logging.NullHandler())  # without any, Python prints what is logged as errors

_lock = threading.Lock()
_inside = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Silences Pillow's warnings about odd files while any thread is inside; every other filter stays as it is.

    `warnings.catch_warnings` would put back an old list under the feet of other threads, and each change by
    `warnings.filterwarnings` makes Python forget which warnings were shown already: user code that warns once would
    warn again after every picture.
    """
    global _inside
    with _lock:
        _inside += 1
        if OURS not in _filters():
            _filters().insert(0, OURS)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and OURS in _filters():
                _filters().remove(OURS)


def _filters() -> list[Any]:
    return cast(list[Any], warnings.filters)
