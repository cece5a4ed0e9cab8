"""Takes one run: builds its command, runs the process, reads what it left behind."""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.pictures import Suited
from benchmarks.processes import Finished, run_process
from benchmarks.records import Record, of_run
from benchmarks.runs import Run

UNFREEZE = (sys.executable, "-m", "unfreeze")
KEPT_RUN = "ours-1-3-cold"
"""Whose model `unfreeze predict` is started with."""


class FailedRunError(Exception):
    """A process failed, or what it needs is not there; the text says why."""


@dataclass(kw_only=True)
class Runner:
    """Takes runs on one folder of pictures.

    Attributes:
        folder: `train/CLASS/*` beside `valid/CLASS/*`.
        work: Where caches, run folders and re-encoded pictures lie.
        suited: How the pictures are best looked at.
        their_python: The interpreter of the competitors' environment.
        memory: Numbers of re-encoded pictures.
    """

    folder: Path
    work: Path
    suited: Suited
    their_python: Path
    memory: tuple[int, ...]
    _out: Path = field(init=False)

    def take(self, run: Run, number: int, records: Sequence[Record]) -> Record:
        """Takes a run once.

        Args:
            run: Which.
            number: The round.
            records: What was measured before.

        Returns:
            What was measured; a failure is a record too.
        """
        self._out = self.work / "runs" / run.name
        shutil.rmtree(self._out, ignore_errors=True)
        finished: Finished | None = None
        try:
            command = self._command(run, records)
            finished = run_process(command, self._environment(run))
            output = asked(finished)
            found = _trained(self._out, finished.seconds) if run.kind == "ours" else _answered(run, output)
        except (FailedRunError, OSError, ValueError, KeyError) as error:
            seconds, peak = (finished.seconds, finished.peak_mib) if finished else (0.0, 0.0)
            return Record(run=run.name, round=number, seconds=seconds, peak_mib=peak, error=str(error) or repr(error))
        finally:
            if run.name != KEPT_RUN:
                shutil.rmtree(self._out, ignore_errors=True)
        return Record(run=run.name, round=number, seconds=finished.seconds, peak_mib=finished.peak_mib, **found)

    def _command(self, run: Run, records: Sequence[Record]) -> list[str]:
        """The whole command line of a run."""
        if run.kind == "theirs":
            module, *words = run.words
            more = ["--epochs", str(_epochs(run.needs, records))] if run.needs else []
            return [str(self.their_python), "-m", module, str(self.folder), *self.suited.theirs, *words, *more]
        if run.kind == "ours":
            pictures = self.folder if run.pictures is None else self._reencoded(self.memory[run.pictures])
            return [*UNFREEZE, "train", str(pictures), "--out", str(self._out), *self.suited.ours, *run.words]
        start = list(UNFREEZE) if run.kind == "command" else [sys.executable, "-m"]
        return [*start, *run.words, *self._folders(run)]

    def _folders(self, run: Run) -> list[str]:
        """What a command of ours is given beside its words."""
        if "predict" in run.words:
            picture = next((self.folder / "valid").glob("*/*"))
            return [str(self.work / "runs" / KEPT_RUN), str(picture)]
        if run.name == "profile":
            return [str(self.folder), str(self._out), "--steps", "1-4", *self.suited.ours]
        return ["--pictures", str(self.folder)] if run.name == "extraction" else []

    def _environment(self, run: Run) -> dict[str, str]:
        """A cache of the run's own, emptied unless the run is a warm one."""
        cache = self.work / "caches" / (run.cache or "any")
        if run.cache and not run.warm:
            shutil.rmtree(cache, ignore_errors=True)
        return {"UNFREEZE_CACHE": str(cache)}

    def _reencoded(self, count: int) -> Path:
        words = ["-m", "benchmarks.pictures", str(self.work), "--pictures", str(self.folder), "--reencode", str(count)]
        return Path(asked(run_process([sys.executable, *words])))


def asked(finished: Finished) -> str:
    """The last line that a process printed.

    Args:
        finished: The process.

    Returns:
        The line; empty where it printed nothing.

    Raises:
        FailedRunError: If it failed.
    """
    if finished.code:
        last = finished.complaint.splitlines()[-1:] or ["no word on standard error"]
        raise FailedRunError(f"exit code {finished.code}: {last[0]}")
    return (finished.output.strip().splitlines() or [""])[-1]


def _epochs(name: str, records: Sequence[Record]) -> int:
    """How many epochs step 8 of one of our runs took."""
    done = of_run(records, name)
    if not done:
        raise FailedRunError(f"{name} has not been measured, so the number of epochs is not known")
    return int(done[-1].more["step8_epochs"])


def _answered(run: Run, output: str) -> dict[str, Any]:
    """What a script's line of JSON says, as fields of a record."""
    if run.kind == "command":
        return {}
    more = json.loads(output)
    return {
        "accuracy": more.pop("accuracy", None),
        "valid_loss": more.pop("valid_loss", None),
        "phases": more.pop("phases", {}),
        "more": more,
    }


def _trained(out: Path, seconds: float) -> dict[str, Any]:
    """What a run folder of `unfreeze train` says, as fields of a record."""
    result = json.loads((out / "result.json").read_text())
    lines = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    epochs = [line for line in lines if line["kind"] == "epoch" and line["stage"] == "step 8"]
    phases = {f"step {step['number']}": step["seconds"] for step in result["steps"]}
    phases["before and after the steps"] = result["seconds"] - sum(phases.values())
    phases["process start"] = seconds - result["seconds"]
    return {
        "accuracy": result["accuracy"],
        "valid_loss": result["valid_loss"],
        "phases": phases,
        "more": {
            "tta_accuracy": result["tta_accuracy"],
            "train_images": result["train_images"],
            "step8_epochs": len(epochs),
            "last_accuracy": epochs[-1]["valid_accuracy"] if epochs else None,
        },
    }
