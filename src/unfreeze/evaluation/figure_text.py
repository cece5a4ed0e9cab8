"""Figures in words: the same on the console and on the page."""

from collections.abc import Mapping
from typing import Any

NOTHING = "–"
PLAIN = ("log_loss", "brier_score")
"""Figures that are no shares."""

WORDS = {
    "balanced_accuracy": "balanced accuracy (macro recall)",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "macro_roc_area": "macro area under ROC curve",
    "log_loss": "log loss, nats",
    "brier_score": "Brier score",
}


def figure_name(key: str) -> str:
    """What a figure is called, by its key in `result.json`.

    >>> figure_name("macro_f1"), figure_name("top_3_accuracy")
    ('macro F1', 'top 3 accuracy')
    """
    return WORDS.get(key, key.replace("_", " "))


def figure_text(figure: Mapping[str, Any], *, plain: bool = False) -> tuple[str, str]:
    """A figure and its interval.

    Args:
        figure: `value`, `low` and `high`, each None where it is not defined.
        plain: Whether it is shown as it is; a share is shown in per cent.

    Returns:
        The figure, and the ends of its interval.

    >>> figure_text({"value": 0.9, "low": 0.85, "high": None})
    ('90.0 %', '–')
    """
    factor, digits, unit = (1, 4, "") if plain else (100, 1, " %")
    value, low, high = (
        None if number is None else f"{factor * number:.{digits}f}"
        for number in (figure[key] for key in ("value", "low", "high"))
    )
    interval = NOTHING if low is None or high is None else f"{low} to {high}{unit}"
    return NOTHING if value is None else value + unit, interval
