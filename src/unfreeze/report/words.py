"""What the page says of right and wrong answers in words: of one class a picture, and of any number of labels."""

from collections.abc import Mapping
from typing import Any

from unfreeze.evaluation import metrics
from unfreeze.evaluation.names import in_words
from unfreeze.evaluation.predictions import PredictionTable

FEW_PICTURES = 200


def verdict(valid: PredictionTable, figures: Mapping[str, Any]) -> str:
    """What the result means, in a few sentences.

    Args:
        valid: Predictions of the validation pictures.
        figures: The contents of `result.json`.

    Returns:
        Plain words.
    """
    count = len(valid.paths)
    text = _several_found(valid) if valid.objective.several else _one_found(valid)
    if figures["kept"]:
        text += f" The weights kept ({figures['kept']}) are those with the lowest validation loss."
    text += _test_found(figures)
    if metrics.mean_loss(valid) > metrics.guessing_loss(valid):
        text += " The validation loss is worse than that of guessing: where this model errs, it is far too sure."
    if count < FEW_PICTURES:
        text += f" {count} validation pictures are few: the interval, not the figure, is the result."
    return text


def caption(table: PredictionTable, index: int) -> str:
    """What a picture is, and what the model said of it.

    Args:
        table: The predictions.
        index: The picture's row.

    Returns:
        Names, with the probabilities of those that are wrong.
    """
    true, said, sure = table.true_names(index), table.predicted_names(index), table.probabilities[index]
    if not table.objective.several:
        target, predicted = int(table.targets[index]), int(table.predicted[index])
        return f"{true[0]}, taken for {said[0]} ({_percent(sure[predicted])}; true class {_percent(sure[target])})"
    numbered = {name: label for label, name in enumerate(table.classes)}
    wrong = [f"{name} {_percent(sure[numbered[name]])}" for name in table.classes if (name in true) != (name in said)]
    return f"true: {in_words(true)}; said: {in_words(said)} ({'; '.join(wrong)})"


def _one_found(valid: PredictionTable) -> str:
    correct, count = int(valid.correct.sum()), len(valid.paths)
    low, high = metrics.wilson_interval(correct, count)
    tested = [row for row in metrics.class_figures(valid) if row["pictures"]]
    worst = min(tested, key=lambda row: float(row["recall"]))
    return (
        f"{correct} of {count} validation pictures are classified correctly: {100 * correct / count:.1f} %. "
        f"On other pictures of the same kind the accuracy lies between {100 * low:.1f} and {100 * high:.1f} % "
        f"(95 % interval). Weakest class: {worst['class']}, {100 * float(worst['recall']):.1f} % of it recognised."
    )


def _several_found(valid: PredictionTable) -> str:
    correct, count = int(valid.correct.sum()), len(valid.paths)
    low, high = metrics.wilson_interval(correct, count)
    text = (
        f"Of {correct} of {count} validation pictures every label is right (exact match): {_percent(correct / count)}. "
        f"On other pictures of the same kind this share lies between {100 * low:.1f} and {100 * high:.1f} % "
        f"(95 % interval)."
    )
    tested = [row for row in metrics.class_figures(valid) if row["pictures"]]
    if not tested:
        return f"{text} No validation picture has a label."
    worst = min(tested, key=lambda row: float(row["f1"]))
    return (
        f"{text} Weakest label: {worst['class']}, {100 * float(worst['recall']):.1f} % of its pictures were given it, "
        f"and it is true of {100 * float(worst['precision']):.1f} % of those that were."
    )


def _test_found(figures: Mapping[str, Any]) -> str:
    """What the test pictures say, or what it means that there are none."""
    if not figures["test_images"]:
        return " The same pictures chose these weights, so the figure flatters a little; a test folder would not."
    low, high = figures["test_accuracy_interval"]
    found = f"{figures['measure']} {_percent(figures['test_accuracy'])}"
    return (
        f" The {figures['test_images']} test pictures had no part in any choice and were used once, at the end: "
        f"{found} (95 % interval {100 * low:.1f} to {100 * high:.1f} %)."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
