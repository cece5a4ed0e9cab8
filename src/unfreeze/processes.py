"""Joins the processes that `torchrun` or `accelerate launch` has started.

Accelerate reads what the launcher says, chooses the device and opens the process group: NCCL between GPUs, gloo between
CPUs. Tested with gloo alone.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from unfreeze.errors import LostProcessError
from unfreeze.world import ALONE, World

if TYPE_CHECKING:
    from torch import Tensor

PATIENCE = timedelta(days=2)
"""How long a process waits for the others, which have nothing to do while the first one works alone."""

_STANDS_ABOVE = "what it said, if anything, stands above"


class Processes:
    """Several processes in one process group: see `World`."""

    def __init__(self) -> None:
        import torch
        from accelerate import PartialState

        gpu = torch.cuda.is_available()
        # Python values travel between the CPUs, so that no GPU waits in a kernel while the first process works alone
        options = {"backend": "cuda:nccl,cpu:gloo"} if gpu else {}
        state = PartialState(cpu=not gpu, timeout=PATIENCE, **options)
        self.rank, self.size = state.process_index, state.num_processes
        self.on_machine = int(os.environ.get("LOCAL_WORLD_SIZE", self.size))
        self._state = state

    def broadcast(self, value: Any, *, source: int = 0) -> Any:
        """What the process with the number `source` gave."""
        from accelerate.utils import broadcast_object_list

        with _lost_where_it_fails():
            return broadcast_object_list([value if self.rank == source else None], from_process=source)[0]

    def gather(self, value: Any) -> list[Any]:
        """What each process gave, by its number."""
        from accelerate.utils import gather_object

        with _lost_where_it_fails():
            return list(gather_object([value]))

    def add_up(self, values: "Tensor") -> "Tensor":
        """The sum of what all processes gave."""
        from accelerate.utils import reduce

        with _lost_where_it_fails():
            total: Tensor = reduce(values, "sum")
        return total

    def leave(self) -> None:
        """Closes the group, as all processes do at the end."""
        self._state.destroy_process_group()


class _Terminated(BaseException):
    """The launcher ends this process, because another one has ended."""


def launched_rank() -> int:
    """Number of this process among those that were launched together; 0 where it was started on its own."""
    return int(os.environ.get("RANK", "0")) if _launched_size() > 1 else 0


def started_one_of_several() -> bool:
    """Whether `accelerate launch` was asked for several processes and started this one alone.

    It does where it finds fewer than two GPUs, unless it is told `--multi_gpu`; it leaves the rest to MPI.
    """
    several = "MASTER_ADDR" in os.environ and "ACCELERATE_MIXED_PRECISION" in os.environ
    return several and "WORLD_SIZE" not in os.environ


@contextmanager
def joined() -> Iterator[World]:
    """The processes that were launched together with this one; it alone where it was started on its own.

    Yields:
        The processes.

    Raises:
        LostProcessError: If another one has ended, or the launcher has ended this one.
    """
    if _launched_size() == 1:
        yield ALONE
        return
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        world = Processes()
        yield world
        world.leave()
    except (_Terminated, LostProcessError, KeyboardInterrupt) as error:
        before = signal.SIG_IGN  # the launcher ends all of them; there may be something left to say until it does
        if isinstance(error, _Terminated):
            rank = os.environ.get("RANK", "?")
            message = f"process {rank} was told to end, or another process of the run has ended; {_STANDS_ABOVE}"
            raise LostProcessError(message, subject="processes") from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _launched_size() -> int:
    """How many processes the launcher says there are: `torchrun` and `accelerate launch` say it alike."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "MASTER_ADDR" in os.environ else 1


def _terminated(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one is enough, and the end is on its way
    raise _Terminated


@contextmanager
def _lost_where_it_fails() -> Iterator[None]:
    """Says what it means where the group cannot be reached any more: its errors are plain RuntimeErrors."""
    from torch import OutOfMemoryError

    try:
        yield
    except OutOfMemoryError:
        raise  # it is a RuntimeError, too
    except (RuntimeError, ConnectionError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        rank = os.environ.get("RANK", "?")
        message = f"another process of the run has ended, so process {rank} ends too ({said}); {_STANDS_ABOVE}"
        raise LostProcessError(message, subject="processes") from error
