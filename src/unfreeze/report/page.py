"""The report: one page that opens from disk and fetches nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unfreeze.evaluation import metrics
from unfreeze.evaluation.class_gains import in_words as gains_in_words
from unfreeze.evaluation.labels import label_figures
from unfreeze.evaluation.learning_curve import in_words as curve_in_words
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.plots.class_gains import SHOWN
from unfreeze.report.all_figures import all_figures_view
from unfreeze.report.augmented import augmented_view
from unfreeze.report.calibration import calibration_view
from unfreeze.report.class_sets import sets_view
from unfreeze.report.confusion import confusion_view
from unfreeze.report.content import ReportContent as ReportContent
from unfreeze.report.data import data_view
from unfreeze.report.explained import explained_view
from unfreeze.report.galleries import pictures_view
from unfreeze.report.overview import overview
from unfreeze.report.page_text import policy, rendered, template_text
from unfreeze.report.plots import report_plots
from unfreeze.report.refusal import refusal_view
from unfreeze.report.seen import seen_view


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the page.

    Attributes:
        key: Its anchor, and the name of its template.
        title: Its name in the list of sections.
        heading: What stands above it.
        view: What its template shows.
    """

    key: str
    title: str
    heading: str
    view: Any


@dataclass(frozen=True, kw_only=True)
class GrowthView:
    """What the page says of more training pictures.

    Attributes:
        curve_words: What twice as many would bring, in a sentence; empty where there is no curve.
        gains_words: Which class would gain most, in a sentence; empty where that was not asked.
        gains_shown: How many classes the plot shows at most.
    """

    curve_words: str
    gains_words: str
    gains_shown: int = SHOWN


def report_page(content: ReportContent) -> str:
    """Renders the report. What there is nothing to say of is left out.

    Args:
        content: All that it shows.

    Returns:
        HTML; whatever comes from file and class names is escaped.
    """
    script = template_text("report.js")
    return rendered(
        "report.html.jinja",
        content=content,
        figures=content.figures,
        sections=sections(content),
        plots=report_plots(content),
        class_figures=class_figures(content.judged),
        script=script,
        policy=policy(script),
    )


def sections(content: ReportContent) -> list[Section]:
    """The sections that there is something to say in, in the order of the page.

    Args:
        content: All that the report shows.

    Returns:
        At least the verdict.
    """
    return [
        Section(key=key, title=title, heading=heading or title, view=view)
        for key, title, heading, show in SECTIONS
        if (view := show(content)) is not None
    ]


def class_figures(table: PredictionTable) -> list[dict[str, float | str]]:
    """Figures of each class, or of each label, as the page's table has them."""
    if table.objective.several:
        return label_figures(table)
    rows = []
    for row in metrics.class_figures(table):
        pictures = int(row["pictures"])
        low, high = metrics.wilson_interval(round(float(row["recall"]) * pictures), pictures)
        rows.append({**row, "low": low, "high": high})
    return rows


def _steps(content: ReportContent) -> Sequence[Any] | None:
    return content.figures.get("steps") or None


def _sweeps(content: ReportContent) -> Mapping[int, Any] | None:
    return content.sweeps or None


def _epochs(content: ReportContent) -> Sequence[Any] | None:
    return content.history.epochs or None


def _confusion(content: ReportContent) -> Any:
    return None if content.several or not content.judged.paths else confusion_view(content.judged)


def _labels(content: ReportContent) -> Any:
    return content.several or None


def _growth(content: ReportContent) -> GrowthView | None:
    if not content.curve and not content.gains:
        return None
    return GrowthView(
        curve_words=curve_in_words(content.curve) if content.curve else "",
        gains_words=gains_in_words(content.gains, content.table.classes) if content.gains else "",
    )


def _facts(content: ReportContent) -> Any:
    return content.facts or None


SECTIONS: tuple[tuple[str, str, str, Callable[[ReportContent], Any]], ...] = (
    ("verdict", "Verdict", "", overview),
    ("steps", "Eight steps", "The eight steps as they went", _steps),
    ("finder", "Learning-rate finder", "", _sweeps),
    ("training", "Training", "Learning rate and losses", _epochs),
    ("confusion", "What was taken for what", "", _confusion),
    ("labels", "Labels", "Each label", _labels),
    ("figures", "All figures", "Every figure with its interval", all_figures_view),
    ("pictures", "Pictures", "Pictures to look at", pictures_view),
    ("why", "Why", "Why it was wrong", explained_view),
    ("calibration", "How sure it is", "Is it as sure as it is right?", calibration_view),
    ("refusal", "None of these", "‘None of these’", refusal_view),
    ("sets", "Sets of classes", "", sets_view),
    ("augmented", "Test-time augmentation", "", augmented_view),
    ("growth", "More pictures", "Would more training pictures help?", _growth),
    ("squares", "What the square cuts off", "", seen_view),
    ("data", "Data", "", data_view),
    ("facts", "Settings and receipt", "", _facts),
)
"""Anchor, name, heading where it is another, and what makes its view."""
