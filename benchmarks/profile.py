"""Where the time of a run goes: python -m benchmarks.profile FOLDER OUT WORDS OF `unfreeze train`.

The run is taken in this process. The steps say themselves how long they took; what lies around them is timed where
`unfreeze.recipe.train` calls it by a name of `STAGES`. A name that is there no more is left out, and its time shows
under the rest.
"""

import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STAGES = {
    "scan": "scan_folder",
    "open the backbone": "Learner",
    "export": "_write_model",
    "report": "report_page",
}


def main() -> None:
    """Trains, and prints seconds by phase as JSON."""
    folder, out, *words = sys.argv[1:]
    seconds = profiled(folder, Path(out), words)
    print(json.dumps({"phases": seconds}))


def profiled(folder: str, out: Path, words: list[str]) -> dict[str, float]:
    """Seconds by phase of `unfreeze train FOLDER --out OUT WORDS`, from the first line of the recipe to its last.

    Args:
        folder: The pictures.
        out: The run folder.
        words: More options.

    Returns:
        Seconds by phase; they add up to the whole without the process's start.
    """
    from unfreeze.cli.main import main as unfreeze
    from unfreeze.learner import learner
    from unfreeze.recipe import train

    seconds: dict[str, float] = {}
    for phase, name in STAGES.items():
        if hasattr(train, name):
            setattr(train, name, _timed(getattr(train, name), phase, seconds))
    learner.Learner.evaluate = _timed(learner.Learner.evaluate, "evaluation", seconds)  # type: ignore[method-assign]
    sys.argv = ["unfreeze", "train", folder, "--out", str(out), "--quiet", *words]
    try:
        unfreeze()
    except SystemExit as stop:
        if stop.code:
            raise
    result = json.loads((out / "result.json").read_text())
    seconds.update({f"step {step['number']}: {step['name']}": step["seconds"] for step in result["steps"]})
    return {**seconds, "the rest of the run": result["seconds"] - sum(seconds.values())}


def _timed(call: Callable[..., Any], phase: str, seconds: dict[str, float]) -> Callable[..., Any]:
    """The same call, whose time is added to a phase."""

    @functools.wraps(call)
    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*arguments, **named)
        finally:
            seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - started

    return timed


if __name__ == "__main__":
    main()
