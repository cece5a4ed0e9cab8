"""Smoothed, weighted and mixed losses, beside torch's."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch.nn import functional

from small import HeldExamples, noise_pictures, small_network
from unfreeze.training.criterion import Criterion
from unfreeze.training.head import LinearHead
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT, Objective
from unfreeze.training.suffix import TrainableSuffix

GENERATOR = np.random.default_rng(4)
LOGITS = (3 * GENERATOR.normal(size=(7, 3))).astype(np.float32)
LABELS = GENERATOR.integers(0, 3, 7)
MIXED = GENERATOR.dirichlet(np.ones(3), 7).astype(np.float32)
SEVERAL = GENERATOR.integers(0, 2, (7, 3)).astype(np.float32)
CLASS_WEIGHTS = np.array([0.5, 1.0, 3.0], np.float32)
LABEL_WEIGHTS = np.array([[0.5, 1.0, 0.75], [3.0, 1.0, 0.6]], np.float32)


def torchs_exclusive(logits: torch.Tensor, targets: npt.NDArray[Any], smoothing: float, weighted: bool) -> torch.Tensor:
    weight = torch.from_numpy(CLASS_WEIGHTS) if weighted else None
    parts = torch.from_numpy(targets)
    if parts.ndim == 1 and weighted:
        parts = torch.eye(3)[parts]  # torch divides by the weights of class indices, but by N of parts of classes
    return functional.cross_entropy(logits, parts, weight=weight, label_smoothing=smoothing)


def torchs_independent(
    logits: torch.Tensor, targets: npt.NDArray[Any], smoothing: float, weighted: bool
) -> torch.Tensor:
    wanted = torch.from_numpy(targets) * (1 - smoothing) + smoothing / 2
    if not weighted:
        return functional.binary_cross_entropy_with_logits(logits, wanted)
    no, yes = torch.from_numpy(LABEL_WEIGHTS).double()
    said = torch.sigmoid(logits.double())
    loss: torch.Tensor = -(yes * wanted * said.log() + no * (1 - wanted) * (1 - said).log()).mean()
    return loss


CASES = [
    (EXCLUSIVE, LABELS, CLASS_WEIGHTS, torchs_exclusive),
    (EXCLUSIVE, MIXED, CLASS_WEIGHTS, torchs_exclusive),
    (INDEPENDENT, SEVERAL, LABEL_WEIGHTS, torchs_independent),
    (INDEPENDENT, MIXED, LABEL_WEIGHTS, torchs_independent),
]


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("objective", "targets", "weights", "oracle"), CASES)
def test_losses_and_slopes_are_torchs(
    objective: Objective,
    targets: npt.NDArray[Any],
    weights: npt.NDArray[Any],
    oracle: Any,
    weighted: bool,
    smoothing: float,
) -> None:
    criterion = Criterion(objective=objective, label_smoothing=smoothing, weights=weights if weighted else None)
    logits = torch.from_numpy(LOGITS).requires_grad_()
    expected = oracle(logits, targets, smoothing, weighted)
    torch.autograd.backward(expected)
    assert logits.grad is not None
    losses, slope = criterion.losses_and_slope(LOGITS, targets)
    assert losses.mean() == pytest.approx(expected.item(), rel=1e-5)
    np.testing.assert_allclose(slope, logits.grad.numpy(), atol=1e-6)
    again = torch.from_numpy(LOGITS).requires_grad_()
    lowered, noted = criterion.torch_losses(again, torch.from_numpy(targets))
    torch.autograd.backward(lowered)
    assert again.grad is not None
    assert lowered.item() == pytest.approx(expected.item(), rel=1e-5)
    np.testing.assert_allclose(again.grad.numpy(), logits.grad.numpy(), atol=1e-6)
    plain = oracle(torch.from_numpy(LOGITS), targets, 0.0, False).item()
    assert noted.item() == pytest.approx(plain, rel=1e-5)
    assert criterion.noted_losses(LOGITS, targets).mean() == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize(("objective", "targets"), [(EXCLUSIVE, LABELS), (INDEPENDENT, SEVERAL)])
def test_without_options_the_loss_is_the_objectives_own_to_the_bit(
    objective: Objective, targets: npt.NDArray[Any]
) -> None:
    criterion = Criterion(objective=objective)
    assert criterion.is_plain(targets)
    for found, expected in zip(
        criterion.losses_and_slope(LOGITS, targets), objective.losses_and_slope(LOGITS, targets), strict=True
    ):
        assert np.array_equal(found, expected)
    lowered, noted = criterion.torch_losses(torch.from_numpy(LOGITS), torch.from_numpy(targets))
    assert torch.equal(lowered, objective.torch_loss(torch.from_numpy(LOGITS), torch.from_numpy(targets)))
    assert noted is lowered


def test_a_mixed_example_is_right_where_its_larger_part_is_said() -> None:
    parts = np.array([[0.3, 0.7, 0.0], [0.0, 0.4, 0.6]], np.float32)
    said = np.array([[0, 5, 0], [0, 5, 0]], np.float32)
    assert Criterion().right(said, parts).tolist() == [True, False]
    assert Criterion().right(torch.from_numpy(said), torch.from_numpy(parts)).tolist() == [True, False]
    assert Criterion(objective=INDEPENDENT).right(said, np.array([[0, 1, 0], [0, 1, 1]])).tolist() == [True, False]


@pytest.mark.parametrize("objective", [EXCLUSIVE, INDEPENDENT])
def test_head_and_body_lower_the_same_and_note_the_plain_loss(objective: Objective) -> None:
    network, pictures = small_network(dropout=0), noise_pictures()
    network.freeze_to(2)
    with torch.inference_mode():
        features = network.prefix(network.cut)(torch.from_numpy(pictures.inputs)).numpy()
    targets = pictures.targets if objective is EXCLUSIVE else np.eye(3, dtype=np.float32)[pictures.targets]
    heads = []
    for _ in range(2):
        head = LinearHead(np.full((3, 6), 0.5, np.float32), np.array([0.1, 0, 0], np.float32), 0, objective)
        head.label_smoothing = 0.2
        head.answer_weights = CLASS_WEIGHTS if objective is EXCLUSIVE else LABEL_WEIGHTS
        heads.append(head)
    suffix = TrainableSuffix(network, heads[1], threads=1)
    suffix.cut = network.cut
    plain = objective.losses(heads[0].logits(features), targets).sum()
    sums = [heads[0].train_step((features, targets), [0.1] * 3, seed=0)]
    with suffix.training():
        sums.append(suffix.train_step((features, targets), [0.1] * 3, seed=0))
    assert [found.loss for found in sums] == [pytest.approx(plain, rel=1e-5)] * 2
    assert sums[0].correct == sums[1].correct
    for found, expected in zip(heads[1].copies(), heads[0].copies(), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_head_that_is_fitted_at_once_lowers_the_smoothed_loss() -> None:
    pictures = noise_pictures(40)
    features = np.random.default_rng(1).normal(size=(40, 2)).astype(np.float32)
    heads = {}
    for smoothing in (0.0, 0.5):
        heads[smoothing] = head = LinearHead.at_zero(2, 3)
        head.label_smoothing = smoothing
        head.fit_exactly(HeldExamples(features, pictures.targets), penalty=0)
        _, slope = head.criterion.losses_and_slope(head.logits(features), pictures.targets)
        assert np.abs(slope.sum(0)).max() < 1e-3
    assert np.abs(heads[0.5].weight).max() < np.abs(heads[0.0].weight).max()
