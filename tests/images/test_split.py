"""The side of a picture: decided by seed and unit alone, as long as every class has what it needs on both sides."""

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unfreeze.errors import CollectionError
from unfreeze.images.split import bound_together, fold_rows, valid_rows

Rows = list[tuple[tuple[str, ...], str]]

shares = st.floats(0.01, 0.99)
seeds = st.integers(0, 2**32)


@st.composite
def collections(draw: st.DrawFn) -> Rows:
    """Rows of (classes, unit) with one class each: two or more units a class, some with several rows."""
    sizes = draw(st.lists(st.integers(2, 40), min_size=1, max_size=4))
    rows: Rows = [
        ((f"class{index}",), f"{index}-{number}") for index, size in enumerate(sizes) for number in range(size)
    ]
    return rows + draw(st.lists(st.sampled_from(rows), max_size=8))


@st.composite
def tangled(draw: st.DrawFn) -> Rows:
    """Rows of any number of classes, in units that hold several rows and classes."""
    names = st.lists(st.sampled_from("abcd"), max_size=3, unique=True).map(tuple)
    return draw(st.lists(st.tuples(names, st.integers(0, 12).map(str)), max_size=40))


def chosen(rows: Rows, share: float, seed: int, *, multilabel: bool = False) -> frozenset[int]:
    names, units = [list(classes) for classes, _ in rows], [unit for _, unit in rows]
    return valid_rows(names, units, share=share, seed=seed, multilabel=multilabel)


def folded(rows: Rows, folds: int, seed: int, *, multilabel: bool = False) -> list[int]:
    names, units = [list(classes) for classes, _ in rows], [unit for _, unit in rows]
    return fold_rows(names, units, folds=folds, seed=seed, multilabel=multilabel)


def cats(count: int, start: int = 0) -> Rows:
    return [(("cat",), str(number)) for number in range(start, start + count)]


def units_of(rows: Rows) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for classes, unit in rows:
        for name in classes:
            found[name].add(unit)
    return found


@given(collections(), shares, seeds)
def test_each_side_has_half_of_its_share_of_each_class_and_at_least_one(rows: Rows, share: float, seed: int) -> None:
    valid = {rows[index][1] for index in chosen(rows, share, seed)}
    for units in units_of(rows).values():
        taken, left = len(units & valid), len(units - valid)
        assert taken >= max(1, int(share * len(units) / 2))
        assert left >= max(1, int((1 - share) * len(units) / 2))


@given(tangled(), shares, seeds)
def test_units_are_not_divided_and_every_class_is_trained(rows: Rows, share: float, seed: int) -> None:
    valid = chosen(rows, share, seed, multilabel=True)
    inside = {rows[index][1] for index in valid}
    outside = {unit for index, (_, unit) in enumerate(rows) if index not in valid}
    assert inside.isdisjoint(outside)
    assert all(units & outside for units in units_of(rows).values())


@given(tangled(), shares, seeds, st.randoms(use_true_random=False))
def test_neither_order_nor_names_of_classes_matter(rows: Rows, share: float, seed: int, mixer: random.Random) -> None:
    mixed = [(tuple(f"ü{name}" for name in reversed(classes)), unit) for classes, unit in rows]
    mixer.shuffle(mixed)
    again = {mixed[index][1] for index in chosen(mixed, share, seed, multilabel=True)}
    assert again == {rows[index][1] for index in chosen(rows, share, seed, multilabel=True)}


@given(st.integers(250, 400), st.integers(1, 100), seeds)  # where no class has to be filled up
def test_pictures_that_are_added_move_no_others(count: int, more: int, seed: int) -> None:
    rows = cats(count)
    before, after = chosen(rows, 0.5, seed), chosen(rows + cats(more, start=count), 0.5, seed)
    assert before == {index for index in after if index < count}


@given(st.integers(2, 30), seeds, shares)
def test_in_a_small_class_a_picture_more_moves_two_others_at_most(count: int, seed: int, share: float) -> None:
    before, after = chosen(cats(count), share, seed), chosen(cats(count + 1), share, seed)
    assert len(before - after) <= 1
    assert len({index for index in after if index < count} - before) <= 1


@given(st.integers(2, 300), seeds, shares, shares)
def test_a_greater_share_takes_more_and_gives_none_back(count: int, seed: int, one: float, other: float) -> None:
    assume(count * min(one, other, 1 - one, 1 - other) > 2)
    few, many = (chosen(cats(count), share, seed) for share in sorted((one, other)))
    assert few <= many


def test_the_choice_depends_on_the_seed() -> None:
    choices = {chosen(cats(100), 0.2, seed) for seed in range(20)}
    assert len(choices) == 20
    assert chosen(cats(100), 0.2, 0) in choices


def test_every_picture_has_the_same_chance() -> None:
    times = Counter(index for seed in range(1000) for index in chosen(cats(50), 0.2, seed))
    assert set(times) == set(range(50))
    assert all(140 <= count <= 260 for count in times.values())  # 200 each; 60 is almost five standard deviations


def test_shares_are_met_on_average_with_the_binomials_spread() -> None:
    counts = [len(chosen(cats(100), 0.2, seed)) for seed in range(400)]
    assert 19.2 <= sum(counts) / 400 <= 20.8  # a standard deviation of 4 each, of 0.2 in the mean
    assert min(counts) >= 10
    assert len(set(counts)) > 10


