"""What more pictures would bring, as a file: the learning curve, and the gain of each class."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unfreeze.errors import RunError
from unfreeze.evaluation.class_gains import ClassGain, ClassGains
from unfreeze.evaluation.class_gains import in_words as gains_in_words
from unfreeze.evaluation.learning_curve import LearningCurve
from unfreeze.evaluation.learning_curve import in_words as curve_in_words
from unfreeze.files import write_whole

OUTLOOK_FILE = "learning_curve.json"


@dataclass(frozen=True, kw_only=True)
class DataOutlook:
    """What more pictures would bring.

    Attributes:
        curve: Accuracy against the number of training pictures; None where it was not measured.
        gains: Of which class more would help most; None where that was not tried.
        notes: What the reader has to know: what is said of which model, and what was left out.
    """

    curve: LearningCurve | None
    gains: ClassGains | None
    notes: tuple[str, ...]

    def in_words(self, classes: Sequence[str]) -> list[str]:
        """What it comes to, a sentence each, the notes last.

        Args:
            classes: The class names.

        Returns:
            Plain words.
        """
        found = [curve_in_words(self.curve)] if self.curve else []
        return [*found, *([gains_in_words(self.gains, classes)] if self.gains else []), *self.notes]


def write_outlook(path: Path, outlook: DataOutlook, classes: Sequence[str]) -> None:
    """Writes an outlook as JSON, with the figures that are read from it.

    Args:
        path: The file.
        outlook: What more pictures would bring.
        classes: The class names.

    Raises:
        RunError: If the file cannot be written.
    """
    content = {
        "words": outlook.in_words(classes),
        "notes": outlook.notes,
        "classes": list(classes),
        "curve": _curve_dict(outlook.curve) if outlook.curve else None,
        "gains": asdict(outlook.gains) if outlook.gains else None,
    }
    write_whole(path, (json.dumps(content, indent=2) + "\n").encode("utf-8", errors="surrogateescape"))


def read_outlook(path: Path) -> DataOutlook:
    """Reads what `write_outlook` wrote.

    Args:
        path: The file.

    Returns:
        The same outlook.

    Raises:
        RunError: If there is no such file, or it is damaged.
    """
    try:
        found = json.loads(path.read_bytes())
        curve, gains = found["curve"], found["gains"]
        return DataOutlook(
            curve=_curve_of(curve) if curve else None,
            gains=_gains_of(gains) if gains else None,
            notes=tuple(found["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path}: cannot be read as a learning curve ({error}); make it again with unfreeze train"
        raise RunError(message, subject=path) from error


def _curve_dict(curve: LearningCurve) -> dict[str, Any]:
    """What decides a curve, a 1 for each wrong answer, and what follows from it."""
    twice = curve.forecast(2 * curve.sizes[-1])
    return {
        "sizes": list(curve.sizes),
        "accuracies": curve.accuracies.tolist(),
        "intervals": [list(ends) for ends in curve.intervals],
        "twice_as_many": asdict(twice) if twice else None,
        "seed": curve.seed,
        "wrong": [["".join(map(str, size)) for size in repeat] for repeat in curve.wrong.tolist()],
    }


def _curve_of(found: dict[str, Any]) -> LearningCurve:
    wrong = np.array([[list(map(int, size)) for size in repeat] for repeat in found["wrong"]], np.int8)
    if wrong.ndim != 3 or wrong.shape[1] != len(found["sizes"]):
        raise ValueError("its answers do not fit its sizes")
    return LearningCurve(sizes=tuple(found["sizes"]), wrong=wrong, seed=found["seed"])


def _gains_of(found: dict[str, Any]) -> ClassGains:
    gains = tuple(ClassGain(**gain) for gain in found["gains"])
    labels = {name: tuple(found[name]) for name in ("too_small", "untried")}
    return ClassGains(added=found["added"], gains=gains, best=found["best"], **labels)
