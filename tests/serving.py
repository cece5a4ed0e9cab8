"""Servers on real sockets: in this process with a model of colours, and as a process of their own with a bundle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np
from fastapi import APIRouter
from safetensors.numpy import save_file

from benchmarks.tiny import body_graph
from made import COLOURS
from served import CLASSES, ColourModel
from unfreeze.deploy.bundle import GRAPH_FILE, WEIGHTS_FILE, write_bundle_settings
from unfreeze.deploy.graph import add_head
from unfreeze.evaluation.certainty import Certainty, fit_certainty
from unfreeze.evaluation.novelty import fit_novelty
from unfreeze.serve.app import Access, create_app
from unfreeze.serve.limits import ServeLimits
from unfreeze.serve.run import Stoppable, open_socket
from unfreeze.transforms.transform import Transform

SIZE_PX = 32
STOP_SECONDS = 20


def write_bundle(folder: Path, *, scale: float = 0.05, certain: bool = False) -> Path:
    """A bundle of a graph that averages the channels, and a head that names the strongest one.

    A certain one has a temperature, sets, and refuses what is not of one colour."""
    folder.mkdir(parents=True, exist_ok=True)
    body = body_graph(folder / "body.onnx", size_px=SIZE_PX)
    weight, bias = scale * np.eye(3, dtype=np.float32), np.zeros(3, np.float32)
    certainty = certainty_of(weight) if certain else None
    temperature = certainty.temperature if certainty else 1.0
    add_head(body, folder / GRAPH_FILE, weight=weight, bias=bias, temperature=temperature)
    save_file({"head.weight": weight, "head.bias": bias}, folder / WEIGHTS_FILE)
    write_bundle_settings(
        folder, classes=CLASSES, backbone="means", transform=Transform(size_px=SIZE_PX), certainty=certainty
    )
    body.unlink()
    return folder


def certainty_of(weight: np.ndarray) -> Certainty:
    """What is known of the head on 300 mean colours of noisy pictures, some of them under a wrong name."""
    random = np.random.default_rng(0)
    targets = random.integers(0, 3, 300)
    features = (np.array([COLOURS[name] for name in CLASSES])[targets] + random.normal(0, 15, (300, 3))).astype(
        np.float32
    )
    targets[:20] = (targets[:20] + 1) % 3
    novelty = fit_novelty(features[:150], features[150:], labels=targets[:150])
    return fit_certainty(features @ weight.T, targets, novelty=novelty)


@contextmanager
def serving(
    model: ColourModel | None = None,
    *,
    limits: ServeLimits | None = None,
    access: Access | None = None,
    names: Sequence[str] = ("colours",),
    more: Sequence[APIRouter] = (),
) -> Iterator[str]:
    """The address of a server on a thread of this process."""
    limits, found = limits or ServeLimits(), model or ColourModel()
    ready = threading.Event()
    sources = {name: Path(name) for name in names}
    app = create_app(sources, limits=limits, access=access, open_model=lambda _: found, more=more)
    server = Stoppable(app, limits=limits, stop_seconds=STOP_SECONDS, on_start=ready.set)
    with open_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        try:
            assert ready.wait(STOP_SECONDS)
            url = f"http://127.0.0.1:{port}"
            until(lambda: httpx2.get(f"{url}/ready").status_code == 200)
            yield url
        finally:
            server.stop()
            thread.join()


class Process:
    """`unfreeze serve` as a process of its own."""

    def __init__(self, *words: object, **environment: str) -> None:
        command = [sys.executable, "-m", "unfreeze", "serve", "--port", "0", *map(str, words)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        assert self.process.stdout
        self.first_line = self.process.stdout.readline()
        self.url = self.first_line.rpartition(" at ")[2].strip()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> tuple[int, str, str]:
        """Exit code, the rest of standard output, and standard error."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
        out, err = self.process.communicate(timeout=STOP_SECONDS)
        return self.process.returncode, out, err


@contextmanager
def process(*words: object, **environment: str) -> Iterator[Process]:
    """A server's process, which is ended whatever happens."""
    found = Process(*words, **environment)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.process.kill()
        found.process.communicate()


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits until a question is answered with yes."""
    last = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < last
        time.sleep(0.01)
