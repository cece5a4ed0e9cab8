"""The head in numpy, beside torch and beside arithmetic on paper."""

import copy
import math
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
import torch
from threadpoolctl import threadpool_info
from torch import nn

from small import HeldExamples, noise_features
from unfreeze.errors import TrainingError
from unfreeze.network.groups import DROPOUT
from unfreeze.training.batches import in_groups
from unfreeze.training.head import PENALTY, ROWS_AT_A_TIME, LinearHead
from unfreeze.training.loop import run_epoch
from unfreeze.training.objective import cross_entropy

RATES = [9.0, 9.0, 0.25]


def random_head(seed: int = 0, features: int = 4, classes: int = 3, dropout: float = DROPOUT) -> LinearHead:
    generator = np.random.default_rng(seed)
    weight, bias = generator.normal(size=(classes, features)), generator.normal(size=classes)
    return LinearHead(weight.astype(np.float32), bias.astype(np.float32), dropout)


def torch_twin(head: LinearHead) -> nn.Linear:
    linear = nn.Linear(head.weight.shape[1], head.weight.shape[0])
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(head.weight))
        linear.bias.copy_(torch.from_numpy(head.bias))
    return linear


def test_a_new_head_calls_all_classes_equally_likely() -> None:
    head = LinearHead.at_zero(4, 3)
    sums = head.valid_step(next(noise_features(7).batches([range(7)])))
    assert [part.shape for part in head.copies()] == [(3, 4), (3,), (3, 4), (3,)]
    assert all(part.dtype == np.float32 and not part.any() for part in head.copies())
    assert sums.mean_loss == pytest.approx(math.log(3), rel=1e-12)


@pytest.mark.parametrize("asked", [(), (0.95, 0.9, 0.85, 0.87, 0.93)])
def test_steps_are_those_of_torchs_sgd_with_momentum(asked: tuple[float, ...]) -> None:
    head, data = random_head(dropout=0), noise_features(24)
    linear = torch_twin(head)
    optimizer = torch.optim.SGD(linear.parameters(), lr=1.0, momentum=0.9)
    for step, batch in enumerate(data.batches(in_groups(range(24), 5))):  # the last has four examples
        optimizer.param_groups[0]["lr"] = rate = 0.5 / (1 + step)
        optimizer.param_groups[0]["momentum"] = asked[step] if asked else 0.9
        optimizer.zero_grad()
        inputs, labels = (torch.from_numpy(part) for part in batch)
        logits = linear(inputs)
        loss = nn.functional.cross_entropy(logits, labels)
        torch.autograd.backward(loss)
        optimizer.step()
        named = {"momentum": asked[step]} if asked else {}
        sums = head.train_step(batch, [0.0, 0.0, rate], seed=step, **named)
        assert sums.examples == len(labels)
        assert sums.mean_loss == pytest.approx(loss.item(), rel=1e-5)
        assert sums.correct == int((logits.argmax(1) == labels).sum())
    momenta = [optimizer.state[part]["momentum_buffer"] for part in (linear.weight, linear.bias)]
    for found, expected in zip(head.copies(), (linear.weight, linear.bias, *momenta), strict=True):
        np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-6)
    assert np.abs(head.weight - random_head().weight).max() > 0.1


def test_two_steps_on_paper() -> None:
    head = LinearHead(np.zeros((2, 1), np.float32), np.zeros(2, np.float32), dropout=0)
    batch = np.array([[4.0], [2.0]], np.float32), np.array([0, 1])
    sums = head.train_step(batch, [0.5], seed=0)
    # Both classes have probability 1/2: the slope of class 0 is ((1/2 - 1) * 4 + 1/2 * 2) / 2 = -1/2; the bias's is 0.
    assert head.weight.tolist() == [[0.25], [-0.25]]
    assert head.bias.tolist() == [0, 0]
    assert (sums.examples, sums.correct) == (2, 1)
    assert sums.loss == pytest.approx(2 * math.log(2))
    head.train_step((np.zeros((1, 1), np.float32), np.array([0])), [0.5], seed=1)
    # No slope for the weight, so 0.9 of the old one; -1/2 and 1/2 for the bias.
    assert head.weight.tolist() == [[pytest.approx(0.25 + 0.5 * 0.45)], [pytest.approx(-0.25 - 0.5 * 0.45)]]
    assert head.bias.tolist() == [0.25, -0.25]


