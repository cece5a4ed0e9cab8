"""What the user sees while something runs: rich in a terminal, plain lines elsewhere."""

import time
from types import TracebackType

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from unfreeze.training.history import EpochRecord

SECONDS_BETWEEN_LINES = 10.0


class RunConsole:
    """Shows progress, steps, epochs and notes.

    Args:
        quiet: Shows nothing.
        verbose: Shows which groups were frozen in each epoch.
        console: Where to print; standard output unless said otherwise.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False, console: RichConsole | None = None) -> None:
        self._console = console or RichConsole(quiet=quiet, highlight=False, soft_wrap=True, emoji=False)
        self._verbose = verbose
        self._live = self._console.is_terminal and not quiet
        self._bar = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._last_line = time.monotonic()

    def __enter__(self) -> "RunConsole":
        if self._live:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._bar.stop()

    def progress(self, task: str, done: int, total: int) -> None:
        """Some of a longer piece of work is done: a bar with the time left, or a line every ten seconds."""
        if self._live:
            self._move_bar(task, done, total)
        elif time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self.line(f"  {task}: {done} of {total}")

    def epoch(self, record: EpochRecord) -> None:
        """An epoch has ended."""
        mark = "  [yellow]overfitting[/]" if record.overfitting else ""
        view = f"view {record.view}" if record.view else "plain view"
        frozen = f", frozen: {' and '.join(record.frozen)}" if self._verbose and record.frozen else ""
        mixed = record.train_accuracy is None  # mixed pictures have no one right answer
        trained = "" if record.train_accuracy is None else f"{100 * record.train_accuracy:.1f} % training, "
        self._console.print(
            f"  epoch {record.epoch + 1} ({view}{frozen}): loss {record.train_loss:.4f} training"
            f"{' on mixed pictures' if mixed else ''}, {record.valid_loss:.4f} validation; {record.measure} {trained}"
            f"{100 * record.valid_accuracy:.1f} % validation{mark}"
        )

    def note(self, text: str) -> None:
        """Something that the user should know."""
        self._console.print(f"  [dim]note:[/] {self._as_is(text)}")

    def step(self, number: int, name: str, why: str) -> None:
        """A step begins."""
        title = f"Step {number}: {name}" if number else name[0].upper() + name[1:]
        self._console.print(f"\n[bold]{self._as_is(title)}[/]")
        self._console.print(f"  [dim]{self._as_is(why)}[/]")

    def outcome(self, text: str) -> None:
        """What the step came to."""
        self._console.print(f"  [green]=[/] {self._as_is(text)}")

    def line(self, text: str) -> None:
        """A line as it is."""
        self._console.print(self._as_is(text))

    def _as_is(self, text: str) -> str:
        """Nothing in it is markup, and what the output's encoding lacks, such as a name that is no text, is escaped."""
        encoding = getattr(self._console.file, "encoding", None) or "utf-8"
        return escape(text.encode(encoding, "backslashreplace").decode(encoding))

    def _move_bar(self, task: str, done: int, total: int) -> None:
        if task not in self._tasks:
            self._tasks[task] = self._bar.add_task(escape(task), total=total)
        self._bar.update(self._tasks[task], completed=done)
        if done >= total:
            self._bar.remove_task(self._tasks.pop(task))
