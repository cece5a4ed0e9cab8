"""The end of a run: what the model knows, its figures, the report and the bundle."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from unfreeze.evaluation.certainty import Certainty, certainty_in_words
from unfreeze.evaluation.outlook import DataOutlook
from unfreeze.evaluation.predictions import PredictionTable
from unfreeze.images.collection import collection_name
from unfreeze.learner.explaining import activation_maps
from unfreeze.learner.observer import Observer
from unfreeze.learner.outlook import data_outlook
from unfreeze.recipe.eight_steps import EightSteps, Narrator
from unfreeze.recipe.result import run_figures
from unfreeze.recipe.run_folder import RunFolder
from unfreeze.recipe.time_budget import AFTER
from unfreeze.recipe.write_model import write_model
from unfreeze.report.content import ReportContent
from unfreeze.report.page import report_page
from unfreeze.report.plots import write_plots


class Watcher(Observer, Narrator, Protocol):
    """Is told of everything that a run does."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run came to.

    Attributes:
        folder: The run folder.
        figures: What `result.json` holds.
        table: Predictions of the validation and test pictures.
    """

    folder: Path
    figures: dict[str, Any]
    table: PredictionTable


def finished(folder: RunFolder, course: EightSteps, receipt: dict[str, Any], watcher: Watcher) -> RunResult:
    """Evaluates a trained learner, and writes what a run leaves behind.

    Args:
        folder: The run folder.
        course: The steps, all of them taken.
        receipt: What the run was made from.
        watcher: Is told of everything.

    Returns:
        Where the run is and what it came to.

    Raises:
        BundleError: If the model cannot be exported; its figures and its report are written by then.
    """
    began = time.perf_counter()
    course.plan_before(AFTER)
    learner, settings = course.learner, course.settings
    for step, sweep in course.sweeps.items():
        folder.write_sweep(step, sweep)
    outlook = _outlook(course)  # before a trained body is exported
    folder.write_outlook(outlook, learner.data.table.classes)
    certainty = learner.certainty(ahead=range(1 + settings.tta_views))
    table = learner.evaluate(("valid", "test"), tta_views=settings.tta_views, certainty=certainty)
    folder.write_predictions(table)
    for text in (_known(certainty, table), *outlook.in_words(table.classes)):
        watcher.note(text)
    figures = run_figures(course, table, certainty)
    content = _content(course, receipt, table, figures, certainty, outlook)
    folder.write_report(report_page(content))
    write_plots(folder.plots, content)
    folder.write_result(figures)  # a model that cannot be exported does not cost the figures
    difference = write_model(course, folder, certainty, receipt)
    compared = "torch" if learner.model.is_built else "the body's graph with the trained head"
    watcher.outcome(f"the exported model and {compared} agree to {difference:.0e} in every probability compared")
    figures["seconds"] = course.seconds
    if course.budget:
        course.budget.took(AFTER, time.perf_counter() - began)
        folder.write_budget(course.budget.record(stopped=course.overfitted))
        watcher.note(course.budget.in_the_end(stopped=course.overfitted))
    folder.complete(figures)
    return RunResult(folder=folder.path, figures=figures, table=table)


def _outlook(course: EightSteps) -> DataOutlook:
    if course.budget and not course.budget.curve:
        return DataOutlook(curve=None, gains=None, notes=("the time budget left no time for the learning curve",))
    return data_outlook(course.learner, seed=course.settings.seed)


def _known(certainty: Certainty, table: PredictionTable) -> str:
    return certainty_in_words(certainty, pictures=len(table.of_split("valid").paths))


def _content(
    course: EightSteps,
    receipt: dict[str, Any],
    table: PredictionTable,
    figures: dict[str, Any],
    certainty: Certainty,
    outlook: DataOutlook,
) -> ReportContent:
    """What the report shows."""
    learner = course.learner
    return ReportContent(
        title=collection_name(Path(receipt["pictures"])),
        table=learner.data.table,
        predictions=table,
        transform=learner.data.transform,
        history=learner.history,
        sweeps=course.sweeps,
        rates={2: str(course.head_rate), 7: str(course.full_rate)},
        figures=figures,
        facts=_facts(course, receipt),
        certainty=certainty,
        curve=outlook.curve,
        gains=outlook.gains,
        outlook_notes=outlook.notes,
        explain=lambda rows, classes: activation_maps(learner, rows, classes=classes),
    )


def _facts(course: EightSteps, receipt: dict[str, Any]) -> dict[str, dict[str, Any]]:
    facts: dict[str, dict[str, Any]] = {"settings": course.settings.to_dict(), "receipt": receipt}
    if course.budget:
        facts["time budget"] = course.budget.facts()
    return facts