def dropped(seed: int, shape: tuple[int, int] = (1, 20_000)) -> npt.NDArray[np.float32]:
    """What a step makes of features that are all one, read off the second class's slope: half of it for one row."""
    head = LinearHead.at_zero(shape[1], 2)
    head.train_step((np.ones(shape, np.float32), np.zeros(shape[0], np.int64)), RATES, seed=seed)
    seen: npt.NDArray[np.float32] = 2 * head.weight_velocity[1]
    return seen


def test_dropout_keeps_four_fifths_and_makes_up_for_the_rest() -> None:
    seen = dropped(5)
    assert sorted(set(seen.tolist())) == [0.0, pytest.approx(1.25)]
    assert (seen > 0).mean() == pytest.approx(1 - DROPOUT, abs=0.012)  # four standard deviations
    assert seen.mean() == pytest.approx(1, abs=0.015)


def test_dropout_draws_for_each_row() -> None:
    halves = dropped(5, (2, 5000))  # 0, 0.625 and 1.25, as none, one or both of the two rows kept a feature
    shares = [(np.abs(halves - value) < 1e-6).mean() for value in (0, 0.625, 1.25)]
    assert shares == pytest.approx([0.04, 0.32, 0.64], abs=0.03)


def test_dropout_is_decided_by_the_seed_alone() -> None:
    first = dropped(5)
    np.random.seed(1)
    assert np.array_equal(dropped(5), first)
    assert (dropped(6) > 0).tolist() != (first > 0).tolist()


@pytest.mark.parametrize("scale", [1, 50])
def test_cross_entropy_is_torchs(scale: float) -> None:
    logits = (scale * np.random.default_rng(0).normal(size=(40, 5))).astype(np.float32)
    labels = np.arange(40) % 5
    losses, probabilities = cross_entropy(logits, labels)
    exact = torch.from_numpy(logits).double()
    expected = nn.functional.cross_entropy(exact, torch.from_numpy(labels), reduction="none")
    assert losses.dtype == probabilities.dtype == np.float64
    np.testing.assert_allclose(losses, expected, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(probabilities, exact.softmax(1), rtol=1e-13)


def test_cross_entropy_of_huge_logits() -> None:
    logits = np.array([[1e30, 0, -1e30], [-3e38, 3e38, 0], [1e4, 1e4, -1e4]], np.float32)
    losses, probabilities = cross_entropy(logits, np.array([0, 0, 1]))
    assert losses == pytest.approx([0, 2 * float(np.float32(3e38)), math.log(2)])
    assert probabilities.tolist() == [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0]]


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), float("nan")])
def test_loss_that_is_not_finite_stops_before_the_step(value: float) -> None:
    head = random_head()
    inputs, labels = next(noise_features(7).batches([range(7)]))
    head.train_step((inputs, labels), RATES, seed=0)
    before = head.copies()
    inputs[3] = value
    with pytest.raises(TrainingError, match="training loss became nan; choose a lower learning rate"):
        head.train_step((inputs, labels), RATES, seed=1)
    assert all(np.array_equal(*pair) for pair in zip(head.copies(), before, strict=True))


@pytest.mark.parametrize("scale", [1, 100])  # it is the logits, or the weights, that no number holds any more
def test_a_rate_beyond_all_numbers_ends_in_the_error_and_not_in_warnings(scale: int) -> None:
    head, (inputs, labels) = random_head(), next(noise_features(7).batches([range(7)]))
    batch = inputs * np.float32(scale), labels

    def blow_up() -> None:
        for seed in range(30):
            head.train_step(batch, [3e38], seed=seed)

    with pytest.raises(TrainingError, match="training loss became"):
        blow_up()
    head.weight[0] = 3e38
    assert not math.isfinite(head.valid_step((batch[0] * 9, batch[1])).loss)


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_everything_is_as_before(error: type[BaseException] | None) -> None:
    head, data = random_head(), noise_features(12)
    batches = list(data.batches(in_groups(range(12), 4)))
    head.train_step(batches[0], RATES, seed=0)
    before = head.copies()

    def disturb() -> None:
        with head.preserved():
            for batch in batches:
                head.train_step(batch, RATES, seed=1)
            assert not any(np.array_equal(*pair) for pair in zip(head.copies(), before, strict=True))
            if error:
                raise error

    if error:
        with pytest.raises(error):
            disturb()
    else:
        disturb()
    assert all(np.array_equal(*pair) for pair in zip(head.copies(), before, strict=True))


