"""Rounds that were never run, with figures that are easy to reckon with."""

from typing import Any

import pytest

from benchmarks.records import Record


def made(run: str, number: int, seconds: float, **more: Any) -> Record:
    return Record(run=run, round=number, seconds=seconds, peak_mib=1000.0, **more)


@pytest.fixture
def about() -> dict[str, Any]:
    return {
        "date": "2026-01-02",
        "commit": "abc1234",
        "processor": "a processor",
        "cores": 2,
        "memory": "8 GB",
        "system": "a system",
        "ours": {"torch": "2.0"},
        "theirs": {"fastai": "2.1"},
        "pictures": "pets, 10 training + 5 validation",
        "memory_counts": [1000, 50000],
    }


@pytest.fixture
def records() -> list[Record]:
    """Three rounds of steps 1-3 against fastai: 20, 30 and 10 times as fast; the eight steps once."""
    ours = [made("ours-1-3-cold", number, 10.0, accuracy=0.99, valid_loss=0.05) for number in range(3)]
    theirs = [
        made("fastai-fine-tune", number, seconds, accuracy=0.95) for number, seconds in enumerate((200.0, 300.0, 100.0))
    ]
    step8 = {"step8_epochs": 3, "train_images": 100}
    body = [
        made("ours-8-cold", 0, 100.0, phases={"step 8": 30.0}, more=step8),
        made("ours-late-warm", 0, 50.0, phases={"step 8": 6.0}, more=step8),
    ]
    return [*ours, *theirs, *body]
