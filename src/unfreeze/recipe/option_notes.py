"""What the user should know of training options in a run, before it trains."""

from unfreeze.recipe.settings import TrainSettings

MIXED_LOSS = (
    "training losses are of mixed pictures, which nobody could name with certainty: they lie high, and that the "
    "validation loss lies below them says nothing of overfitting"
)
CUT_PICTURES = "--cutmix acts in step 8 alone, which trains on pictures: activations are never cut"
NOTHING_CUT = "--cutmix changes nothing here: it is for pictures, and no step of this run trains on them"


def option_notes(settings: TrainSettings) -> list[str]:
    """What a run's options do not do, and how its losses are to be read.

    Args:
        settings: The run's.

    Returns:
        Sentences; none where no option is used that asks for one.
    """
    body = {5, 8} <= set(settings.steps)
    notes = []
    if settings.cutmix:
        notes.append(CUT_PICTURES if body and settings.unfreeze == "all" else NOTHING_CUT)
    if settings.mixup or CUT_PICTURES in notes:
        notes.append(MIXED_LOSS)
    of_the_body = {"accumulate": settings.accumulate > 1, "precision": settings.precision != "float32"}
    notes += [
        f"--{name} changes nothing here: it is for training the body, and this run trains the head alone"
        for name, used in of_the_body.items()
        if used and not body
    ]
    return notes
