"""What the page says of right and wrong answers in words: of one class a picture, and of any number of labels."""

from collections.abc import Mapping
from typing import Any

from unfreeze.evaluation import metrics
from unfreeze.evaluation.names import in_words
from unfreeze.evaluation.predictions import PredictionTable

FEW_PICTURES = 200
"""Of fewer pictures the interval is so wide that the figure itself says little."""

ROUND_BELOW = 0.01
"""Rarer mistakes are counted by the thousand."""


def verdict(judged: PredictionTable, figures: Mapping[str, Any], *, noun: str = "validation") -> str:
    """What the result means, in a few sentences.

    Args:
        judged: Predictions of the pictures that the page is about, at least one.
        figures: The contents of `result.json`.
        noun: Which pictures these are.

    Returns:
        Plain words.
    """
    text = f"Expect it to be {_wrong_about(judged)}. "
    text += _weakest_label(judged, noun) if judged.objective.several else _weakest_class(judged)
    if figures.get("kept"):
        text += f" The weights kept ({figures['kept']}) are those with the lowest validation loss."
    if metrics.mean_loss(judged) > metrics.guessing_loss(judged):
        text += f" The {noun} loss is worse than that of guessing: where this model errs, it is far too sure."
    return text


def _wrong_about(judged: PredictionTable) -> str:
    mistakes = expected_mistakes(*metrics.wilson_interval(int(judged.correct.sum()), len(judged.paths)))
    if judged.objective.several:
        return f"wrong in one label or more of {mistakes} new pictures of the same kind"
    return f"wrong about {mistakes} new pictures of the same kind"


def expected_mistakes(low: float, high: float) -> str:
    """How many mistakes to expect, in plain words, of the accuracy's interval.

    >>> expected_mistakes(0.95, 0.99), expected_mistakes(0.991, 0.9995), expected_mistakes(0.5, 0.502)
    ('1 to 5 of 100', '1 to 9 of 1,000', '50 of 100')
    """
    of = 100 if 1 - high >= ROUND_BELOW or 1 - low > 10 * ROUND_BELOW else 1000
    least, most = (round(of * (1 - share)) for share in (high, low))
    least = max(least, 0 if high == 1 else 1)
    return f"{least} to {most} of {of:,}" if least < most else f"{most} of {of:,}"


def caption(table: PredictionTable, index: int) -> str:
    """What a picture is, and what the model said of it.

    Args:
        table: The predictions.
        index: The picture's row.

    Returns:
        Names, with the probabilities of those that are wrong; of a right answer its probability.
    """
    true, said, sure = table.true_names(index), table.predicted_names(index), table.probabilities[index]
    if not table.objective.several:
        target, predicted = int(table.targets[index]), int(sure.argmax())
        if target == predicted:
            return f"{true[0]}, rightly ({percent(sure[target])})"
        return f"{true[0]}, taken for {said[0]} ({percent(sure[predicted])}; true class {percent(sure[target])})"
    numbered = {name: label for label, name in enumerate(table.classes)}
    wrong = [f"{name} {percent(sure[numbered[name]])}" for name in table.classes if (name in true) != (name in said)]
    if not wrong:
        return f"{in_words(true)}, rightly"
    return f"true: {in_words(true)}; said: {in_words(said)} ({'; '.join(wrong)})"


def percent(share: float) -> str:
    """A share as the page writes it.

    >>> percent(0.1234)
    '12.3 %'
    """
    return f"{100 * share:.1f} %"


def _weakest_class(judged: PredictionTable) -> str:
    tested = [row for row in metrics.class_figures(judged) if row["pictures"]]
    worst = min(tested, key=lambda row: float(row["recall"]))
    if worst["recall"] == 1:
        return "Every picture of every class is recognised."
    return f"Weakest class: {worst['class']}, {percent(float(worst['recall']))} of it recognised."


def _weakest_label(judged: PredictionTable, noun: str) -> str:
    tested = [row for row in metrics.class_figures(judged) if row["pictures"]]
    if not tested:
        return f"No {noun} picture has a label."
    worst = min(tested, key=lambda row: float(row["f1"]))
    return (
        f"Weakest label: {worst['class']}, {percent(float(worst['recall']))} of its pictures were given it, "
        f"and it is true of {percent(float(worst['precision']))} of those that were."
    )
