"""A sweep and a history as training leaves them."""

from unfreeze.training.history import EpochRecord, History, StepRecord
from unfreeze.training.lr_find import LrSweep


def falling_sweep() -> LrSweep:
    """A sweep whose loss falls steadily, with all four suggestions."""
    rates = [10 ** (-7 + 8 * i / 40) for i in range(40)]
    losses = [2.0 - i / 30 for i in range(40)]
    suggestions = {"valley": rates[26], "steep": rates[20], "minimum": rates[39] / 10, "slide": rates[30]}
    return LrSweep(
        rates=tuple(rates), losses=tuple(losses), smoothed=tuple(losses), stopped="the end", suggestions=suggestions
    )


def four_epochs() -> History:
    """Four epochs of five steps; the validation loss is lowest in the third, and the last three overfit."""
    history = History()
    for epoch in range(4):
        for step in range(5):
            rates = {"early": 0.001, "late": 0.003, "head": 0.01 / (step + 1)}
            history.add_step(StepRecord(step=5 * epoch + step, epoch=epoch, loss=1.0, rates=rates))
        record = EpochRecord(
            epoch=epoch,
            stage=f"step {3 + epoch // 2}",
            cycle=epoch,
            ends_cycle=True,
            view=epoch,
            frozen=("early", "late"),
            train_loss=1.0 / (epoch + 1),
            train_accuracy=0.8,
            eval_loss=None,
            valid_loss=(0.9, 0.6, 0.4, 0.5)[epoch],
            valid_accuracy=0.75,
        )
        history.add_epoch(record)
    return history
