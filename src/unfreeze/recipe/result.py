"""The contents of `result.json`."""

from dataclasses import asdict
from typing import Any

from unfreeze.evaluation import metrics
from unfreeze.evaluation.calibration import logits_of
from unfreeze.evaluation.certainty import Certainty, certainty_figures
from unfreeze.evaluation.labels import label_figures, mean_average_precision
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.recipe.eight_steps import EightSteps
from unfreeze.recipe.figures import defined, result_figures


def run_figures(course: EightSteps, table: PredictionTable, certainty: Certainty) -> dict[str, Any]:
    """What a run came to.

    Args:
        course: The steps, all of them taken.
        table: Predictions of the validation and test pictures.
        certainty: What the model knows of its own answers.

    Returns:
        Plain values; all that says how good the model is follows from the table and the temperature alone.
    """
    valid, images, best = table.of_split("valid"), course.learner.data.table, course.learner.best
    figures: dict[str, Any] = {
        "measure": valid.objective.measure,
        "accuracy": metrics.accuracy(valid),
        "accuracy_interval": list(metrics.accuracy_interval(valid)),
        "valid_loss": metrics.mean_loss(valid),
        "tta_accuracy": metrics.accuracy(valid, tta=True) if valid.tta is not None else None,
        "macro_f1": metrics.macro_f1(valid),
        "mean_average_precision": defined(mean_average_precision(valid)) if valid.objective.several else None,
        "labels": defined(label_figures(valid)) if valid.objective.several else None,
        "figures": result_figures(table),
        "certainty": _certainty_figures(certainty, table),
        "classes": list(images.classes),
        "train_images": len(images.of_split("train")),
        "valid_images": len(images.of_split("valid")),
        "test_images": len(images.of_split("test")),
        "quarantined": len(images.quarantined),
        "kept": f"{best.record.stage}, {best.name.removeprefix('the ')}" if best else None,
        "kept_epoch": best.record.epoch if best and not best.averaged else None,
        "snapshots": course.snapshots,
        "steps": [asdict(step) for step in course.results],
    }
    test = table.of_split("test")
    if test.paths:
        figures["test_accuracy"] = metrics.accuracy(test)
        figures["test_accuracy_interval"] = list(metrics.accuracy_interval(test))
    return figures


def _certainty_figures(certainty: Certainty, table: PredictionTable) -> dict[str, Any]:
    """From the table, so that whoever has it and the temperature finds the same."""
    valid = table.of_split("valid")
    logits = logits_of(valid.probabilities, several=valid.objective.several) * certainty.temperature
    return certainty_figures(certainty, logits, valid.targets)
