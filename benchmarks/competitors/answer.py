"""What every competitor is asked and answers."""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Phases:
    """Seconds by phase, in the order in which phases begin."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Times what runs inside; a phase that is entered twice adds up."""
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

    def answer(self, *, accuracy: float, valid_loss: float | None, **more: object) -> None:
        """Prints the line that the benchmark reads: the last one of standard output."""
        print(json.dumps({"phases": self.seconds, "accuracy": accuracy, "valid_loss": valid_loss, **more}))


def question(about: str | None) -> argparse.ArgumentParser:
    """The options that every competitor has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=Path, help="train/CLASS/* beside valid/CLASS/*")
    parser.add_argument("--size", type=int, default=224, help="side of the squares in pixels")
    parser.add_argument("--squash", action="store_true", help="squash pictures instead of cropping them")
    parser.add_argument("--upright", action="store_true", help="never mirror pictures")
    return parser
