"""Several names in one cell come apart again, whatever they hold."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.evaluation.names import in_words, joined, separated

AWKWARD = st.text(st.sampled_from("ab ,;\"'\n\r\té猫🐈"), max_size=5)


@given(st.lists(AWKWARD, max_size=4))
def test_names_come_apart_again(names: list[str]) -> None:
    assert separated(joined(names)) == tuple(names)


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["red"], "red"), (["red", "framed"], "red;framed"), (["a;b", "c"], '"a;b";c'), ([""], '""')],
)
def test_plain_names_stay_plain(names: list[str], text: str) -> None:
    assert joined(names) == text


@pytest.mark.parametrize("text", ["a\nb", '"a', '"a"b'])
def test_what_was_not_joined_here_is_refused(text: str) -> None:
    with pytest.raises((ValueError, csv.Error)):
        separated(text)


def test_a_reader_sees_that_there_is_no_label() -> None:
    assert in_words([]) == "no label"
    assert in_words(["a;b", "c"]) == "a;b, c"
