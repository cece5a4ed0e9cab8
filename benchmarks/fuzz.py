"""Decodes damaged and odd files by the hundred thousand: each is to be decoded or refused, whatever is done to it.

    python -m benchmarks.fuzz [--mutations 100000] [--formats JPEG PNG] [--pictures DIR] [--seed 0] [--out DIR]

Every file goes through `probe`, `decode` and `decode` at reduced scale, in worker processes that may hold so much
memory and take so long. Failures are saved: a worker that dies or hangs, an exception other than PictureError or a
warning, a file that the scan would accept and training could not decode. A mutation is decided by seed, format and
number, so a failure can be made again.
"""

import argparse
import contextlib
import multiprocessing
import os
import resource
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from pathlib import Path

from benchmarks.mutations import formats, mutation
from unfreeze.errors import PictureError
from unfreeze.images.decode import decode, probe

MEMORY_BYTES = 3 * 2**30
SECONDS = 100.0
"""Processor time for one file, which three calls share."""

WAITING = 10
"""How many times as long a worker may take by the clock, because it may be waiting for a processor."""

REDUCED_PX = 8
POLL_SECONDS = 0.05
KIB_PER_MIB = 1024
FORK = multiprocessing.get_context("fork")


class Outcome(IntEnum):
    """What became of a file."""

    NOT_RUN = 0
    DECODED = 1
    REFUSED = 2
    CRASHED = 3
    HUNG = 4
    ERROR = 5
    REFUSED_LATER = 6
    ACCEPTED_LATER = 7


FAILURES = frozenset({Outcome.NOT_RUN, Outcome.CRASHED, Outcome.HUNG, Outcome.ERROR, Outcome.REFUSED_LATER})

Make = Callable[[int], bytes]
Examine = Callable[[bytes], Outcome]


@dataclass(frozen=True)
class Tally:
    """What became of the files of one kind.

    Attributes:
        name: The format, or the folder.
        outcomes: What became of each file.
        seconds: Processor time that each took.
        peak_mib: The most memory that a worker gained over what it held when it started.
        noise_bytes: What the workers wrote to the console.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    seconds: tuple[float, ...]
    peak_mib: float
    noise_bytes: int

    @property
    def failures(self) -> tuple[int, ...]:
        """Numbers of the files that are failures."""
        return tuple(number for number, outcome in enumerate(self.outcomes) if outcome in FAILURES)


def examine(data: bytes) -> Outcome:
    """Decodes a file in all three ways.

    Args:
        data: The file.

    Returns:
        What became of it; anything but a PictureError is raised.
    """
    accepted = []
    for read in (probe, decode, partial(decode, short_side_px=REDUCED_PX)):
        try:
            read(data, path="picture")
            accepted.append(True)
        except PictureError:
            accepted.append(False)
    if all(accepted) or not any(accepted):
        return Outcome.DECODED if accepted[0] else Outcome.REFUSED
    return Outcome.REFUSED_LATER if accepted[0] else Outcome.ACCEPTED_LATER


class _Worker:
    """One process that goes through numbers, and what it shares with the process that watches it.

    Args:
        board: Outcomes and seconds, shared by all workers.
        numbers: The numbers that are its own.
        work: What is done for one number, in the worker.
    """

    def __init__(self, board: "_Board", numbers: Sequence[int], work: Callable[[int], Outcome]) -> None:
        self._board, self._numbers, self._work = board, numbers, work
        self._at, self._since, self._used = FORK.RawValue("q", 0), FORK.RawValue("d", 0.0), FORK.RawValue("d", 0.0)
        self.peak_kib = FORK.RawValue("q", 0)
        self._start(0)

    def _start(self, at: int) -> None:
        self._at.value, self._since.value, self._used.value = at, time.monotonic(), 0.0
        self._process = FORK.Process(target=self._run, daemon=True)
        with warnings.catch_warnings():  # newer Pythons warn where other threads run; none of them is needed in there
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process.start()

    def _run(self) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(self._board.noise, os.O_WRONLY | os.O_APPEND), 2)
        warnings.simplefilter("error")
        held = _held_kib()
        for at in range(self._at.value, len(self._numbers)):
            self._at.value, self._since.value, self._used.value = at, time.monotonic(), time.process_time()
            number = self._numbers[at]
            self._board.outcomes[number] = self._work(number)
            self._board.seconds[number] = time.process_time() - self._used.value
            self.peak_kib.value = max(self.peak_kib.value, _held_kib() - held)

    def watch(self, seconds: float) -> bool:
        """Whether there is more to do; a process that died or takes too long is replaced behind the file it was at."""
        exit_code, at = self._process.exitcode, self._at.value
        waited, used = time.monotonic() - self._since.value, self._processor_seconds() - self._used.value
        hung = exit_code is None and (used > seconds or waited > WAITING * seconds)
        if hung:
            self._process.kill()
            self._process.join()
        elif exit_code is None:
            return True
        elif exit_code == 0:
            return False
        self._board.outcomes[self._numbers[at]] = Outcome.HUNG if hung else Outcome.CRASHED
        self._board.seconds[self._numbers[at]] = max(used, 0.0)
        if at + 1 == len(self._numbers):
            return False
        self._start(at + 1)
        return True

    def _processor_seconds(self) -> float:
        """What the process has used so far (proc(5), fields 14 and 15 of stat); 0 where it is gone."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Board:
    """What the workers write down, number by number.

    Args:
        count: How many files there are.
        noise: The file that takes what they write to the console.
    """

    def __init__(self, count: int, noise: Path) -> None:
        self.outcomes = FORK.RawArray("b", count)
        self.seconds = FORK.RawArray("d", count)
        self.noise = str(noise)


