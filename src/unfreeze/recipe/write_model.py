"""The bundle that a run leaves behind."""

from typing import Any

import numpy as np

from unfreeze.activations.extract import read_squares
from unfreeze.deploy.bundle import GRAPH_FILE, Origin, write_bundle_settings
from unfreeze.deploy.export import export_model
from unfreeze.deploy.probes import write_probes
from unfreeze.evaluation.certainty import Certainty
from unfreeze.learner.learner import Learner
from unfreeze.network.backbones import weights_licence
from unfreeze.recipe.eight_steps import EightSteps
from unfreeze.recipe.run_folder import RunFolder
from unfreeze.recipe.settings import TrainSettings

PROBES = 16


def write_model(course: EightSteps, folder: RunFolder, certainty: Certainty, receipt: dict[str, Any]) -> float:
    """Writes the bundle, and compares it with the model on some validation pictures.

    Args:
        course: The steps, all of them taken.
        folder: The run folder.
        certainty: What the model knows of its own answers.
        receipt: What the run was made from.

    Returns:
        The largest difference in a probability.

    Raises:
        BundleError: If the model cannot be exported, or the bundle's answers are others.
    """
    learner, settings = course.learner, course.settings
    data, model = learner.data, learner.model
    valid = data.table.of_split("valid")
    assert valid, "the scan makes sure that there are validation pictures"
    compared = sorted(valid, key=lambda row: row.content)[:PROBES]  # of all classes, the same ones at each call
    squares = np.stack([read_squares(data.table, data.transform, row, (0,))[0] for row in compared])
    difference = export_model(model, folder.model, squares=squares, temperature=certainty.temperature)
    carried = squares if settings.probes else squares[:0]
    probes = write_probes(folder.model, carried, graph=folder.model / GRAPH_FILE, novelty=certainty.novelty)
    write_bundle_settings(
        folder.model,
        classes=data.table.classes,
        backbone=model.backbone,
        transform=data.transform.tested,
        objective=data.objective,
        certainty=certainty,
        origin=_origin(settings, receipt, course.learner),
        probes=probes,
    )
    return difference


def _origin(settings: TrainSettings, receipt: dict[str, Any], learner: Learner) -> Origin:
    """Where the model comes from; nothing in it names a folder of the user's."""
    best, table = learner.best, learner.data.table
    provenance = {
        "unfreeze": receipt["versions"]["unfreeze"],
        **{name: receipt[name] for name in ("data", "weights", "settings", "seed")},
        "pictures": {split: len(table.of_split(split)) for split in ("train", "valid")},
        "kept": best.record.stage if best else None,
    }
    own = f"not known: weights of the file {settings.weights.name}" if settings.weights else ""
    return Origin(licence=own or weights_licence(settings.backbone), provenance=provenance)
