"""Figures of a load are ratios to the bare engine."""

import math

import pytest

from benchmarks.serve import WAYS, Bare, Load, figures, measure_bare
from served import png
from serving import write_bundle

BARE = Bare(seconds=0.01, processor=0.02, rate=50.0)


def load_of(seconds: list[float], errors: list[str]) -> Load:
    return Load(100, 0.0, seconds=seconds, errors=errors, memory_mib=[200.0, 212.5], processor_seconds=4.0)


def test_figures_can_be_checked_on_paper() -> None:
    seconds = [0.02] * 60 + [0.04] * 38 + [0.5, 1.0]
    found = figures(load_of(seconds, ["503: full"] * 2), 4.0, BARE, way="idle", clients=8)
    assert (found.requests, found.errors) == (102, 2)
    assert found.throughput == 0.5  # 25 a second of 50
    assert (found.median, found.slowest) == (2.0, 100.0)  # 0.02 and, of 100 sorted ones, the hundredth
    assert found.processor == 2.0  # 0.04 s a picture of 0.02
    assert (found.growth_mib, found.memory_mib) == (12.5, 212.5)


def test_where_nothing_was_answered_there_are_no_latencies() -> None:
    found = figures(load_of([], ["gone"]), 1.0, BARE, way="single", clients=1)
    assert (found.requests, found.errors, found.throughput) == (1, 1, 0.0)
    assert math.isnan(found.median)


def test_ways_are_flags_of_the_server() -> None:
    assert all(words[0] == "--batch-size" and int(words[1]) >= 0 for words in WAYS.values())


def test_the_bare_engine_is_timed_on_every_picture(tmp_path_factory: pytest.TempPathFactory) -> None:
    bare = measure_bare(write_bundle(tmp_path_factory.mktemp("bare") / "model"), [png("red"), png("blue")])
    assert min(bare.seconds, bare.rate) > 0
    assert bare.processor >= 0