def test_a_class_that_chance_leaves_out_gives_the_picture_that_a_greater_share_takes_first() -> None:
    few, many = {0, 1, 2, 3}, cats(400)  # of 400 none is moved
    seed = next(seed for seed in range(100) if not few & chosen(many, 0.2, seed))
    first = next(found for share in range(21, 100) if (found := few & chosen(many, share / 100, seed)))
    assert len(first) == 1
    assert chosen(cats(4), 0.2, seed) == first


def test_a_group_of_two_classes_moves_as_one() -> None:
    rows: Rows = [(("cat",), "herd"), (("dog",), "herd"), (("cat",), "a"), (("dog",), "b")]
    for seed in range(50):
        valid = chosen(rows, 0.5, seed)
        assert valid in ({0, 1}, {2, 3})


def test_where_the_sides_cannot_all_be_filled_training_is() -> None:
    rows: Rows = [((one,), f"{one}{other}") for one, other in ("ab", "ac")]
    rows += [((one,), unit) for one, unit in (("b", "ab"), ("b", "bc"), ("c", "ac"), ("c", "bc"))]
    for seed in range(50):  # a, b and c in the units ab, ac and bc: no two sides have all three
        valid = {rows[index][1] for index in chosen(rows, 0.5, seed)}
        assert len(valid) <= 1


def test_a_class_with_one_picture_is_an_error_that_names_it() -> None:
    message = r"too few pictures to split: 'dog' has 1, needed: 2 different ones; add pictures"
    with pytest.raises(CollectionError, match=message) as caught:
        chosen([*cats(2), (("dog",), "c")], 0.2, 0)
    assert caught.value.subject == "dog"


def test_all_classes_that_are_too_small_are_named() -> None:
    rows: Rows = [(("dog",), "c"), *cats(2), (("ant",), "x"), (("ant",), "x")]
    message = r"'ant' has 2, 'dog' has 1, needed: 2 different ones \(copies of one picture, or one group, count once\)"
    for split in (lambda: chosen(rows, 0.2, 0), lambda: folded(rows, 3, 0)):
        with pytest.raises(CollectionError, match=message):
            split()


def test_with_several_labels_a_class_with_one_picture_is_trained() -> None:
    rows: Rows = [*cats(10), (("cat", "rare"), "11"), ((), "12")]
    assert all(10 not in chosen(rows, 0.5, seed, multilabel=True) for seed in range(30))
    assert {11 in chosen(rows, 0.5, seed, multilabel=True) for seed in range(30)} == {False, True}


def test_nothing_of_nothing() -> None:
    assert chosen([], 0.2, 0) == frozenset()
    assert folded([], 5, 0) == []


@given(collections(), st.integers(2, 7), seeds)
def test_each_class_is_in_each_fold_or_in_two_at_least(rows: Rows, folds: int, seed: int) -> None:
    fold_of = dict(zip((unit for _, unit in rows), folded(rows, folds, seed), strict=True))
    for units in units_of(rows).values():
        counts = Counter(fold_of[unit] for unit in units)
        assert set(counts) <= set(range(folds))
        if len(units) >= folds:
            assert all(counts[fold] >= max(1, int(len(units) / folds / 2)) for fold in range(folds))
        else:
            assert len(counts) >= 2


def test_two_pictures_of_a_class_are_never_in_one_fold() -> None:
    assert all(len(set(folded(cats(2), 5, seed))) == 2 for seed in range(50))


@given(tangled(), st.integers(2, 5), seeds)
def test_folds_do_not_divide_units(rows: Rows, folds: int, seed: int) -> None:
    found = folded(rows, folds, seed, multilabel=True)
    assert len(set(zip(found, (unit for _, unit in rows), strict=True))) == len({unit for _, unit in rows})


def test_pictures_that_are_added_stay_out_of_the_folds_of_others() -> None:
    assert folded(cats(400), 5, 1)[:300] == folded(cats(300), 5, 1)


def test_the_first_fold_is_the_split_of_the_same_share() -> None:
    found = folded(cats(300), 5, 3)
    assert {index for index, fold in enumerate(found) if fold == 0} == chosen(cats(300), 0.2, 3)


@pytest.mark.parametrize(
    ("clusters", "groups", "units"),
    [
        (["a", "b"], ["", ""], ["cluster a", "cluster b"]),
        (["a", "a"], ["", ""], ["cluster a", "cluster a"]),
        (["a", "b"], ["g", "g"], ["group g", "group g"]),
        (["a", "a"], ["h", "g"], ["group g", "group g"]),
        (["a", "b", "b", "c"], ["g", "g", "h", "h"], ["group g"] * 4),
        (["group g", "b"], ["", "g"], ["cluster group g", "group g"]),
    ],
)
def test_units_by_hand(clusters: list[str], groups: list[str], units: list[str]) -> None:
    assert bound_together(clusters, groups) == units
    assert bound_together(clusters[::-1], groups[::-1]) == units[::-1]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "", "p", "q", "r"])), max_size=12))
def test_clusters_and_groups_lie_in_one_unit_and_nothing_else_does(rows: list[tuple[str, str]]) -> None:
    units = bound_together([cluster for cluster, _ in rows], [group for _, group in rows])
    known = list(range(len(rows)))
    for _ in rows:  # spreads the least number along every tie, as often as a chain can be long
        for i, one in enumerate(rows):
            for j, other in enumerate(rows):
                if one[0] == other[0] or (one[1] and one[1] == other[1]):
                    known[i] = known[j] = min(known[i], known[j])
    for i in range(len(rows)):
        for j in range(len(rows)):
            assert (units[i] == units[j]) == (known[i] == known[j])
