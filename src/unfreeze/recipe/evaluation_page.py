"""The page of new pictures: what a run's report says of its validation pictures, said of these."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unfreeze.deploy.predictor import Predictor
from unfreeze.evaluation.calibration import Calibration
from unfreeze.evaluation.certainty import Certainty
from unfreeze.images.collection import collection_name
from unfreeze.recipe.labelled import LabelledPictures
from unfreeze.report.content import ReportContent
from unfreeze.report.page import report_page
from unfreeze.transforms.views import TTA_VIEWS


def evaluation_page(
    predictor: Predictor,
    pictures: Path,
    found: LabelledPictures,
    *,
    figures: Mapping[str, Any],
    known: Sequence[str],
    facts: Mapping[str, Any],
) -> str:
    """The page of new pictures.

    Args:
        predictor: What predicted them.
        pictures: What named them.
        found: The pictures and what was predicted.
        figures: The figures of each split (`result_figures`).
        known: What is known of the part that these pictures had in the run.
        facts: What else is to be shown, by name.

    Returns:
        HTML.
    """
    content = ReportContent(
        title=collection_name(pictures),
        table=found.images,
        predictions=found.table,
        transform=predictor.transform,
        figures={"measure": found.table.objective.measure, "figures": figures},
        subject="new",
        known=known,
        certainty=carried_certainty(predictor),
        facts={"evaluation": facts, **({} if found.tta_seconds is None else {"settings": {"tta_views": TTA_VIEWS}})},
    )
    return report_page(content)


def carried_certainty(predictor: Predictor) -> Certainty:
    """What a bundle still knows of its own answers: the temperature without the pictures that it was fitted on."""
    temperature = predictor.settings.temperature
    calibration = Calibration(
        temperature=temperature,
        fold_temperatures=(),
        held_out=np.empty((0, len(predictor.classes))),
        helped=temperature != 1,
        loss_before=math.nan,
        loss_after=math.nan,
    )
    return Certainty(calibration=calibration, novelty=predictor.novelty, sets=predictor.settings.sets)
