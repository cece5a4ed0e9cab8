"""The verdict: how good the model is, how sure that is, what to trust and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unfreeze.evaluation import metrics
from unfreeze.evaluation.comparison import SIGNIFICANT
from unfreeze.evaluation.labels import mean_average_precision
from unfreeze.report.actions import Action, next_actions
from unfreeze.report.augmented import augmented_view
from unfreeze.report.content import ReportContent
from unfreeze.report.trust import trust
from unfreeze.report.words import percent, verdict

SCALE_STEP = 0.1
"""The scale of the interval begins at a multiple of this below it."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A figure of the overview.

    Attributes:
        name: What it is.
        value: The figure.
        more: What belongs to it, such as an interval; may be empty.
    """

    name: str
    value: str
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What the top of the page says.

    Attributes:
        measure: What the part of right answers is called.
        accuracy: That part.
        low: Lower end of its 95 % interval.
        high: Its upper end.
        right: Number of right answers.
        pictures: Number of pictures.
        scale_from: Where the scale of the interval begins.
        lead: How many mistakes to expect.
        found: What else was found.
        cards: Further figures.
        trust: What may be believed.
        actions: What to do next.
    """

    measure: str
    accuracy: float
    low: float
    high: float
    right: int
    pictures: int
    scale_from: float
    lead: str
    found: str
    cards: Sequence[Card]
    trust: Sequence[str]
    actions: Sequence[Action]

    def at(self, share: float) -> float:
        """Where a share lies on the scale, in percent of its length."""
        return round(100 * (share - self.scale_from) / (1 - self.scale_from), 2)


def overview(content: ReportContent) -> Overview | None:
    """What the top of the page says.

    Args:
        content: What the report shows.

    Returns:
        None where there are no pictures.
    """
    right, pictures = int(content.correct.sum()), len(content.correct)
    if not pictures:
        return None
    low, high = metrics.wilson_interval(right, pictures)
    lead, found = verdict(content.judged, content.figures, noun=content.noun).split(". ", maxsplit=1)
    return Overview(
        measure=content.judged.objective.measure,
        accuracy=right / pictures,
        low=low,
        high=high,
        right=right,
        pictures=pictures,
        scale_from=max(0.0, SCALE_STEP * (int(low / SCALE_STEP) - 1)),
        lead=lead,
        found=found,
        cards=_cards(content),
        trust=trust(content),
        actions=next_actions(content),
    )


def _cards(content: ReportContent) -> list[Card]:
    """Figures beside the accuracy; the class with few pictures counts as much as any other in the averages."""
    table, figures = content.judged, content.figures
    cards = []
    if figures.get("test_images"):
        ends = figures["test_accuracy_interval"]
        more = f"{100 * ends[0]:.1f} to {percent(ends[1])}, {figures['test_images']:,} pictures"
        cards.append(Card(name=f"Test {figures['measure']}", value=percent(figures["test_accuracy"]), more=more))
    rows = [row for row in metrics.class_figures(table) if row["pictures"]]
    if content.several:
        cards.append(Card(name="Mean average precision", value=percent(mean_average_precision(table))))
    elif rows:
        recall = float(np.mean([float(row["recall"]) for row in rows]))
        cards.append(Card(name="Balanced accuracy", value=percent(recall), more="mean recall of the classes"))
    cards.append(Card(name="Macro F1", value=percent(metrics.macro_f1(table))))
    cards.append(Card(name="Loss", value=f"{metrics.mean_loss(table):.4f}", more="nats a picture"))
    augmented = augmented_view(content)
    if augmented:
        more = "a difference by chance" if augmented.gain.chance >= SIGNIFICANT else augmented.sentence.lower()
        cards.append(Card(name="With test-time augmentation", value=percent(augmented.gain.augmented), more=more))
    return cards
