"""How much of each picture the network sees, cropped, squashed or padded, and which of the three to take."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

from unfreeze.audit.square_advice import SquareAdvice, advise
from unfreeze.audit.square_figures import SquareFigures, distinct_squares, square_figures
from unfreeze.audit.square_trial import SquareTrial, compare_squares, obstacle, trial_rows
from unfreeze.errors import SettingsError
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.learner.observer import Observer, Silent
from unfreeze.transforms.squares import Square

SAMPLE = 1000
"""Pictures that are compared: enough to tell a difference of two in a hundred, and few enough for a minute."""

LEAST_SAMPLE = 20


@dataclass(frozen=True, kw_only=True)
class SquaresAudit:
    """All that was found of the ways of making squares.

    Attributes:
        data: The pictures.
        figures: What each way does to them, in the order of the table's rows, the test split included.
        trial: How heads fared with each way; None where nothing was compared.
        advice: Which one to take.
    """

    data: ImageData
    figures: Mapping[Square, SquareFigures]
    trial: SquareTrial | None
    advice: SquareAdvice


def audit_squares(
    data: ImageData,
    *,
    sample: int = SAMPLE,
    compare: bool = True,
    limit_bytes: int | None = None,
    observer: Observer | None = None,
    learner: Learner | None = None,
) -> SquaresAudit:
    """Looks at what crop, squash and pad show of each picture, and compares them on some.

    The comparison takes the pretrained body's activations of the plain views, which a later run reads again, and
    leaves the test split alone.

    Args:
        data: The pictures; the way of making squares that it has itself is not looked at.
        sample: How many pictures are compared at most.
        compare: False compares none.
        limit_bytes: What the store in the cache may hold; None for no limit.
        observer: Is told of progress.
        learner: A learner of the pictures that has its pretrained body still, and its store; one of its own is made
            unless it is given.

    Returns:
        Figures, comparison and advice.

    Raises:
        SettingsError: If the sample is too small.
        CollectionError: If a picture was removed or changed since the scan.
    """
    if sample < LEAST_SAMPLE:
        raise SettingsError(f"--sample is {sample}; it must be at least {LEAST_SAMPLE} pictures", subject="sample")
    sizes = [(row.width, row.height) for row in data.table.rows]
    figures = square_figures(sizes, crop_share=data.transform.crop_share)
    squares, trial, untried = distinct_squares(figures), None, ""
    if not compare:
        untried = "no comparison was asked for"
    elif data.table.multilabel:
        untried = "the comparison is for pictures with one label each"
    elif len(squares) > 1:
        rows = trial_rows(data.table, sample=sample)
        untried = obstacle(rows)
        if not untried:
            with nullcontext(learner) if learner else _own_learner(data, limit_bytes) as known:
                trial = compare_squares(known.source.of_body(), rows, squares, progress=(observer or Silent()).progress)
    return SquaresAudit(data=data, figures=figures, trial=trial, advice=advise(figures, trial, untried=untried))


def _own_learner(data: ImageData, limit_bytes: int | None) -> AbstractContextManager[Learner]:
    return closing(Learner(data, limit_bytes=limit_bytes))
