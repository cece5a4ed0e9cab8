"""The validation split: the same share of each class, decided by seed and content alone."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.errors import CollectionError
from unfreeze.images.split import valid_rows

shares = st.floats(0.01, 0.99)
seeds = st.integers(0, 2**32)


@st.composite
def collections(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Rows of (class, content): two or more different contents a class, some of them twice."""
    sizes = draw(st.lists(st.integers(2, 12), min_size=1, max_size=4))
    rows = [(f"class{index}", f"{index}-{number}") for index, size in enumerate(sizes) for number in range(size)]
    return rows + draw(st.lists(st.sampled_from(rows), max_size=8))


def chosen(rows: list[tuple[str, str]], share: float, seed: int) -> frozenset[int]:
    return valid_rows([name for name, _ in rows], [content for _, content in rows], share=share, seed=seed)


@given(collections(), shares, seeds)
def test_each_class_gives_its_share_at_least_one_and_never_all(
    rows: list[tuple[str, str]], share: float, seed: int
) -> None:
    valid = chosen(rows, share, seed)
    pictures = Counter(name for name, _ in set(rows))
    taken = Counter(name for name, _ in {rows[index] for index in valid})
    for name, count in pictures.items():
        assert 1 <= taken[name] <= count - 1
        assert abs(taken[name] - share * count) <= 1


@given(collections(), shares, seeds)
def test_equal_pictures_of_a_class_fall_on_one_side(rows: list[tuple[str, str]], share: float, seed: int) -> None:
    valid = chosen(rows, share, seed)
    inside = {rows[index] for index in valid}
    outside = {row for index, row in enumerate(rows) if index not in valid}
    assert inside.isdisjoint(outside)


@given(collections(), shares, seeds, st.randoms(use_true_random=False))
def test_order_does_not_matter(rows: list[tuple[str, str]], share: float, seed: int, mixer: random.Random) -> None:
    mixed = rows.copy()
    mixer.shuffle(mixed)
    assert {mixed[index] for index in chosen(mixed, share, seed)} == {
        rows[index] for index in chosen(rows, share, seed)
    }


@given(collections(), shares, seeds)
def test_names_of_classes_do_not_matter(rows: list[tuple[str, str]], share: float, seed: int) -> None:
    renamed = [(f"ü{name}", content) for name, content in rows]
    assert chosen(renamed, share, seed) == chosen(rows, share, seed)


def test_the_choice_depends_on_the_seed() -> None:
    rows = [("cat", str(number)) for number in range(100)]
    assert chosen(rows, 0.2, 0) == chosen(rows, 0.2, 0)
    choices = {chosen(rows, 0.2, seed) for seed in range(20)}
    assert len(choices) == 20
    assert {len(choice) for choice in choices} == {20}


def test_every_picture_has_the_same_chance() -> None:
    rows = [("cat", str(number)) for number in range(10)]
    times = Counter(index for seed in range(1000) for index in chosen(rows, 0.2, seed))
    assert set(times) == set(range(10))
    assert all(160 <= count <= 240 for count in times.values())  # 200 each; 40 is over three standard deviations


def test_shares_on_paper() -> None:
    rows = [("cat", f"c{number}") for number in range(10)] + [("dog", f"d{number}") for number in range(5)]
    counts = Counter(rows[index][0] for index in chosen(rows, 0.4, 3))
    assert counts == {"cat": 4, "dog": 2}


def test_a_picture_more_moves_at_most_one_other() -> None:
    rows = [("cat", str(number)) for number in range(50)]
    before, after = chosen(rows, 0.2, 1), chosen([*rows, ("cat", "new")], 0.2, 1)
    assert len(before - after) <= 1


def test_a_class_with_one_picture_is_an_error_that_names_it() -> None:
    with pytest.raises(
        CollectionError, match=r"too few pictures to split: 'dog' has 1, needed: 2 different ones"
    ) as caught:
        chosen([("cat", "a"), ("cat", "b"), ("dog", "c")], 0.2, 0)
    assert caught.value.subject == "dog"


def test_all_classes_that_are_too_small_are_named() -> None:
    with pytest.raises(CollectionError, match=r"'ant' has 2, 'dog' has 1,"):
        chosen([("dog", "c"), ("cat", "a"), ("cat", "b"), ("ant", "x"), ("ant", "x")], 0.2, 0)


def test_nothing_of_nothing() -> None:
    assert chosen([], 0.2, 0) == frozenset()
