"""fastai's quick start: `Resize` and `fine_tune(1)`, which is one epoch of the head and one of the whole network."""

from benchmarks.competitors.answer import Phases, question


def main() -> None:
    """Trains and prints the answer."""
    options = question(__doc__).parse_args()
    phases = Phases()
    with phases("imports"):
        from benchmarks.competitors.fastai_learner import last_epoch, make_learner
    with phases("pictures and network"):
        learner = make_learner(options, augment=False, train_bn=True)
    with phases("fine_tune(1)"), learner.no_bar(), learner.no_logging():
        learner.fine_tune(1)
    accuracy, valid_loss = last_epoch(learner)
    phases.answer(accuracy=accuracy, valid_loss=valid_loss, epochs=2)


if __name__ == "__main__":
    main()
