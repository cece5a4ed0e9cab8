"""All figures of a table of predictions, each with its interval."""

import numpy as np
import numpy.typing as npt

from unfreeze.evaluation.class_figures import MacroFigures, macro_figures
from unfreeze.evaluation.figure import Figure, counted_figure, mean_figure, pulled_figure
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.evaluation.ranking import ranks_of_truth, squared_distances

TOPS = (3, 5)


def table_figures(table: PredictionTable, *, macro: MacroFigures | None = None) -> dict[str, Figure]:
    """All figures of a table, on the plain view.

    Means over classes (`macro_`, and balanced accuracy, which is the macro recall) leave out classes without pictures.
    The Brier score is summed over the classes, between 0 and 2; of several labels it is their mean.

    Args:
        table: The predictions, of one split as a rule.
        macro: What `macro_figures` found of the same table, where that is known already.

    Returns:
        Figures by name. Where each picture is of one class: `accuracy`, `balanced_accuracy`, `macro_precision`,
        `macro_f1`, `top_3_accuracy` and `top_5_accuracy` where there are more classes than that, `macro_roc_area`,
        `macro_average_precision`, `log_loss` in nats and `brier_score`. Of several labels: `exact_match`,
        `label_accuracy`, `macro_precision`, `macro_recall`, `macro_f1`, `micro_f1`, `macro_roc_area`,
        `mean_average_precision`, `log_loss` and `brier_score`. What is not defined is NaN.
    """
    means = (macro or macro_figures(table)).means
    found = _of_labels(table, means) if table.objective.several else _of_classes(table, means)
    return {**found, "log_loss": mean_figure(table.losses), "brier_score": _brier(table)}


def _of_classes(table: PredictionTable, means: dict[str, Figure]) -> dict[str, Figure]:
    count, ranks = len(table.paths), ranks_of_truth(table.probabilities, table.targets)
    tops = {f"top_{k}_accuracy": counted_figure(int((ranks < k).sum()), count) for k in TOPS if k < len(table.classes)}
    return {
        "accuracy": counted_figure(int(table.correct.sum()), count),
        "balanced_accuracy": means["recall"],
        "macro_precision": means["precision"],
        "macro_f1": means["f1"],
        **tops,
        "macro_roc_area": means["roc_area"],
        "macro_average_precision": means["average_precision"],
    }


def _of_labels(table: PredictionTable, means: dict[str, Figure]) -> dict[str, Figure]:
    count, predicted = len(table.paths), table.predicted
    return {
        "exact_match": counted_figure(int(table.correct.sum()), count),
        "label_accuracy": mean_figure((predicted == table.targets).mean(1), most=1.0),
        "macro_precision": means["precision"],
        "macro_recall": means["recall"],
        "macro_f1": means["f1"],
        "micro_f1": _micro_f1(predicted, table.targets),
        "macro_roc_area": means["roc_area"],
        "mean_average_precision": means["average_precision"],
    }


def _micro_f1(predicted: npt.NDArray[np.int64], targets: npt.NDArray[np.int64]) -> Figure:
    """F1 of all labels of all pictures (N, C) together."""
    hits, named = (predicted * targets).sum(1), (predicted + targets).sum(1)  # (N,) each
    whole = int(named.sum())
    value = 2 * int(hits.sum()) / whole if whole else np.nan
    return pulled_figure(value, (2 * hits - value * named) / max(whole, 1), pictures=len(hits))


def _brier(table: PredictionTable) -> Figure:
    distances = squared_distances(table.probabilities, table.targets)
    return mean_figure(distances, most=1.0 if table.objective.several else 2.0)
