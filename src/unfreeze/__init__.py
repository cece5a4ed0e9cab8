"""From a folder of pictures to an image classifier by transfer learning, in eight steps.

The names below are all that is public; each is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unfreeze.deploy.predictor import Prediction, Predictor
    from unfreeze.errors import UnfreezeError
    from unfreeze.estimator.classifier import ImageClassifier
    from unfreeze.evaluation.figure import Figure
    from unfreeze.evaluation.figures import table_figures
    from unfreeze.evaluation.predictions import PredictionTable, read_predictions
    from unfreeze.images.scan import scan_folder
    from unfreeze.images.table import ImageTable
    from unfreeze.learner.data import ImageData
    from unfreeze.learner.explaining import activation_maps
    from unfreeze.learner.learner import Learner
    from unfreeze.learner.outlook import data_outlook
    from unfreeze.network.build import build_network
    from unfreeze.network.network import Network
    from unfreeze.plots.class_gains import plot_class_gains
    from unfreeze.plots.confusion import plot_confusion
    from unfreeze.plots.distances import plot_distances
    from unfreeze.plots.learning_curve import plot_learning_curve
    from unfreeze.plots.losses import plot_losses
    from unfreeze.plots.maps import plot_activation_maps
    from unfreeze.plots.reliability import plot_reliability
    from unfreeze.plots.schedule import plot_planned, plot_schedule
    from unfreeze.plots.sweep import plot_lr_find
    from unfreeze.recipe.settings import TrainSettings
    from unfreeze.recipe.train import train
    from unfreeze.training.options import TrainingOptions
    from unfreeze.transforms.transform import Transform

__version__ = "0.1.0"

__all__ = [
    "Figure",
    "ImageClassifier",
    "ImageData",
    "ImageTable",
    "Learner",
    "Network",
    "Prediction",
    "PredictionTable",
    "Predictor",
    "TrainSettings",
    "TrainingOptions",
    "Transform",
    "UnfreezeError",
    "__version__",
    "activation_maps",
    "build_network",
    "data_outlook",
    "plot_activation_maps",
    "plot_class_gains",
    "plot_confusion",
    "plot_distances",
    "plot_learning_curve",
    "plot_losses",
    "plot_lr_find",
    "plot_planned",
    "plot_reliability",
    "plot_schedule",
    "read_predictions",
    "scan_folder",
    "table_figures",
    "train",
]

_HOMES = {
    "Figure": "unfreeze.evaluation.figure",
    "ImageClassifier": "unfreeze.estimator.classifier",
    "ImageData": "unfreeze.learner.data",
    "ImageTable": "unfreeze.images.table",
    "Learner": "unfreeze.learner.learner",
    "Network": "unfreeze.network.network",
    "Prediction": "unfreeze.deploy.predictor",
    "PredictionTable": "unfreeze.evaluation.predictions",
    "Predictor": "unfreeze.deploy.predictor",
    "TrainSettings": "unfreeze.recipe.settings",
    "TrainingOptions": "unfreeze.training.options",
    "Transform": "unfreeze.transforms.transform",
    "UnfreezeError": "unfreeze.errors",
    "activation_maps": "unfreeze.learner.explaining",
    "build_network": "unfreeze.network.build",
    "data_outlook": "unfreeze.learner.outlook",
    "plot_activation_maps": "unfreeze.plots.maps",
    "plot_class_gains": "unfreeze.plots.class_gains",
    "plot_confusion": "unfreeze.plots.confusion",
    "plot_distances": "unfreeze.plots.distances",
    "plot_learning_curve": "unfreeze.plots.learning_curve",
    "plot_losses": "unfreeze.plots.losses",
    "plot_lr_find": "unfreeze.plots.sweep",
    "plot_planned": "unfreeze.plots.schedule",
    "plot_reliability": "unfreeze.plots.reliability",
    "plot_schedule": "unfreeze.plots.schedule",
    "read_predictions": "unfreeze.evaluation.predictions",
    "scan_folder": "unfreeze.images.scan",
    "table_figures": "unfreeze.evaluation.figures",
    "train": "unfreeze.recipe.train",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
