"""A server as a process of its own, on loopback only, and what it holds in memory."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import KIB_PER_MIB

READY_SECONDS = 60.0
STOP_SECONDS = 120.0
FORGET_PEAK = "5"
"""What makes Linux count a process's peak from now on, written to its clear_refs (proc_pid_clear_refs(5))."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server.

    Attributes:
        process: The process.
        host: Where it listens.
        port: Where it listens.
    """

    process: "subprocess.Popen[str]"
    host: str
    port: int

    def resident_mib(self) -> float:
        """What it holds in memory now."""
        return self._status("VmRSS")

    def peak_mib(self) -> float:
        """The most that it held in memory since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        """Counts the peak from now on."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text(FORGET_PEAK)

    def processor_seconds(self) -> float:
        """How long it has kept a processor busy, in its own code and in the system's."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def _status(self, name: str) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(name))) / KIB_PER_MIB


@contextmanager
def running(run: Path, *flags: str) -> Iterator[Server]:
    """A server of a model on this machine, ready, and ended by SIGTERM afterwards.

    Args:
        run: The run folder or bundle.
        *flags: More words of the command line.

    Yields:
        The server.

    Raises:
        RuntimeError: If it does not become ready, or does not end well.
    """
    command = [sys.executable, "-m", "unfreeze", "serve", f"model={run}", "--port", "0", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own words
    assert process.stdout
    try:
        address = process.stdout.readline().rpartition("http://")[2].strip()
        host, _, port = address.partition(":")
        assert host == "127.0.0.1", "load goes to this machine only"
        _wait_until_ready(f"http://{address}/ready")
        yield Server(process=process, host=host, port=int(port))
        process.terminate()
        if code := process.wait(STOP_SECONDS):
            raise RuntimeError(f"the server ended with {code}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


def _wait_until_ready(url: str) -> None:
    last = time.monotonic() + READY_SECONDS
    while time.monotonic() < last:
        try:
            with urllib.request.urlopen(url):  # noqa: S310  # an address of our own
                return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise RuntimeError(f"{url}: not ready after {READY_SECONDS:g} seconds")
