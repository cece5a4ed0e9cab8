"""What is learned: both kinds beside torch, and a head of several labels beside torch and scikit-learn."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from labelled import random_answers
from small import HeldExamples, noise_pictures, small_network
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import ImageRow, ImageTable
from unfreeze.training.batches import Pictures, in_groups
from unfreeze.training.head import PENALTY, LinearHead
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT, OBJECTIVES, Objective, objective_of, targets_of
from unfreeze.training.suffix import TrainableSuffix
from unfreeze.transforms.transform import Transform


def exact(logits: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(logits).double().requires_grad_()


def several_features(count: int = 60, width: int = 4) -> HeldExamples:
    """Normal features, and three labels that each lean on one of them."""
    generator = np.random.default_rng(1)
    features = generator.normal(size=(count, width)).astype(np.float32)
    targets = features[:, :3] + generator.normal(size=(count, 3)) > 0
    return HeldExamples(features, targets.astype(np.float32))


@pytest.mark.parametrize("scale", [1, 50])
def test_losses_and_slope_of_labels_are_torchs(scale: float) -> None:
    logits, targets = random_answers(40, 5)
    logits *= np.float32(scale)
    there = exact(logits)
    each = nn.functional.binary_cross_entropy_with_logits(there, torch.from_numpy(targets).double(), reduction="none")
    torch.autograd.backward(each.mean())
    assert there.grad is not None
    losses, slope = INDEPENDENT.losses_and_slope(logits, targets.astype(np.float32))
    assert losses.dtype == slope.dtype == np.float64
    np.testing.assert_allclose(losses, each.mean(1).detach(), rtol=1e-12, atol=1e-30)
    np.testing.assert_allclose(slope, there.grad, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(INDEPENDENT.losses(logits, targets), losses, rtol=0)
    np.testing.assert_allclose(INDEPENDENT.probabilities(logits), there.sigmoid().detach(), rtol=1e-12)


def test_losses_and_slope_of_classes_are_torchs() -> None:
    logits, labels = random_answers(40, 5)[0], np.arange(40) % 5
    there = exact(logits)
    each = nn.functional.cross_entropy(there, torch.from_numpy(labels), reduction="none")
    torch.autograd.backward(each.mean())
    assert there.grad is not None
    losses, slope = EXCLUSIVE.losses_and_slope(logits, labels)
    np.testing.assert_allclose(losses, each.detach(), rtol=1e-12)
    np.testing.assert_allclose(slope, there.grad, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(EXCLUSIVE.probabilities(logits), there.softmax(1).detach(), rtol=1e-12)


@pytest.mark.parametrize("objective", [EXCLUSIVE, INDEPENDENT])
def test_what_torch_trains_on_is_the_same_loss(objective: Objective) -> None:
    logits, several = random_answers(30, 4)
    targets = objective.targets([np.flatnonzero(row).tolist() if objective.several else [1] for row in several], 4)
    found = objective.torch_loss(torch.from_numpy(logits), torch.from_numpy(targets))
    assert found.item() == pytest.approx(objective.losses(logits, targets).mean(), rel=1e-6)
    right = objective.right(torch.from_numpy(logits), torch.from_numpy(targets))
    assert right.tolist() == objective.right(logits, targets).tolist()
    assert 0 < right.sum() < 30


def test_huge_logits_of_labels_neither_overflow_nor_warn() -> None:
    logits = np.array([[1e30, -1e30], [-3e38, 3e38]], np.float32)
    assert INDEPENDENT.losses(logits, np.array([[1, 0], [0, 1]])).tolist() == [0, 0]
    assert INDEPENDENT.losses(logits, np.array([[0, 0], [0, 0]])) == pytest.approx(
        np.array([1e30, 3e38], np.float32) / 2
    )
    assert INDEPENDENT.probabilities(logits).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_logits_that_are_not_finite_have_no_finite_loss(value: float) -> None:
    assert not np.isfinite(INDEPENDENT.losses(np.array([[value, 0.0]]), np.array([[0, 1]]))).any()


@pytest.mark.parametrize(("objective", "loss"), [(EXCLUSIVE, math.log(3)), (INDEPENDENT, math.log(2))])
def test_a_head_that_learnt_nothing_has_the_loss_of_guessing(objective: Objective, loss: float) -> None:
    head = LinearHead.at_zero(4, 3)
    head.objective = objective
    targets = objective.targets([[0], [2], [1]], 3)
    sums = head.valid_step((np.ones((3, 4), np.float32), targets))
    assert sums.mean_loss == pytest.approx(loss, rel=1e-12)
    assert objective.guessing_loss(3) == pytest.approx(loss, rel=1e-12)


def test_an_answer_of_several_labels_is_right_as_a_whole_or_not_at_all() -> None:
    probabilities = np.array([[0.9, 0.51, 0.1], [0.9, 0.5, 0.1], [0.2, 0.3, 0.4]])
    answers = INDEPENDENT.answers(probabilities)
    assert answers.tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]  # a probability of exactly 1/2 is no yes
    assert INDEPENDENT.agree(answers, np.array([[1, 1, 0], [1, 1, 0], [0, 0, 0]])).tolist() == [True, False, True]
    assert [INDEPENDENT.labels_of(answer) for answer in answers] == [[0, 1], [0], []]
    logits = np.log(probabilities / (1 - probabilities))
    assert INDEPENDENT.right(logits, np.array([[1, 1, 0], [1, 1, 0], [0, 0, 0]])).tolist() == [True, False, True]


def test_losses_of_probabilities_are_those_of_their_logits() -> None:
    logits, targets = random_answers(20, 3)
    found = INDEPENDENT.losses_of(INDEPENDENT.probabilities(logits), targets)
    np.testing.assert_allclose(found, INDEPENDENT.losses(logits, targets), rtol=1e-9)
    impossible = INDEPENDENT.losses_of(np.array([[1.0, 0.0]], np.float32), np.array([[0, 0]]))
    assert impossible == pytest.approx([87.3 / 2], abs=0.1)  # 0 counts as the least float


def test_targets_are_made_of_the_labels_of_rows() -> None:
    assert EXCLUSIVE.targets([[2], [0]], 3).tolist() == [2, 0]
    found = INDEPENDENT.targets([[0, 2], [], [1]], 3)
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert INDEPENDENT.targets([], 3).shape == (0, 3)


def test_a_table_says_what_is_learned(table: ImageTable) -> None:
    assert objective_of(table) is EXCLUSIVE
    assert targets_of(table, table.rows).tolist() == [0] * 4 + [1] * 5
    rows = (ImageRow("a.png", (), "train", "", 9, 9), ImageRow("b.png", (0, 1), "train", "", 9, 9))
    several = ImageTable(table.root, table.classes, rows, FolderStorage(table.root), multilabel=True)
    assert objective_of(several) is INDEPENDENT
    assert targets_of(several, several.rows).tolist() == [[0, 0], [1, 1]]
    assert {name: found.output for name, found in OBJECTIVES.items()} == {"softmax": "softmax", "sigmoid": "sigmoid"}


def test_pictures_come_with_all_their_labels(table: ImageTable) -> None:
    rows = [replace(row, labels=labels) for row, labels in zip(table.rows, [(), (0,), (0, 1)], strict=False)]
    pictures = Pictures(replace(table, multilabel=True), rows, Transform(size_px=32), 0)
    found = [targets.tolist() for _, targets in pictures.batches([[2, 0], [1]])]
    assert found == [[[1, 1], [0, 0]], [[1, 0]]]


def test_steps_of_the_head_on_labels_are_those_of_torch() -> None:
    data = several_features(24)
    head = LinearHead(np.full((3, 4), 0.1, np.float32), np.zeros(3, np.float32), 0, INDEPENDENT)
    linear = nn.Linear(4, 3)
    with torch.no_grad():
        linear.weight.fill_(0.1)
        linear.bias.zero_()
    optimizer = torch.optim.SGD(linear.parameters(), lr=0.5, momentum=0.9)
    for step, batch in enumerate(data.batches(in_groups(range(24), 5))):  # the last has four examples
        inputs, targets = (torch.from_numpy(part) for part in batch)
        optimizer.zero_grad()
        logits = linear(inputs)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, targets)
        torch.autograd.backward(loss)
        optimizer.step()
        sums = head.train_step(batch, [0.0, 0.0, 0.5], seed=step)
        assert sums.mean_loss == pytest.approx(loss.item(), rel=1e-5)
        assert sums.correct == int(((logits > 0) == (targets > 0)).all(1).sum())
    momenta = [optimizer.state[part]["momentum_buffer"] for part in (linear.weight, linear.bias)]
    for found, expected in zip(head.copies(), (linear.weight, linear.bias, *momenta), strict=True):
        np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-6)
    assert np.abs(head.weight - 0.1).max() > 0.1


def test_an_exact_fit_of_each_label_is_scikit_learns_of_it_alone() -> None:
    from sklearn.linear_model import LogisticRegression

    head, data = LinearHead.at_zero(4, 3), several_features()
    head.objective = INDEPENDENT
    sums = head.fit_exactly(data)
    for label in range(3):
        # Mean loss + 5 / N * |weight|^2, as where there are classes, whatever the number of other labels.
        oracle = LogisticRegression(C=1 / (2 * PENALTY), tol=1e-8).fit(
            data.inputs.astype(float), data.targets[:, label]
        )
        np.testing.assert_allclose(head.weight[label], oracle.coef_[0], atol=2e-3)
        assert head.bias[label] == pytest.approx(oracle.intercept_[0], abs=2e-3)
    assert sums.correct == int(((head.logits(data.inputs) > 0) == (data.targets > 0)).all(1).sum()) > 20
    assert sums.mean_loss < 0.6


def test_a_step_of_the_body_on_labels_is_that_of_plain_torch() -> None:
    network, squares = small_network(dropout=0), noise_pictures().inputs
    targets = np.random.default_rng(2).integers(0, 2, (len(squares), 3)).astype(np.float32)
    network.freeze_to(0)
    head = LinearHead(network.classifier.weight.detach().numpy().copy(), np.zeros(3, np.float32), 0, INDEPENDENT)
    suffix = TrainableSuffix(network, head, threads=1)
    with torch.no_grad():
        network.classifier.bias.zero_()
        logits = network(torch.from_numpy(squares))
    expected = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(targets))
    bias = ((logits.sigmoid() - torch.from_numpy(targets)).sum(0) / targets.size).numpy()
    with suffix.training():
        sums = suffix.train_step((squares, targets), [0.5] * 3, seed=0)
    assert sums.mean_loss == pytest.approx(expected.item(), rel=1e-6)
    assert sums.correct == int(((logits > 0).numpy() == (targets > 0)).all(1).sum())
    np.testing.assert_allclose(head.bias, -0.5 * bias, atol=1e-7)
