"""From a folder of pictures to an image classifier by transfer learning, in eight steps.

The names below are all that is public; each is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unfreeze.deploy.predictor import Prediction, Predictor
    from unfreeze.errors import UnfreezeError
    from unfreeze.evaluation.figure import Figure
    from unfreeze.evaluation.figures import table_figures
    from unfreeze.evaluation.predictions import PredictionTable, read_predictions
    from unfreeze.images.scan import scan_folder
    from unfreeze.images.table import ImageTable
    from unfreeze.learner.data import ImageData
    from unfreeze.learner.learner import Learner
    from unfreeze.network.build import build_network
    from unfreeze.network.network import Network
    from unfreeze.recipe.settings import TrainSettings
    from unfreeze.recipe.train import train
    from unfreeze.transforms.transform import Transform

__version__ = "0.1.0"

__all__ = [
    "Figure",
    "ImageData",
    "ImageTable",
    "Learner",
    "Network",
    "Prediction",
    "PredictionTable",
    "Predictor",
    "TrainSettings",
    "Transform",
    "UnfreezeError",
    "__version__",
    "build_network",
    "read_predictions",
    "scan_folder",
    "table_figures",
    "train",
]

_HOMES = {
    "Figure": "unfreeze.evaluation.figure",
    "ImageData": "unfreeze.learner.data",
    "ImageTable": "unfreeze.images.table",
    "Learner": "unfreeze.learner.learner",
    "Network": "unfreeze.network.network",
    "Prediction": "unfreeze.deploy.predictor",
    "PredictionTable": "unfreeze.evaluation.predictions",
    "Predictor": "unfreeze.deploy.predictor",
    "TrainSettings": "unfreeze.recipe.settings",
    "Transform": "unfreeze.transforms.transform",
    "UnfreezeError": "unfreeze.errors",
    "build_network": "unfreeze.network.build",
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
