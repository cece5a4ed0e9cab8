"""The page of new pictures: what a run's report says of its validation pictures, said of these."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from unfreeze.deploy.predictor import Predictor
from unfreeze.evaluation.calibration import Calibration
from unfreeze.evaluation.certainty import Certainty
from unfreeze.images.collection import collection_name
from unfreeze.recipe.labelled import TTA_VIEWS, LabelledPictures
from unfreeze.report.content import ReportContent
from unfreeze.report.page import report_page


def evaluation_page(predictor: Predictor, pictures: Path, found: LabelledPictures, facts: dict[str, Any]) -> str:
    """The page of new pictures.

    Args:
        predictor: What predicted them.
        pictures: What named them.
        found: The pictures and what was predicted.
        facts: What else is to be shown, by name.

    Returns:
        HTML.
    """
    content = ReportContent(
        title=collection_name(pictures),
        table=found.images,
        predictions=found.table,
        transform=predictor.transform,
        figures={"measure": found.table.objective.measure},
        subject="new",
        certainty=carried_certainty(predictor),
        facts={"evaluation": facts, **({"settings": {"tta_views": TTA_VIEWS}} if found.tta_seconds else {})},
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
