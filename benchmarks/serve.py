"""Asks a server from many clients at once: errors, latencies, growth in memory, as ratios to the bare engine.

    python -m benchmarks.serve RUN PICTURES [--requests 10000] [--clients 32] [--most-seconds 900] [--ways single,idle]

Server and clients are on this machine and share its cores; nothing is asked of any other. Requests are counted, and
their time is bounded. Each holds one picture; the clients keep their connections. The bare engine is the predictor in a
process without a server, on as many threads. One picture's bare time is measured on one thread.
"""

import argparse
import http.client
import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

from benchmarks.served import Server, running
from unfreeze.deploy.inputs import picture_paths
from unfreeze.deploy.predictor import Predictor

WAYS = {
    "single": ("--batch-size", "1"),
    "idle": ("--batch-size", "8", "--batch-wait-ms", "0"),
    "wait": ("--batch-size", "8", "--batch-wait-ms", "10"),
    "tried": ("--batch-size", "0"),
}
"""How pictures are put together: not at all; while all engines are busy; waiting for others too; and by default."""

PICTURES = 200
WARM_SHARE = 0.1
"""Part of the requests after which memory is read for the first time."""


@dataclass
class Load:
    """What clients found.

    Attributes:
        requests: How many are to be sent.
        last: When to stop at the latest, by `time.monotonic`.
        seconds: How long each answer took.
        errors: What went wrong.
        memory_mib: What the server held after a tenth of the requests, and at the end.
        processor_seconds: Processor time of the server meanwhile.
    """

    requests: int
    last: float
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    processor_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LoadFigures:
    """What is said of a load.

    Attributes:
        way: How pictures were put together.
        clients: How many asked at a time.
        requests: How many requests were answered or failed.
        errors: How many failed.
        throughput: Pictures a second, as a part of what the bare engine does on as many threads.
        median: Latency in bare times of one picture.
        slowest: The 99th percentile of the latency, likewise.
        processor: Processor time of the server's process a picture, in bare ones: what HTTP and batches cost.
        growth_mib: What the server held at the end beyond what it held after a tenth of the requests.
        memory_mib: What it held at the end.
    """

    way: str
    clients: int
    requests: int
    errors: int
    throughput: float
    median: float
    slowest: float
    processor: float
    growth_mib: float
    memory_mib: float


@dataclass(frozen=True, kw_only=True)
class Bare:
    """The engine without a server.

    Attributes:
        seconds: A picture's time on one thread.
        processor: Its processor time.
        rate: Pictures a second on all threads.
    """

    seconds: float
    processor: float
    rate: float


def main() -> None:
    """Measures each way with one client and with many, and prints a line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--most-seconds", type=float, default=900.0, help="for each way and number of clients")
    parser.add_argument("--ways", default=",".join(WAYS))
    options = parser.parse_args()
    bodies = [path.read_bytes() for path in picture_paths([options.pictures])[:PICTURES]]
    for way in options.ways.split(","):
        for clients, requests in ((1, min(200, options.requests)), (options.clients, options.requests)):
            bare = measure_bare(options.run, bodies)
            with running(options.run, *WAYS[way]) as server:
                load, seconds = loaded(server, bodies, clients=clients, requests=requests, most=options.most_seconds)
            print(json.dumps(asdict(figures(load, seconds, bare, way=way, clients=clients))), flush=True)
            for error in sorted(set(load.errors))[:5]:
                print(f"  {error}")


def measure_bare(run: Path, bodies: Sequence[bytes]) -> Bare:
    """Times the predictor on one thread, and on as many as there are cores.

    Args:
        run: The run folder or bundle.
        bodies: Files of pictures.

    Returns:
        Its times.
    """
    predictor = Predictor(run)
    times, processor = [], []
    for body in (bodies[0], *bodies):
        began, used = time.perf_counter(), time.thread_time()
        predictor.probabilities(body)
        times.append(time.perf_counter() - began)
        processor.append(time.thread_time() - used)
    began, waiting = time.perf_counter(), iter(bodies)
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                body = next(waiting, None)
            if body is None:
                return
            predictor.probabilities(body)

    _together(work, os.cpu_count() or 1)
    return Bare(
        seconds=statistics.median(times[1:]),
        processor=statistics.mean(processor[1:]),
        rate=len(bodies) / (time.perf_counter() - began),
    )


def loaded(server: Server, bodies: Sequence[bytes], *, clients: int, requests: int, most: float) -> tuple[Load, float]:
    """Asks a server from several threads, each with a connection of its own.

    Args:
        server: The server.
        bodies: Files of pictures.
        clients: How many ask at a time.
        requests: How many requests there are in all.
        most: After how many seconds no more are sent.

    Returns:
        What was found, and the seconds that it took.
    """
    load = Load(requests, time.monotonic() + most)
    numbers = count()
    began, used = time.perf_counter(), server.processor_seconds()
    _together(lambda: _ask(server, bodies, load, numbers), clients)
    load.memory_mib.append(server.resident_mib())
    load.processor_seconds = server.processor_seconds() - used
    return load, time.perf_counter() - began


def figures(load: Load, seconds: float, bare: Bare, *, way: str, clients: int) -> LoadFigures:
    """What is said of a load.

    Args:
        load: What clients found.
        seconds: How long it took.
        bare: The engine without a server.
        way: How pictures were put together.
        clients: How many asked at a time.

    Returns:
        Ratios and memory.
    """
    ordered = sorted(load.seconds) or [float("nan")]
    return LoadFigures(
        way=way,
        clients=clients,
        requests=len(load.seconds) + len(load.errors),
        errors=len(load.errors),
        throughput=round(len(load.seconds) / seconds / bare.rate, 3),
        median=round(statistics.median(ordered) / bare.seconds, 2),
        slowest=round(ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))] / bare.seconds, 2),
        processor=round(load.processor_seconds / max(1, len(load.seconds)) / bare.processor, 3),
        growth_mib=round(load.memory_mib[-1] - load.memory_mib[0], 1),
        memory_mib=round(load.memory_mib[-1], 1),
    )


def _ask(server: Server, bodies: Sequence[bytes], load: Load, numbers: "count[int]") -> None:
    """One client: asks until all requests are sent or the time is over."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=120)
    while (number := next(numbers)) < load.requests and time.monotonic() < load.last:
        if number == int(WARM_SHARE * load.requests):
            load.memory_mib.append(server.resident_mib())
        began = time.perf_counter()
        try:
            connection.request("POST", "/v1/predict", body=bodies[number % len(bodies)])
            response = connection.getresponse()
            found = json.loads(response.read())
            if response.status != 200 or not found["pictures"][0]["classes"]:
                load.errors.append(f"{response.status}: {found.get('detail')}")
                continue
        except (OSError, http.client.HTTPException, ValueError) as error:
            load.errors.append(repr(error))
            connection.close()
            continue
        load.seconds.append(time.perf_counter() - began)
    connection.close()


def _together(work: Callable[[], None], threads: int) -> None:
    running_threads = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running_threads:
        thread.start()
    for thread in running_threads:
        thread.join()


if __name__ == "__main__":
    main()
