"""fastai's best foot with these weights: one epoch of the head while the body's BatchNorm stands still."""

from benchmarks.competitors.answer import Phases, question


def main() -> None:
    """Trains, and tests with augmentation where that is asked for; prints the answer."""
    parser = question(__doc__)
    parser.add_argument("--tta", action="store_true", help="train on augmented pictures, then predict with tta(n=4)")
    options = parser.parse_args()
    phases = Phases()
    with phases("imports"):
        from benchmarks.competitors.fastai_learner import last_epoch, make_learner
    with phases("pictures and network"):
        learner = make_learner(options, augment=options.tta, train_bn=False)
    with phases("one frozen epoch"), learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(1)
    accuracy, valid_loss = last_epoch(learner)
    more = {}
    if options.tta:
        with phases("tta(n=4)"), learner.no_bar(), learner.no_logging():
            probabilities, targets = learner.tta(n=4)
        more["tta_accuracy"] = float((probabilities.argmax(1) == targets).float().mean())
    phases.answer(accuracy=accuracy, valid_loss=valid_loss, epochs=1, **more)


if __name__ == "__main__":
    main()
