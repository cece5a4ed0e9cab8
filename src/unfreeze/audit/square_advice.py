"""Which way of making squares to take, in words, and when it does not matter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from unfreeze.audit.square_figures import SquareFigures, distinct_squares
from unfreeze.audit.square_trial import Difference, SquareTrial
from unfreeze.transforms.squares import Square

MARGIN = 0.02
"""A gain in accuracy below this does not matter: two pictures in a hundred."""


class Outcome(StrEnum):
    """What is known of the choice.

    Attributes:
        SAME: All ways give the same squares.
        MATTERS: One way is better than another by more than chance.
        EQUAL: No way is better than crop, or worse, by more than a margin.
        NO_GAIN: No way is better than crop by more than a margin; whether one is worse is open.
        UNCLEAR: The pictures are too few to tell.
        UNTRIED: Nothing was compared.
    """

    SAME = "same"
    MATTERS = "matters"
    EQUAL = "equal"
    NO_GAIN = "no gain"
    UNCLEAR = "unclear"
    UNTRIED = "untried"


@dataclass(frozen=True, kw_only=True)
class SquareAdvice:
    """A recommendation.

    Attributes:
        square: The way to take.
        outcome: What it rests on.
        text: Both in words, one to four sentences.
    """

    square: Square
    outcome: Outcome
    text: str


def advise(figures: Mapping[Square, SquareFigures], trial: SquareTrial | None, *, untried: str = "") -> SquareAdvice:
    """Recommends a way of making squares: crop, the default, unless another one is shown to be better.

    Args:
        figures: What each way does to the pictures.
        trial: How heads fared with each; None where nothing was compared.
        untried: Why nothing was.

    Returns:
        The recommendation.
    """
    if len(distinct_squares(figures)) == 1:
        text = "It does not matter: the pictures are square, or nearly, and crop, squash and pad show the same."
        return SquareAdvice(square=Square.CROP, outcome=Outcome.SAME, text=f"{text} Keep the default, crop.")
    if trial is None:
        text = f"Not compared: {untried}. {_cut_off(figures)} {LOOK}"
        return SquareAdvice(square=Square.CROP, outcome=Outcome.UNTRIED, text=text)
    beside_crop = {pair.second: pair for pair in trial.differences if pair.first is Square.CROP}
    better = [pair for pair in beside_crop.values() if pair.significant and pair.gain > 0]
    if better:
        return _take_other(figures, trial, max(better, key=lambda pair: pair.gain))  # the earlier one of equals
    return _keep_crop(figures, beside_crop, len(trial.rows))


def in_words(pair: Difference) -> str:
    """What tells two ways apart on the same pictures, in a sentence."""
    first, second = f"{pair.only_first:,} only with {pair.first}", f"{pair.only_second:,} only with {pair.second}"
    test = f"McNemar's test, {_probability(pair.chance)}"
    return f"{pair.first.capitalize()} or {pair.second}: {first} right, {second} ({test})."


LOOK = "Where what tells the classes apart lies outside of crop's outline, take squash."
AT_THE_EDGES = "Where later pictures may show things at their edges, squash costs nothing here that could be shown."


def _take_other(figures: Mapping[Square, SquareFigures], trial: SquareTrial, gain: Difference) -> SquareAdvice:
    best = gain.second
    text = f"It matters: take {best} (--square {best}). {_compared(gain)}. {_cut_off(figures)}"
    others = [d for d in trial.differences if best in (d.first, d.second) and Square.CROP not in (d.first, d.second)]
    for pair in others:
        other, ahead = (pair.first, -pair.gain) if pair.second is best else (pair.second, pair.gain)
        verdict = f"is {'better' if ahead > 0 else 'worse'} than" if pair.significant else "cannot be told from"
        text += f" {other.capitalize()} {verdict} {best} ({_probability(pair.chance)})."
    return SquareAdvice(square=best, outcome=Outcome.MATTERS, text=text + _twins(figures))


def _keep_crop(
    figures: Mapping[Square, SquareFigures], beside_crop: Mapping[Square, Difference], count: int
) -> SquareAdvice:
    pairs = beside_crop.values()
    if harmful := [pair for pair in pairs if pair.significant]:
        found = "; ".join(_compared(pair) for pair in harmful)
        outcome, text = Outcome.MATTERS, f"It matters: keep the default, crop. {found}. {_cut_off(figures)}"
        return SquareAdvice(square=Square.CROP, outcome=outcome, text=text + _twins(figures))
    outcome, text = _undecided(list(pairs), count)
    after = {Outcome.EQUAL: f" {AT_THE_EDGES}", Outcome.UNCLEAR: f" {LOOK}"}.get(outcome, "")
    text = f"{text} {_cut_off(figures)}{after}{_twins(figures)}"
    return SquareAdvice(square=Square.CROP, outcome=outcome, text=text)


def _undecided(pairs: Sequence[Difference], count: int) -> tuple[Outcome, str]:
    """What remains possible where nothing beats chance."""
    names = " and ".join(pair.second for pair in pairs)
    gap, most = max(abs(pair.gain) for pair in pairs), max(pair.interval[1] for pair in pairs)
    reach = max(most, -min(pair.interval[0] for pair in pairs))
    lie = f"{names} {'lies' if len(pairs) == 1 else 'lie'} within {_points(gap)} of crop on {count:,} pictures"
    if reach <= MARGIN:
        ruled_out = f"more than {_points(reach)} either way can be ruled out"
        kept = "Keep the default, crop, in which things are largest."
        return Outcome.EQUAL, f"It does not matter for accuracy: {lie}, and {ruled_out}. {kept}"
    by_chance = f"which chance alone may bring (least {_probability(min(pair.chance for pair in pairs))})"
    if most <= MARGIN:
        gained = "nothing can be gained by another way" if most < 0.0005 else f"at most {_points(most)} can be gained"
        return Outcome.NO_GAIN, f"Keep the default, crop: {lie}, {by_chance}, and {gained}."
    lead = max(pairs, key=lambda pair: pair.gain)
    if lead.gain > 0:
        ahead = f"{lead.second} is {_points(lead.gain)} ahead of crop on {count:,} pictures"
        found = f"{ahead}, which chance alone may bring ({_probability(lead.chance)})"
    else:
        found = f"nothing is ahead of crop on {count:,} pictures, but gains of up to {_points(most)} are not ruled out"
    return Outcome.UNCLEAR, f"It cannot be told: {found}; more pictures would tell. Keep the default, crop."


def _cut_off(figures: Mapping[Square, SquareFigures]) -> str:
    """How much crop loses, in a sentence."""
    seen = figures[Square.CROP].seen
    mean, most = (f"{100 * (1 - float(share)):.0f} %" for share in (seen.mean(), seen.min()))
    if mean == most:
        return f"Crop cuts {mean} off each picture."
    return f"Crop cuts {mean} off a picture on average and {most} at the most."


def _twins(figures: Mapping[Square, SquareFigures]) -> str:
    """Says so where squash stands for pad too."""
    if Square.PAD in distinct_squares(figures):
        return ""
    return " The pictures are square, or nearly, so pad shows the same as squash."


def _compared(pair: Difference) -> str:
    """What one way gained on another, in a clause that begins a sentence."""
    better, worse = (pair.second, pair.first) if pair.gain > 0 else (pair.first, pair.second)
    more, fewer = sorted((pair.only_first, pair.only_second), reverse=True)
    gained = f"{better.capitalize()} gets {_points(abs(pair.gain))} more right than {worse}"
    return (
        f"{gained}: {more} pictures that {worse} gets wrong against {fewer} the other way ({_probability(pair.chance)})"
    )


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _probability(chance: float) -> str:
    return "p < 0.001" if chance < 0.001 else f"p = {chance:.2g}"
