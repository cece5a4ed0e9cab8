"""Classes come by turns."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.images.turns import by_turns


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(0, 60))
def test_a_beginning_holds_as_many_of_each_class_as_there_are(classes: list[int], count: int) -> None:
    order = by_turns(np.array(classes, np.int64)).tolist()
    assert sorted(order) == list(range(len(classes)))
    taken, there = Counter(classes[index] for index in order[:count]), Counter(classes)
    most = max(taken.values(), default=0)
    assert all(taken[name] >= min(most - 1, there[name]) for name in there)
    for name in there:
        own = [index for index in order if classes[index] == name]
        assert own == sorted(own)