def test_copies_share_nothing_and_restoring_may_leave_the_momenta() -> None:
    head = random_head()
    head.train_step(next(noise_features(7).batches([range(7)])), RATES, seed=0)
    kept, momenta = copy.deepcopy(head.copies()), head.copies()[2:]
    copies = head.copies()
    for part in copies:
        part += 1
    assert all(np.array_equal(*pair) for pair in zip(head.copies(), kept, strict=True))
    head.restore(copies[:2])
    assert np.array_equal(head.weight, kept[0] + 1)
    assert all(np.array_equal(*pair) for pair in zip(head.copies()[2:], momenta, strict=True))


@pytest.mark.parametrize("count", [1, ROWS_AT_A_TIME, 2 * ROWS_AT_A_TIME + 3])
def test_all_logits_are_those_of_one_go(count: int) -> None:
    head, data = random_head(), noise_features(count)
    asked: list[int] = []

    class Watched(HeldExamples):
        def batches(self, indices):  # type: ignore[no-untyped-def]
            asked.extend(map(len, indices))
            return super().batches(indices)

    found = head.all_logits(Watched(data.inputs, data.targets))
    assert (found.shape, found.dtype) == ((count, 3), np.dtype(np.float32))
    np.testing.assert_allclose(found, head.logits(data.inputs), atol=1e-6)
    with torch.inference_mode():
        np.testing.assert_allclose(found, torch_twin(head)(torch.from_numpy(data.inputs)), atol=1e-5)
    assert max(asked) <= ROWS_AT_A_TIME


@pytest.mark.parametrize("batch_size", [1, 3, 7])
def test_validation_drops_nothing_and_counts_each_example_once(batch_size: int) -> None:
    head, data = random_head(), noise_features(7)
    before = head.copies()
    sums = run_epoch(data.batches(in_groups(range(7), batch_size)), head.valid_step)
    logits, labels = torch.from_numpy(head.logits(data.inputs)).double(), torch.tensor(data.targets)
    assert sums.examples == 7
    assert sums.mean_loss == pytest.approx(nn.functional.cross_entropy(logits, labels).item(), rel=1e-7)
    assert sums.correct == int((logits.argmax(1) == labels).sum())
    assert all(np.array_equal(*pair) for pair in zip(head.copies(), before, strict=True))


def test_training_uses_one_thread_of_linear_algebra_and_gives_the_others_back() -> None:
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    assert before
    with random_head().training():
        assert set(threads()) == {1}
    assert threads() == before


def test_training_a_head_loads_no_torch() -> None:
    code = (
        "import sys, unfreeze.training.trainer, unfreeze.training.batches, unfreeze.training.head,"
        "unfreeze.training.lr_find, unfreeze.training.checkpoints, unfreeze.training.history;"
        "sys.exit(bool({'torch', 'timm', 'onnx'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_exact_fit_is_scikit_learns() -> None:
    from sklearn.linear_model import LogisticRegression

    head, data = random_head(), noise_features(60)
    sums = head.fit_exactly(data)
    # Mean loss + 5 / N * |weight|^2 has its lowest point where scikit-learn's sum of losses + |weight|^2 / (2 C) has.
    oracle = LogisticRegression(C=1 / (2 * PENALTY), tol=1e-8).fit(data.inputs.astype(np.float64), data.targets)
    np.testing.assert_allclose(head.weight, oracle.coef_, atol=2e-3)
    np.testing.assert_allclose(head.bias - head.bias.mean(), oracle.intercept_ - oracle.intercept_.mean(), atol=2e-3)
    losses, _ = cross_entropy(head.logits(data.inputs), data.targets)
    assert sums.loss == pytest.approx(losses.sum())
    assert not head.weight_velocity.any()
    assert not head.bias_velocity.any()
