"""Of which class more pictures would help most: the rare one where it is plain, and no answer where it is not."""

import numpy as np
import pytest

from unfreeze.evaluation.class_gains import ClassGain, ClassGains, class_gains, in_words
from unfreeze.evaluation.heads import wrong_answers
from unfreeze.training.batches import Batch

WIDTH = 12
NAMES = ("ant", "bee", "wasp")


def drawn(counts: tuple[int, ...], generator: np.random.Generator) -> Batch:
    """Features of some classes, each along an axis of its own, so many of each."""
    labels = np.repeat(np.arange(len(counts)), counts)
    features = generator.normal(size=(len(labels), WIDTH)).astype(np.float32)
    features[np.arange(len(labels)), labels] += 2
    return features, labels


def found_of(counts: tuple[int, ...], *, valid: int = 150, seed: int = 0) -> ClassGains:
    generator = np.random.default_rng(seed)
    train, held = drawn(counts, generator), drawn((valid,) * 3, generator)
    return class_gains(train, held, classes=3)


def test_a_rare_class_gains_most() -> None:
    found = found_of((150, 150, 10))
    assert found.best == 2
    best = found.gains[0]
    assert (best.label, best.pictures) == (2, 10)
    assert 0 < best.low < best.gain < best.high
    assert best.gain > 0.05
    assert best.high < 0.34  # no more than all pictures of the class
    assert in_words(found, NAMES).startswith("50 more pictures of wasp would help most: +")


def test_the_interval_covers_the_gain_in_most_repetitions() -> None:
    generator = np.random.default_rng(99)
    held = drawn((1000, 1000, 1000), generator)
    errors = {
        count: np.mean([wrong_answers(drawn((150, 150, count), generator), held, classes=3).mean() for _ in range(20)])
        for count in (20, 70)
    }
    truth = errors[20] - errors[70]
    assert truth > 0.04
    found = [found_of((150, 150, 20), seed=seed) for seed in range(8)]
    assert [gains.gains[0].label for gains in found] == [2] * 8
    assert sum(gains.gains[0].low <= truth <= gains.gains[0].high for gains in found) >= 6


def test_classes_alike_cannot_be_told_apart() -> None:
    found = found_of((60, 60, 60), valid=40)
    assert found.best is None
    assert sorted(gain.label for gain in found.gains) == [0, 1, 2]
    gains = [gain.gain for gain in found.gains]
    assert gains == sorted(gains, reverse=True)
    assert "cannot be told; most likely of" in in_words(found, NAMES)


def test_classes_too_small_to_take_from_are_named() -> None:
    found = found_of((60, 60, 7))
    assert found.too_small == (2,)
    assert {gain.label for gain in found.gains} == {0, 1}
    few = found_of((4, 4, 4))
    assert (few.gains, few.too_small, few.best) == ((), (0, 1, 2), None)
    assert "cannot be told: there are too few" in in_words(few, NAMES)


def test_a_class_too_small_to_take_from_may_gain_most_all_the_same() -> None:
    generator = np.random.default_rng(0)
    train, held = drawn((16, 200, 200, 5), generator), drawn((150,) * 4, generator)
    found = class_gains(train, held, classes=4)
    assert found.too_small == (3,)
    assert found.gains[0].label == 0
    assert found.gains[0].low > 0
    assert wrong_answers(train, held, classes=4)[held[1] == 3].mean() > 0.9  # all of these may be gained
    assert found.best is None
    words = in_words(found, (*NAMES, "hornet"))
    assert words.endswith("; not tried, with fewer than 8 training pictures: hornet")


def test_many_classes_too_small_are_counted() -> None:
    gain = ClassGain(label=0, pictures=9, gain=0.1, low=0.05, high=0.2)
    found = ClassGains(added=50, gains=(gain,), too_small=(1, 2, 3, 4, 5), best=0)
    words = in_words(found, "abcdef")
    assert words.startswith("50 more pictures of a would help most: +10.0 points")
    assert words.endswith("; not tried, with fewer than 8 training pictures: b, c, d and 2 more")


def test_no_gain_is_larger_than_the_mistakes_there_are() -> None:
    generator = np.random.default_rng(4)
    train, valid = drawn((100, 100, 12), generator), drawn((100, 100, 100), generator)
    seen: list[tuple[int, int]] = []
    found = class_gains(train, valid, classes=3, added=100_000, progress=lambda a, b: seen.append((a, b)))
    whole = wrong_answers(train, valid, classes=3)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for gain in found.gains:
        mistakes = whole[valid[1] == gain.label].sum() / 300
        assert gain.gain <= mistakes
        assert gain.high < mistakes + 0.06
    assert found.gains[0].gain == pytest.approx(whole[valid[1] == 2].sum() / 300)  # so many are as good as endless
