"""A server as a process of its own, and what is read of it; sent to it what benchmarks send."""

from pathlib import Path

import pytest

from benchmarks.hostile import answered_well
from benchmarks.serve import loaded
from benchmarks.served import running
from served import png
from serving import write_bundle


def test_a_server_is_ready_is_measured_and_is_ended(tmp_path: Path) -> None:
    with running(write_bundle(tmp_path / "model"), "--threads", "1") as server:
        assert server.host == "127.0.0.1"
        server.forget_peak()
        assert 10 < server.resident_mib() <= server.peak_mib() + 1
        before = server.processor_seconds()
        load, seconds = loaded(server, [png("red"), png("blue")], clients=3, requests=20, most=60)
        assert (len(load.seconds), load.errors, len(load.memory_mib)) == (20, [], 2)
        assert seconds > 0
        assert server.processor_seconds() - before >= load.processor_seconds > 0
        load, _ = loaded(server, [b"words"], clients=2, requests=4, most=60)
        assert load.seconds == []
        assert [error[:4] for error in load.errors] == ["415:"] * 4
        answered_well(server)
    assert server.process.returncode == 0


def test_a_server_whose_answers_are_bad_is_noticed(tmp_path: Path) -> None:
    noticed = pytest.raises(RuntimeError, match="a good picture is answered with 401: send the server's key")
    with running(write_bundle(tmp_path / "model"), "--key", "secret") as server, noticed:
        answered_well(server)
