"""How long a run and its steps take, over all processes that work on it."""

import os
import time
from pathlib import Path


class Clock:
    """Counts seconds of a run and of the step in work.

    Args:
        total: Seconds of earlier processes in all.
        step: Those of them that belong to the step in work.
    """

    def __init__(self, *, total: float = 0.0, step: float = 0.0) -> None:
        now = time.perf_counter()
        self._began, self._step_began = now - total, now - step

    @property
    def total(self) -> float:
        """Seconds of the run."""
        return time.perf_counter() - self._began

    @property
    def step(self) -> float:
        """Seconds of the step in work."""
        return time.perf_counter() - self._step_began

    def next_step(self) -> None:
        """Another step begins."""
        self._step_began = time.perf_counter()

    def to_dict(self) -> dict[str, float]:
        """What to go on counting from, as plain values."""
        return {"total": self.total, "step": self.step}


def process_seconds() -> float:
    """How long this process has been there, the loading of Python and its modules included.

    Returns:
        Seconds; where the system does not say when a process began, the processor time that it has used, which is less
        by what it waited.
    """
    used = time.process_time()
    try:
        words = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        began = int(words[19]) / os.sysconf("SC_CLK_TCK")  # the 22nd value, and the name is the second
        found = time.clock_gettime(time.CLOCK_BOOTTIME) - began
    except (OSError, ValueError, IndexError, AttributeError):
        return used
    return max(used, found)
