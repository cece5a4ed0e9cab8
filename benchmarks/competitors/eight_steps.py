"""The eight steps in fastai, where every epoch is augmented and every epoch runs the body.

BatchNorm stands still while the body is frozen. Cycles are `fit_sgdr`'s, the finder's suggestion is `valley`, which is
fastai's own. The rate of the body is nine times lower than the head's: fastai has two layer groups here, ours three,
each three times lower than the next. What is reported as accuracy is the epoch of the lowest validation loss, as its
`SaveModelCallback` would bring it back; that costs it nothing here.
"""

from typing import Any

import numpy as np

from benchmarks.competitors.answer import Phases, question

BODY_RATE = 1 / 9


def main() -> None:
    """Takes the steps and prints the answer."""
    parser = question(__doc__)
    parser.add_argument("--epochs", type=int, default=3, help="epochs of step 8, in cycles of 1, 2, 4, ...")
    options = parser.parse_args()
    phases = Phases()
    with phases("imports"):
        from benchmarks.competitors.fastai_learner import make_learner
    with phases("pictures and network"):
        learner = make_learner(options, augment=True, train_bn=False)
    with learner.no_bar(), learner.no_logging():
        epochs = take_steps(learner, phases, options.epochs)
    _, valid_loss, accuracy = min(epochs, key=lambda epoch: epoch[1])
    last = epochs[-1]
    phases.answer(accuracy=accuracy, valid_loss=valid_loss, last_accuracy=last[2], epochs=len(epochs))


def take_steps(learner: Any, phases: Phases, epochs: int) -> list[tuple[float, float, float]]:
    """Takes the eight steps.

    Args:
        learner: Frozen up to its head.
        phases: Is told how long each step took.
        epochs: Epochs of step 8.

    Returns:
        Training loss, validation loss and validation accuracy of each epoch.
    """
    done: list[tuple[float, float, float]] = []

    def keep() -> None:
        done.extend((float(a), float(b), float(c)) for a, b, c in learner.recorder.values)

    with phases("step 2"):
        rate = learner.lr_find(show_plot=False).valley
    with phases("step 3"):
        learner.fit(2, rate)
        keep()
    with phases("step 4"):
        for _ in range(3):
            learner.fit_sgdr(1, 1, rate)
            keep()
    learner.unfreeze()
    with phases("step 7"):
        ratios = np.array([BODY_RATE, 1.0])  # an array: lists are meant to work, and do not
        rate = learner.lr_find(start_lr=1e-7 * ratios, end_lr=10 * ratios, show_plot=False).valley
    with phases("step 8"):
        for length in cycles(epochs):
            learner.fit_sgdr(1, length, slice(rate * BODY_RATE, rate))
            keep()
    return done


def cycles(epochs: int) -> list[int]:
    """Cycles of 1, 2, 4, ... epochs that come to a number of epochs together; the last one may be shorter.

    >>> cycles(7), cycles(5)
    ([1, 2, 4], [1, 2, 2])
    """
    found: list[int] = []
    while sum(found) < epochs:
        found.append(min(2 ** len(found), epochs - sum(found)))
    return found


if __name__ == "__main__":
    main()
