"""What to do next, from what is known: the most useful things first."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unfreeze.audit.findings import MEANINGS, Kind
from unfreeze.evaluation import metrics
from unfreeze.evaluation.bounds import beta_quantile
from unfreeze.evaluation.comparison import SIGNIFICANT
from unfreeze.report.augmented import augmented_view
from unfreeze.report.confusion import confusion_view
from unfreeze.report.content import ReportContent
from unfreeze.report.data import findings_of
from unfreeze.report.words import percent

MOST = 3
WIDE = 0.04
"""An interval of more than four points leaves much open."""

SURE = 0.98
"""Who gives another class at least this looks at a wrong label, or at something that it never learned."""

WORTH_COLLECTING = 0.005
LEFT_OUT = 0.01
DOUBLED = 2

UNSURE = 0.05
"""How often chance alone may name a weakest class."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something to do.

    Attributes:
        title: What, in the imperative.
        why: The reason, with its figures.
        command: What to type; empty where there is nothing to type.
    """

    title: str
    why: str
    command: str = ""


def next_actions(content: ReportContent, *, most: int = MOST) -> list[Action]:
    """The most useful things to do next.

    Args:
        content: What the report shows.
        most: How many at most.

    Returns:
        What spoils the figures first, then what is cheap to look at, then what costs work.
    """
    if not content.judged.paths:
        return []
    parts = (_found_in_data, _sure_mistakes, _wide_interval, _more_training, _weakest, _augmented, _no_test)
    return [action for part in parts for action in part(content)][:most]


def pictures_needed(share: float, *, width: float = WIDE) -> int:
    """How many pictures make Wilson's interval about an accuracy narrow enough, rounded up to two digits.

    Args:
        share: The accuracy.
        width: Of the interval, from end to end.

    Returns:
        A number of pictures.

    >>> pictures_needed(0.5), pictures_needed(0.95)
    (2400, 470)
    """
    low, high = 1, 10**7
    while low < high:
        middle = (low + high) // 2
        least, largest = metrics.wilson_interval(round(share * middle), middle)
        low, high = (middle + 1, high) if largest - least > width else (low, middle)
    step: int = 10 ** max(0, len(str(low)) - 2)
    return -(-low // step) * step


def _found_in_data(content: ReportContent) -> Iterator[Action]:
    found, pictures = findings_of(content), _pictures(content)
    for kind, title in ((Kind.LEAK, "Take {} out of training"), (Kind.CONTRADICTION, "Decide on the labels of {}")):
        if some := found.get(kind):
            count = f"{len(some):,} {'pair' if len(some) == 1 else 'pairs'} of the same picture"
            why = f"{MEANINGS[kind].why} {MEANINGS[kind].advice}"
            yield Action(title=title.format(count), why=why, command=f"unfreeze check {pictures}")
    left_out = len(content.table.quarantined)
    if left_out > LEFT_OUT * len(content.table.rows):
        why = "They cannot be decoded, so nothing was learnt from them; they are named under Data."
        yield Action(title=f"Mend or replace {left_out:,} files", why=why)


def _sure_mistakes(content: ReportContent) -> Iterator[Action]:
    table = content.judged
    if content.several:
        return
    sure = int((~content.correct & (table.probabilities.max(1) >= SURE)).sum())
    if sure:
        one = sure == 1
        why = (
            f"The model gives {'it' if one else 'each of them'} at least {percent(SURE)} for another class. That is a "
            "wrong label as often as a weakness; unfreeze check looks for such labels among the training pictures too."
        )
        title = f"Look at the {'mistake that it is' if one else f'{sure:,} mistakes that it is'} surest of"
        yield Action(title=title, why=why, command=f"unfreeze check {_pictures(content)}")


def _wide_interval(content: ReportContent) -> Iterator[Action]:
    right, count = int(content.correct.sum()), len(content.correct)
    low, high = metrics.wilson_interval(right, count)
    if high - low > WIDE:
        needed = pictures_needed(right / count)
        why = (
            f"With {count:,} the {content.figures.get('measure', 'accuracy')} can lie anywhere between "
            f"{100 * low:.1f} and {percent(high)}; about {needed:,} would narrow that to {100 * WIDE:.0f} points."
        )
        yield Action(title=f"Judge it on more {content.noun} pictures", why=why)


def _more_training(content: ReportContent) -> Iterator[Action]:
    """Nothing where the curve ends before the pictures that there are: it says nothing of twice as many then."""
    curve, pictures = content.curve, len(content.table.of_split("train"))
    forecast = curve.forecast(DOUBLED * curve.sizes[-1]) if curve and curve.sizes[-1] >= pictures else None
    if forecast is None:
        return
    bounds = f"95 % interval {100 * forecast.least_gain:.1f} to {100 * forecast.largest_gain:.1f}"
    if forecast.least_gain >= WORTH_COLLECTING:
        best = content.gains.best if content.gains else None
        first = f", {content.table.classes[best]} first" if best is not None else ""
        why = f"Twice as many are likely to bring {100 * forecast.gain:.1f} points of accuracy ({bounds})."
        yield Action(title=f"Collect more training pictures{first}", why=why)
    elif forecast.largest_gain < WORTH_COLLECTING:
        why = f"Twice as many would hardly help: {100 * forecast.gain:.1f} points of accuracy ({bounds})."
        yield Action(title="Do not collect more training pictures of the same kind", why=why)


def _weakest(content: ReportContent) -> Iterator[Action]:
    """The class whose recall lies lowest, where chance alone does not explain that it lies below the whole.

    Of many classes one always lies low, so each is given its part of the risk (Bonferroni), and the exact interval of
    Clopper and Pearson (1934, "The use of confidence or fiducial limits"): so far out Wilson's ends come too soon.
    """
    table = content.judged
    rows = metrics.class_figures(table)
    tested = [label for label, row in enumerate(rows) if row["pictures"]]
    if len(tested) < 2:
        return
    worst = min(tested, key=lambda label: float(rows[label]["recall"]))
    recall, pictures = float(rows[worst]["recall"]), int(rows[worst]["pictures"])
    others = np.mean([float(rows[label]["recall"]) for label in tested])
    right = round(recall * pictures)
    if right == pictures or beta_quantile(right + 1, pictures - right, 1 - UNSURE / len(tested)) >= others:
        return
    name, kind = table.classes[worst], "label" if content.several else "class"
    taken = (
        ""
        if content.several
        else next(
            (f" Most often it is taken for {pair.said}." for pair in confusion_view(table).pairs if pair.true == name),
            "",
        )
    )
    why = f"It is recognised in {percent(recall)} of {pictures:,} pictures, {percent(float(others))} on average.{taken}"
    yield Action(
        title=f"Look at the weakest {kind}, {name}", why=f"{why} More or clearer pictures of it may help most."
    )


def _augmented(content: ReportContent) -> Iterator[Action]:
    view = augmented_view(content)
    if view and view.gain.chance < SIGNIFICANT and view.gain.difference > 0:
        raised = f"from {percent(view.gain.plain)} to {percent(view.gain.augmented)}"
        why = f"It raises the accuracy {raised} on these pictures."
        yield Action(
            title="Predict with test-time augmentation", why=why, command="unfreeze predict RUN PICTURES --tta"
        )


def _no_test(content: ReportContent) -> Iterator[Action]:
    if content.subject == "validation" and not content.figures.get("test_images"):
        why = "The validation pictures chose the weights; pictures that chose nothing give a figure to rely on."
        yield Action(title="Keep a test folder", why=why, command="unfreeze evaluate RUN NEW-PICTURES")


def _pictures(content: ReportContent) -> str:
    """The collection as one types it."""
    return shlex.quote(str(content.facts.get("receipt", {}).get("pictures", "PICTURES")))
