"""Training options beside what they are to be used on."""

from unfreeze.errors import SettingsError
from unfreeze.learner.data import ImageData
from unfreeze.learner.device import best_device
from unfreeze.training.options import NEEDS_GPU, TrainingOptions


def checked_options(options: TrainingOptions, data: ImageData) -> TrainingOptions:
    """Options that can be used on some pictures and on this machine.

    Args:
        options: Any.
        data: The pictures.

    Returns:
        The same options.

    Raises:
        SettingsError: If pictures with several labels are to be sampled, or float16 is asked for without a GPU.
    """
    if options.balance == "sampling" and data.objective.several:
        message = "--balance sampling is for pictures with one label each, and these may have several; take weights"
        raise SettingsError(message, subject="balance")
    if options.precision == "float16" and best_device().type == "cpu":
        raise SettingsError(NEEDS_GPU, subject="precision")
    return options
