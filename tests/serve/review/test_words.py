import numpy as np

from unfreeze.serve.review.words import compared, yardstick

COUNTS = {"relabelled_train": 2, "left_out_train": 1, "relabelled_valid": 0, "left_out_valid": 0}


def test_a_few_changes_are_not_called_more_than_chance() -> None:
    before, after = np.array([False, True] * 50), np.array([True, True] + [False, True] * 49)
    text = compared(before, after)
    assert text.startswith("By the labels as decided, 1 of 100 pictures became right and 0 wrong: +1.0 points")
    assert "it cannot be told from chance (McNemar's exact test, p = 1)" in text


def test_many_one_way_are() -> None:
    text = compared(np.zeros(10, bool), np.ones(10, bool))
    assert "+100.0 points" in text
    assert "chance can be ruled out (McNemar's exact test, p = 0.002)" in text  # 2 / 2**10


def test_what_has_to_be_known_depends_on_what_was_decided() -> None:
    plain = yardstick(COUNTS, trained_its_body=False)
    assert plain[0].startswith("Training pictures: 2 relabelled, 1 left out.")
    assert len(plain) == 2
    assert yardstick({**COUNTS, "left_out_valid": 1}, trained_its_body=False)[1].startswith("The yardstick changed:")
    assert yardstick({**COUNTS, "relabelled_valid": 1}, trained_its_body=False)[1].startswith("The yardstick changed:")
    assert yardstick(COUNTS, trained_its_body=True)[2].startswith("The run trained its body too.")
