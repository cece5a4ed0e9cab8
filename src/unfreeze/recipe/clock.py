"""How long a run and its steps take, over all processes that work on it."""

import time


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