def _held_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run_files(
    name: str,
    make: Make,
    count: int,
    *,
    out: Path,
    examining: Examine = examine,
    seconds: float = SECONDS,
    workers: int = 2,
) -> Tally:
    """Puts files through the decoder, in processes that are watched.

    Args:
        name: What the files are called in the table and in the names of those that are saved.
        make: Gives the file of a number; called in the workers.
        count: Files 0 .. count - 1 are run.
        out: Folder that failures are saved in.
        examining: What is done with each file.
        seconds: Processor time for one file.
        workers: Processes at a time.

    Returns:
        What became of them.
    """

    def work(number: int) -> Outcome:
        try:
            return examining(make(number))
        except Exception:
            (out / f"{name}-{number}.txt").write_text(traceback.format_exc())
            return Outcome.ERROR

    out.mkdir(parents=True, exist_ok=True)
    noise = out / f"{name}-console.txt"
    noise.write_bytes(b"")
    board = _Board(count, noise)
    shares = [range(first, count, workers) for first in range(min(workers, count))]
    busy = crew = [_Worker(board, share, work) for share in shares]
    while busy:
        time.sleep(POLL_SECONDS)
        busy = [worker for worker in busy if worker.watch(seconds)]
    peak_mib = max((worker.peak_kib.value for worker in crew), default=0) / KIB_PER_MIB
    outcomes = tuple(Outcome(value) for value in board.outcomes)
    tally = Tally(name, outcomes, tuple(board.seconds), peak_mib, noise.stat().st_size)
    for number in tally.failures:
        (out / f"{name}-{number}.bin").write_bytes(make(number))
    return tally


COLUMNS = ("files", "decoded", "refused", "crashed", "hung", "other errors", "refused later", "accepted later")


def table(tallies: Sequence[Tally]) -> str:
    """The outcomes as a Markdown table."""
    head = ("", *COLUMNS, "console bytes", "slowest (processor s)", "most memory MiB")
    lines = [f"| {' | '.join(head)} |", f"|---{'|---:' * (len(head) - 1)}|"]
    for tally in tallies:
        counts = Counter(tally.outcomes)
        numbers = [len(tally.outcomes), *(counts[outcome] for outcome in Outcome if outcome is not Outcome.NOT_RUN)]
        figures = [f"{max(tally.seconds, default=0):.2f}", f"{tally.peak_mib:.0f}"]
        cells = [tally.name, *(f"{number:,}" for number in (*numbers, tally.noise_bytes)), *figures]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs mutations and pictures and prints the table.

    Args:
        arguments: The words of the command line.

    Returns:
        Exit code: 1 where anything failed.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=100_000, help="of each format")
    parser.add_argument("--formats", nargs="*", choices=formats(), default=formats())
    parser.add_argument(
        "--pictures", type=Path, help="folder of odd files, such as the test pictures of Pillow's source"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="folder for failures")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    run = partial(run_files, out=options.out, workers=options.workers)
    tallies = []
    if options.pictures:
        files = sorted(path for path in options.pictures.rglob("*") if path.is_file())
        tallies.append(run("pictures", lambda number: files[number].read_bytes(), len(files)))
        for number in tallies[0].failures:
            print(f"pictures-{number} is {files[number]}")
    for name in options.formats:
        tallies.append(run(name, partial(mutation, name, options.seed), options.mutations))
        print(table(tallies[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    print(table(tallies))
    for tally in tallies:
        for number in tally.failures[:20]:
            print(f"{tally.name}-{number}: {tally.outcomes[number].name} (seed {options.seed}, in {options.out})")
    return int(any(tally.failures for tally in tallies))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
