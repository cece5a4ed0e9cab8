"""Runs a whole process and says how long it took and how much memory it held.

Nothing heavy is imported here: a child's peak begins with what its parent held.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
KIB_PER_MIB = 1024
LAST_CHARACTERS = 400


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A process that has ended.

    Attributes:
        seconds: From its start to its end, imports included.
        peak_mib: The most memory that it, or one of the processes that it waited for, held at a time.
        code: Its exit code.
        output: Its standard output.
        complaint: The end of its standard error.
    """

    seconds: float
    peak_mib: float
    code: int
    output: str
    complaint: str


def run_process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Finished:
    """Runs a command to its end, on the CPU and with as many threads as it chooses itself.

    Args:
        command: The program and its words.
        environment: Variables on top of this process's own.

    Returns:
        What it came to; a failure is no error here.
    """
    variables = {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}
    variables.update({"CUDA_VISIBLE_DEVICES": "", **(environment or {})})
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaint:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=complaint, env=variables)  # noqa: S603  # our own words
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        complaint.seek(0)
        return Finished(
            seconds=seconds,
            peak_mib=usage.ru_maxrss / KIB_PER_MIB,
            code=process.returncode,
            output=output.read(),
            complaint=complaint.read()[-LAST_CHARACTERS:].strip(),
        )
