"""Training that is stopped."""

from unfreeze.training.history import EpochRecord


class Stopping:
    """Watches training, and raises as Ctrl-C would after some steps."""

    def __init__(self, after: int) -> None:
        self.left = after

    def progress(self, task: str, done: int, total: int) -> None:
        if task.startswith("epoch"):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

    def epoch(self, record: EpochRecord) -> None: ...

    def note(self, text: str) -> None: ...
