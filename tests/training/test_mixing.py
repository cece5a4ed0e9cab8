"""Mixed batches, beside torchvision's, and what decides them."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms import v2

from small import noise_features, noise_pictures, small_network
from unfreeze.training.batches import Batch
from unfreeze.training.criterion import as_parts
from unfreeze.training.head import LinearHead
from unfreeze.training.mixing import Mixing, box_area, cut_box, mixed_up, pasted
from unfreeze.training.suffix import TrainableSuffix


class Always:
    """A distribution of one value."""

    def __init__(self, value: float) -> None:
        self._value = value

    def sample(self, shape: Any) -> torch.Tensor:
        return torch.full(shape, self._value)


def pictures() -> Batch:
    found = noise_pictures(6)
    return found.inputs, found.targets


def torchvisions(kind: Any, batch: Batch, kept: float) -> tuple[torch.Tensor, torch.Tensor]:
    transform = kind(num_classes=3)
    transform._dist = Always(kept)
    squares, labels = (torch.from_numpy(part) for part in batch)
    mixed: tuple[torch.Tensor, torch.Tensor] = transform(squares.float(), labels)
    return mixed


@pytest.mark.parametrize("kept", [0.0, 0.3, 1.0])
def test_mixup_is_torchvisions(kept: float) -> None:
    batch = pictures()
    squares, parts = torchvisions(v2.MixUp, batch, kept)
    np.testing.assert_allclose(mixed_up(batch[0], kept), squares.numpy(), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(mixed_up(as_parts(batch[1], 3), kept), parts.numpy(), atol=1e-6)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize(("across", "down"), [(0.0, 0.99), (0.5, 0.5), (0.3, 0.8)])
def test_cutmix_is_torchvisions(kept: float, across: float, down: float, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, places = pictures(), [torch.tensor([int(across * 8)]), torch.tensor([int(down * 8)])]
    monkeypatch.setattr(torch, "randint", lambda *_, **__: places.pop(0))
    squares, parts = torchvisions(v2.CutMix, batch, kept)
    box = cut_box(8, 8, kept, across=across, down=down)
    assert np.array_equal(pasted(batch[0], box), squares.numpy())
    np.testing.assert_allclose(mixed_up(as_parts(batch[1], 3), 1 - box_area(box) / 64), parts.numpy(), atol=1e-6)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.floats(0, 0.999), st.floats(0, 0.999))
def test_a_box_lies_in_the_picture(w: int, h: int, kept: float, across: float, down: float) -> None:
    left, top, right, bottom = box = cut_box(w, h, kept, across=across, down=down)
    assert 0 <= left <= right <= w
    assert 0 <= top <= bottom <= h
    assert box_area(box) <= (1 - kept) * w * h + 1e-6 * w * h


def same(found: Batch, expected: Batch) -> bool:
    return all(np.array_equal(*pair) for pair in zip(found, expected, strict=True))


@pytest.mark.parametrize("mixing", [Mixing(mixup=0.4, classes=3), Mixing(cutmix=1, classes=3)])
def test_the_seed_of_the_step_alone_decides(mixing: Mixing) -> None:
    first = mixing(pictures(), seed=5)
    np.random.seed(3)
    torch.rand(2)
    assert same(mixing(pictures(), seed=5), first)
    assert not same(mixing(pictures(), seed=6), first)
    np.testing.assert_allclose(first[1].sum(1), 1, atol=1e-6)
    assert same(pictures(), (noise_pictures(6).inputs, noise_pictures(6).targets))  # what was given is as it was


def test_both_kinds_take_turns_by_chance() -> None:
    mixing = Mixing(mixup=1.0, cutmix=1.0, classes=3)
    kinds = [mixing(pictures(), seed=seed)[0].dtype for seed in range(400)]
    assert 150 < kinds.count(np.dtype(np.uint8)) < 250  # five standard deviations


def test_how_much_is_kept_follows_the_beta_distribution() -> None:
    batch = np.array([[0.0], [1.0]], np.float32), np.array([0, 1])
    kept = [float(Mixing(mixup=0.4, classes=2)(batch, seed=seed)[0][1, 0]) for seed in range(4000)]
    from scipy.stats import beta, kstest

    assert kstest(kept, beta(0.4, 0.4).cdf).pvalue > 1e-3


def test_activations_are_mixed_up_but_never_cut() -> None:
    features = noise_features(6)
    batch = features.inputs, features.targets
    assert Mixing(cutmix=1.0, classes=3)(batch, seed=0) is batch
    inputs, parts = Mixing(mixup=1.0, cutmix=1.0, classes=3)(batch, seed=0)
    kept = parts[0, batch[1][0]] if batch[1][0] != batch[1][-1] else 1
    np.testing.assert_allclose(inputs[0], kept * batch[0][0] + (1 - kept) * batch[0][-1], atol=1e-5)
    assert [Mixing(cutmix=1.0, classes=3).mixes(pictures=pictures) for pictures in (True, False)] == [True, False]


def test_labels_of_several_are_mixed_one_by_one() -> None:
    batch = np.zeros((2, 4), np.float32), np.array([[1, 1, 0], [0, 1, 0]], np.float32)
    _, parts = Mixing(mixup=1.0, classes=3)(batch, seed=0)
    assert parts[0, 0] == pytest.approx(1 - parts[1, 0])
    assert parts[:, 1] == pytest.approx(1)
    assert not parts[:, 2].any()


@pytest.mark.parametrize("first", [0, 2])
def test_head_and_body_step_on_what_their_seed_mixes(first: int) -> None:
    mixing = Mixing(mixup=0.7, classes=3)
    found = noise_pictures(6) if first == 0 else noise_features(6, width=6)
    heads: list[LinearHead] = []
    for mixed in (True, False):
        head = LinearHead(np.full((3, 6), 0.5, np.float32), np.array([0.1, 0, 0], np.float32), 0)
        suffix = TrainableSuffix(small_network(dropout=0), head, threads=1)
        suffix.network.freeze_to(first)
        suffix.cut = suffix.network.cut
        part: LinearHead | TrainableSuffix = suffix if first == 0 else head
        batch = found.inputs, found.targets
        head.mixing = mixing if mixed else None
        with part.training():
            part.train_step(batch if mixed else mixing(batch, seed=8), [0.1] * 3, seed=8)
        heads.append(head)
    for one, other in zip(heads[0].copies(), heads[1].copies(), strict=True):
        assert np.array_equal(one, other)
