"""What a model knows of its own answers: how sure it may be, what it should refuse, what else a picture may be."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unfreeze.evaluation.bounds import HeldOutBound
from unfreeze.evaluation.calibration import Calibration, Logits, Targets, calibrate, probabilities_at
from unfreeze.evaluation.conformal import ConformalBound, fit_conformal, measure_coverage
from unfreeze.evaluation.novelty import REFUSED, ROUNDING, Floats, Novelty
from unfreeze.evaluation.reliability import answers, calibration_error, chance_error

COVERAGE = 0.95
"""How often a set of classes has to hold the true one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Certainty:
    """What a model knows of its own answers, from the validation pictures and the weights that were kept.

    Attributes:
        calibration: The temperature that logits are divided by, and what it is worth.
        novelty: How strange pictures are told; None where the model cannot refuse, as after a few validation pictures.
        sets: From which probability a class belongs to a picture's set; None of several labels, and where there are
            too few validation pictures to promise anything.
    """

    calibration: Calibration
    novelty: Novelty | None
    sets: ConformalBound | None

    @property
    def temperature(self) -> float:
        """What logits are divided by; 1 leaves them as they are."""
        return self.calibration.temperature


def fit_certainty(
    logits: Logits, targets: Targets, *, novelty: Novelty | None = None, coverage: float = COVERAGE
) -> Certainty:
    """Fits a temperature and the bound of the sets on the validation pictures.

    The sets are cut from the probabilities that the model will give. They took part in its temperature, one number of
    all pictures; what the sets are worth is measured out of fold (`certainty_figures`).

    Args:
        logits: Shape (N, C), of the validation pictures, at temperature 1.
        targets: True classes (N,), or labels (N, C).
        novelty: How strange pictures are told, bounded on the validation pictures; kept where it can refuse at all.
        coverage: How often a set must hold the true class, between 0 and 1.

    Returns:
        What the model knows.

    Raises:
        SettingsError: If the coverage is not between 0 and 1.
    """
    calibration = calibrate(logits, targets)
    sets = None
    if targets.ndim == 1:
        probabilities = probabilities_at(logits, calibration.temperature).astype(np.float32)
        sets = conformal_sets(probabilities, targets, coverage=coverage)
    return Certainty(
        calibration=calibration,
        novelty=novelty if novelty is not None and np.isfinite(novelty.bound.value) else None,
        sets=sets,
    )


def conformal_sets(probabilities: Floats, targets: Targets, *, coverage: float) -> ConformalBound | None:
    """Sets of classes that hold the true one as often as asked for, by what a model says of held-out pictures.

    Args:
        probabilities: Shape (N, C), float32, as tables and graphs hold them.
        targets: True classes, shape (N,).
        coverage: How often a set must hold the true class, between 0 and 1.

    Returns:
        The bound; None where there are too few pictures to promise anything.
    """
    bound = fit_conformal(probabilities, targets.astype(np.int64), coverage=coverage)
    # lower than the picture that sets it: rounding elsewhere must not take its class out of its set
    least = bound.least_probability - ROUNDING
    return replace(bound, least_probability=least) if least > 0 else None


def certainty_figures(certainty: Certainty, logits: Logits, targets: Targets) -> dict[str, Any]:
    """What the certainty is worth, as plain values for `result.json`.

    All of it is counted on pictures that had no part in what is counted, but for the choice of the weights.

    Args:
        certainty: As it was fitted.
        logits: Shape (N, C), of the same pictures, at temperature 1.
        targets: True classes (N,), or labels (N, C).

    Returns:
        `temperature` and whether it `helped`; `log_loss`, and `calibration_error` with what chance alone brings, each
        `before` and `after`, out of fold; `refusal` and `sets`, or None.
    """
    calibration = certainty.calibration
    plain = probabilities_at(logits, several=targets.ndim == 2)
    before, after = (answers(probabilities, targets) for probabilities in (plain, calibration.held_out))
    return {
        "temperature": calibration.temperature,
        "helped": bool(calibration.helped),
        "log_loss": {"before": calibration.loss_before, "after": calibration.loss_after},
        "calibration_error": {
            "before": calibration_error(*before),
            "after": calibration_error(*after),
            "by_chance": chance_error(after[0]),
        },
        "refusal": _refusal_figures(certainty.novelty.bound) if certainty.novelty else None,
        "sets": _set_figures(certainty, targets) if certainty.sets else None,
    }


def certainty_in_words(certainty: Certainty, *, pictures: int) -> str:
    """What the model knows, in one line.

    Args:
        certainty: As it was fitted.
        pictures: On how many validation pictures.

    Returns:
        The line.
    """
    said = [f"probabilities at temperature {certainty.temperature:.2f}"]
    if not certainty.calibration.helped:
        said = ["probabilities as they were learned, because no temperature was better out of fold"]
    if certainty.novelty:
        bound = certainty.novelty.bound
        low, high = (100 * end for end in bound.interval)
        said.append(
            f"of new pictures like these {100 * bound.expected:.1f} % ({low:.1f} to {high:.1f}) are taken for 'none "
            "of these'"
        )
    else:
        needed = math.ceil(1 / REFUSED - 1 - 1e-9)
        said.append(f"no picture is taken for 'none of these': that takes {needed} validation pictures, not {pictures}")
    return "; ".join(said)


def _refusal_figures(bound: HeldOutBound) -> dict[str, Any]:
    return {
        "distance": bound.value,
        "share": bound.share,
        "expected": bound.expected,
        "interval": list(bound.interval),
        "pictures": bound.count,
    }


def _set_figures(certainty: Certainty, targets: Targets) -> dict[str, Any]:
    assert certainty.sets, "there are sets"
    asked = certainty.sets.coverage
    found = measure_coverage(certainty.calibration.held_out, targets.astype(np.int64), coverage=asked)
    return {
        "least_probability": certainty.sets.least_probability,
        "coverage": asked,
        "expected": certainty.sets.expected,
        "interval": list(certainty.sets.interval),
        "pictures": certainty.sets.count,
        "measured": {
            "coverage": found.found,
            "interval": list(found.interval),
            "classes": found.classes,
            "single": found.single,
        },
    }
