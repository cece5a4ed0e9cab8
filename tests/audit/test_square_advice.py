"""The recommendation follows the figures, and says when it does not matter."""

import numpy as np
import pytest

from unfreeze.audit.square_advice import Outcome, SquareAdvice, advise, in_words
from unfreeze.audit.square_figures import square_figures
from unfreeze.audit.square_trial import SquareTrial
from unfreeze.images.table import ImageRow
from unfreeze.transforms.squares import Square

WIDE = square_figures([(200, 100)] * 4, crop_share=1.0)
MIXED = square_figures([(200, 100), (400, 100)], crop_share=1.0)
SQUARES = square_figures([(100, 100)] * 4, crop_share=1.0)
MARGIN = square_figures([(100, 100)] * 4, crop_share=0.875)


def trial(count: int, **wrong: range) -> SquareTrial:
    """A trial of N pictures; each way is wrong on a range of them."""
    rows = tuple(ImageRow(str(n), (n % 2,), "train", str(n), 200, 100) for n in range(count))
    labels = np.arange(count) % 2
    predicted = {}
    for name, missed in wrong.items():
        said = labels.copy()
        said[list(missed)] = 1 - labels[list(missed)]
        predicted[Square(name)] = said
    return SquareTrial(rows=rows, predicted=predicted)


def summary(advice: SquareAdvice) -> tuple[str, str]:
    return advice.square.value, advice.outcome.value


def test_a_way_that_beats_crop_by_more_than_chance_is_recommended() -> None:
    advice = advise(WIDE, trial(100, crop=range(30), squash=range(2), pad=range(4)))
    assert summary(advice) == ("squash", "matters")
    assert advice.text.startswith(
        "It matters: take squash (--square squash). Squash gets 28.0 points more right than crop"
    )
    assert (
        ": 28 pictures that crop gets wrong against 0 the other way (p < 0.001). Crop cuts 50 % off each" in advice.text
    )
    assert "Pad cannot be told from squash (p = 0.5)." in advice.text
    advice = advise(WIDE, trial(100, crop=range(60), squash=range(30), pad=range(1)))
    assert summary(advice) == ("pad", "matters")
    assert "Squash is worse than pad (p < 0.001)." in advice.text


def test_a_way_that_beats_crop_is_taken_before_one_that_is_ahead_by_chance() -> None:
    """Pad is right more often, but on so many other pictures that it proves nothing."""
    found = trial(1000, crop=range(200), squash=range(20, 200), pad=range(21, 200))
    shuffled = found.predicted[Square.PAD].copy()
    shuffled[21:121], shuffled[300:400] = np.arange(21, 121) % 2, 1 - np.arange(300, 400) % 2
    advice = advise(WIDE, SquareTrial(rows=found.rows, predicted={**found.predicted, Square.PAD: shuffled}))
    assert found.differences[0].significant
    assert summary(advice) == ("squash", "matters")
    assert "Pad cannot be told from squash" in advice.text


def test_crop_is_kept_where_it_is_shown_to_be_better() -> None:
    advice = advise(MIXED, trial(100, crop=range(2), squash=range(20), pad=range(4)))
    assert summary(advice) == ("crop", "matters")
    assert "keep the default, crop. Crop gets 18.0 points more right than squash" in advice.text
    assert "than pad" not in advice.text
    assert "Crop cuts 62 % off a picture on average and 75 % at the most." in advice.text


def test_a_better_way_that_chance_alone_may_have_made_so_is_not_recommended() -> None:
    advice = advise(WIDE, trial(100, crop=range(6), squash=range(0), pad=range(3)))
    assert summary(advice) == ("crop", "unclear")  # p = 0.03, three pairs
    ahead = "squash is 6.0 points ahead of crop on 100 pictures, which chance alone may bring (p = 0.031)"
    assert advice.text.startswith(
        f"It cannot be told: {ahead}; more pictures would tell. Keep the default, crop. Crop cuts 50 % off each"
    )
    assert "take squash" in advice.text


def test_a_gain_that_few_pictures_cannot_rule_out_is_left_open() -> None:
    advice = advise(WIDE, trial(60, crop=range(2), squash=range(4), pad=range(2)))
    assert summary(advice) == ("crop", "unclear")
    assert "nothing is ahead of crop on 60 pictures, but gains of up to 8.7 points are not ruled out" in advice.text


def test_it_does_not_matter_where_all_larger_differences_are_ruled_out() -> None:
    advice = advise(WIDE, trial(3000, crop=range(10), squash=range(5, 14), pad=range(10)))
    assert summary(advice) == ("crop", "equal")
    assert advice.text.startswith(
        "It does not matter for accuracy: squash and pad lie within 0.0 points of crop on 3,000"
    )
    assert "can be ruled out. Keep the default, crop" in advice.text


def test_crop_is_kept_where_nothing_can_be_gained() -> None:
    advice = advise(WIDE, trial(300, crop=range(3), squash=range(8), pad=range(6)))
    assert summary(advice) == ("crop", "no gain")
    assert advice.text.startswith("Keep the default, crop: squash and pad lie within 1.7 points")
    assert advice.text.endswith("and at most 0.9 points can be gained. Crop cuts 50 % off each picture.")


def test_pictures_that_are_square_look_the_same_every_way() -> None:
    advice = advise(SQUARES, None)
    assert summary(advice) == ("crop", "same")
    assert advice.text.startswith("It does not matter: the pictures are square, or nearly")


def test_of_square_pictures_pad_is_squash_and_crop_leaves_a_margin_out() -> None:
    advice = advise(MARGIN, trial(100, crop=range(30), squash=range(2)))
    assert summary(advice) == ("squash", "matters")
    assert "Crop cuts 23 % off each picture." in advice.text
    assert advice.text.endswith("so pad shows the same as squash.")
    assert "shows the same" not in advise(WIDE, trial(100, crop=range(30), squash=range(2), pad=range(4))).text


def test_what_was_not_compared_is_said_with_the_reason() -> None:
    advice = advise(WIDE, None, untried="there was no time")
    assert summary(advice) == ("crop", "untried")
    assert advice.text.startswith("Not compared: there was no time. Crop cuts 50 % off each picture.")


@pytest.mark.parametrize("count", [10, 40, 200, 400])
def test_few_pictures_that_all_go_well_prove_nothing(count: int) -> None:
    """All right everywhere: the interval is that of the number of pictures."""
    advice = advise(WIDE, trial(count, crop=range(0), squash=range(0), pad=range(0)))
    assert summary(advice) == ("crop", Outcome.UNCLEAR.value if count < 400 else Outcome.EQUAL.value)


def test_a_difference_in_words() -> None:
    (pair,) = trial(1500, crop=range(1200), squash=range(3, 1210)).differences
    assert in_words(pair) == "Crop or squash: 10 only with crop right, 3 only with squash (McNemar's test, p = 0.092)."
