"""Whether the model is as sure as it is right, before and after its temperature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.calibration import logits_of, probabilities_at
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.reliability import ReliabilityBin, answers, calibration_error, chance_error, reliability
from unfreeze.report.content import ReportContent, once

BINS_DRAWN = 10
ROWS_AT_A_TIME = 4096


@dataclass(frozen=True, kw_only=True)
class CalibrationView:
    """What the page says of calibration.

    Attributes:
        after_bins: Answers by their confidence, as wide bins as each other, at the temperature.
        before_bins: The same at temperature 1; empty where that is the temperature.
        error: Expected calibration error, bins of as many answers each, at the temperature.
        error_before: That at temperature 1; None where that is the temperature.
        chance: What error chance alone would bring.
        temperature: What logits are divided by; None where it is not known.
        helped: Whether a temperature helped; None where that was not tried here.
        out_of_fold: Whether each picture is judged at a temperature that was fitted without it.
        loss_before: Log loss in nats at temperature 1; None where it is not known.
        loss_after: Log loss in nats, out of fold.
    """

    after_bins: Sequence[ReliabilityBin]
    before_bins: Sequence[ReliabilityBin]
    error: float
    error_before: float | None
    chance: float
    temperature: float | None = None
    helped: bool | None = None
    out_of_fold: bool = False
    loss_before: float | None = None
    loss_after: float | None = None

    @property
    def sentence(self) -> str:
        """Whether to believe what the model says of its own certainty."""
        points, chance = 100 * self.error, 100 * self.chance
        if self.error <= max(0.02, 1.5 * self.chance):
            found = "When it says how sure it is, it can be believed"
        elif _leaning(self.after_bins) > 0:
            found = "It is surer than it is right"
        else:
            found = "It is right more often than it says"
        return (
            f"{found}: confidence and accuracy are {points:.1f} points apart on average ({chance:.1f} by chance alone)."
        )


@once
def calibration_view(content: ReportContent) -> CalibrationView | None:
    """What there is to say of calibration.

    Args:
        content: What the report shows.

    Returns:
        None where nothing is known of it, or there are no pictures.
    """
    table, certainty = content.judged, content.certainty
    if not table.paths or not (certainty or content.subject == "new"):
        return None
    if not certainty or content.subject == "new":
        after = answers(table.probabilities, table.targets)
        return _view(after, None)
    calibration = certainty.calibration
    before = _at_temperature_one(table, calibration.temperature) if calibration.helped else None
    found = _view(answers(calibration.held_out, table.targets), before)
    return CalibrationView(
        **{
            **vars(found),
            "temperature": calibration.temperature,
            "helped": calibration.helped,
            "out_of_fold": True,
            "loss_before": calibration.loss_before,
            "loss_after": calibration.loss_after,
        }
    )


Answers = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]


def _at_temperature_one(table: PredictionTable, temperature: float) -> Answers:
    """Answers as they were before calibration, some rows at a time: all in float64 might not fit into memory."""
    several, parts = table.objective.several, []
    for start in range(0, len(table.paths), ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        logits = logits_of(table.probabilities[rows], several=several) * temperature
        parts.append(answers(probabilities_at(logits, several=several), table.targets[rows]))
    confidences, right = zip(*parts, strict=True)
    return np.concatenate(confidences), np.concatenate(right)


def _view(after: Answers, before: Answers | None) -> CalibrationView:
    return CalibrationView(
        after_bins=reliability(*after, bins="width", count=BINS_DRAWN),
        before_bins=reliability(*before, bins="width", count=BINS_DRAWN) if before else (),
        error=calibration_error(*after),
        error_before=calibration_error(*before) if before else None,
        chance=chance_error(after[0]),
    )


def _leaning(bins: Sequence[ReliabilityBin]) -> float:
    """By how much the answers are surer than right, on average."""
    total = sum(group.count for group in bins)
    return sum(group.count * (group.confidence - group.accuracy) for group in bins) / max(1, total)
