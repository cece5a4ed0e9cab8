"""Steps on the stages after a cut: rates of groups, momentum, dropout, and what training leaves as it was."""

import copy
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import nn

from made import expecting
from small import HeldExamples, noise_features, noise_pictures, small_network
from unfreeze.errors import TrainingError
from unfreeze.network.network import Network
from unfreeze.training.batches import Batch
from unfreeze.training.head import LinearHead
from unfreeze.training.suffix import TrainableSuffix, copy_head, on_device

EQUAL = [0.1, 0.1, 0.1]


def random_head(network: Network) -> LinearHead:
    generator = np.random.default_rng(3)
    shape = network.classifier.weight.shape
    return LinearHead(generator.normal(size=shape).astype(np.float32), np.zeros(shape[0], np.float32))


def suffix_of(network: Network, first: int, head: LinearHead | None = None) -> TrainableSuffix:
    network.freeze_to(first)
    suffix = TrainableSuffix(network, head or random_head(network), threads=1)
    suffix.cut = network.cut
    return suffix


def batch_of(examples: HeldExamples) -> Batch:
    return next(examples.batches([range(len(examples.targets))]))


def at_cut(network: Network, examples: HeldExamples) -> HeldExamples:
    """Activations before the first stage that trains."""
    with torch.inference_mode():
        values = network.prefix(network.cut)(torch.from_numpy(examples.inputs)).numpy()
    return HeldExamples(values, examples.targets)


def train(suffix: TrainableSuffix, batch: Batch, rates: Sequence[float] = EQUAL, *, steps: int = 1) -> list[float]:
    suffix.cut = suffix.network.cut
    with suffix.training():
        return [suffix.train_step(batch, rates, seed=step).mean_loss for step in range(steps)]


def body(network: Network) -> dict[str, torch.Tensor]:
    return {n: t.clone() for n, t in network.state_dict().items() if not n.startswith("stages.head.")}


def all_same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> bool:
    return list(found) == list(expected) and all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_step_in_the_head_one_in_torch_and_one_in_the_head_are_three_steps_of_one_optimizer() -> None:
    network, batch = small_network(dropout=0), batch_of(noise_features(12, width=6))
    head = random_head(network)
    head.dropout = 0
    linear = nn.Linear(6, 3)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(head.weight))
        linear.bias.zero_()
    optimizer = torch.optim.SGD(linear.parameters(), lr=0.3, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(linear(torch.from_numpy(batch[0])), torch.from_numpy(batch[1]))
        torch.autograd.backward(loss)
        optimizer.step()
    rates = [0.0, 0.0, 0.3]
    head.train_step(batch, rates, seed=0)
    train(suffix_of(network, 2, head), batch, rates)
    head.train_step(batch, rates, seed=2)
    momenta = [optimizer.state[part]["momentum_buffer"] for part in (linear.weight, linear.bias)]
    for found, expected in zip(head.copies(), (linear.weight, linear.bias, *momenta), strict=True):
        np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-6)


def test_the_networks_head_follows_the_one_it_is_trained_for() -> None:
    network = small_network()
    suffix, batch = suffix_of(network, 0), batch_of(noise_pictures())
    head = suffix._head
    head.weight += 1  # as if it had been trained apart
    start = head.copies()
    train(suffix, batch, [1e-9] * 3)
    np.testing.assert_allclose(network.classifier.weight.detach(), start[0], atol=1e-6)
    train(suffix, batch)
    assert np.abs(head.weight - start[0]).max() > 1e-3
    assert np.array_equal(network.classifier.weight.detach(), head.weight)
    network.classifier.weight.data.add_(1)
    assert not np.array_equal(network.classifier.weight.detach(), head.weight)  # they share no memory


def test_an_interrupted_training_leaves_the_head_where_the_last_step_left_it() -> None:
    network = small_network()
    suffix, batch = suffix_of(network, 0), batch_of(noise_pictures())
    before = suffix._head.copies()

    def interrupted() -> None:
        with suffix.training():
            suffix.train_step(batch, EQUAL, seed=0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not any(np.array_equal(*pair) for pair in zip(suffix._head.copies(), before, strict=True))
    assert np.array_equal(network.classifier.weight.detach(), suffix._head.weight)
    assert not network.training


def test_only_thawed_groups_move_each_at_its_own_rate() -> None:
    network = small_network(dropout=0)
    suffix, pictures = suffix_of(network, 1), noise_pictures()
    with suffix.training():
        before = copy.deepcopy(network.state_dict())
        suffix.train_step(batch_of(at_cut(network, pictures)), [9.0, 0.5, 0.25], seed=0)
    for name, rate in (("early", 0.0), ("late", 0.5), ("head", 0.25)):
        for parameter in network.groups[name]:
            gradient = dict(network.named_parameters())[parameter].grad
            change = network.state_dict()[parameter] - before[parameter]
            expected = torch.zeros(()) if gradient is None else -rate * gradient
            assert torch.allclose(change, expected, rtol=1e-4, atol=1e-7), parameter
            assert bool(change.any()) == (rate > 0), parameter
    assert torch.equal(network.state_dict()["stages.first.1.running_mean"], before["stages.first.1.running_mean"])


def test_momentum_of_a_group_that_is_frozen_again_stands_still_and_goes_on() -> None:
    network = small_network()
    suffix, pictures = suffix_of(network, 0), noise_pictures()
    train(suffix, batch_of(pictures), steps=2)
    early = network.group_parameters("early")
    kept = [suffix.optimizer.state[part]["momentum_buffer"].clone() for part in early]
    weights = [part.detach().clone() for part in early]
    network.freeze_to(1)
    train(suffix, batch_of(at_cut(network, pictures)), steps=2)
    assert all(torch.equal(*pair) for pair in zip(early, weights, strict=True))
    network.freeze_to(0)
    train(suffix, batch_of(pictures))
    for part, momentum in zip(early, kept, strict=True):
        assert part.grad is not None
        expected = 0.9 * momentum + part.grad
        assert torch.allclose(suffix.optimizer.state[part]["momentum_buffer"], expected, atol=1e-7)


def test_momentum_of_each_step_is_that_of_torchs_sgd_in_every_group() -> None:
    network, pictures = small_network(dropout=0), noise_pictures()
    suffix, momenta, rates = suffix_of(network, 0), (0.95, 0.85, 0.5, 0.9), [0.01, 0.02, 0.03]
    copy_head(suffix._head, network)
    twin = copy.deepcopy(network)
    groups = [{"params": twin.group_parameters(name), "lr": r} for name, r in zip(twin.groups, rates, strict=True)]
    optimizer = torch.optim.SGD(groups, lr=1.0, momentum=0.1)
    batch = batch_of(pictures)
    for momentum in momenta:
        for group in optimizer.param_groups:
            group["momentum"] = momentum
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(twin(torch.from_numpy(batch[0])), torch.from_numpy(batch[1]))
        torch.autograd.backward(loss)
        optimizer.step()
    with suffix.training():
        for step, momentum in enumerate(momenta):
            suffix.train_step(batch, rates, seed=step, momentum=momentum)
    for (name, found), expected in zip(network.named_parameters(), twin.parameters(), strict=True):
        assert torch.allclose(found, expected, atol=1e-6), name
        buffer = suffix.optimizer.state[found]["momentum_buffer"]
        assert torch.allclose(buffer, optimizer.state[expected]["momentum_buffer"], atol=1e-6), name


def test_a_step_that_names_no_momentum_takes_the_lessons_again() -> None:
    suffix, batch = suffix_of(small_network(), 0), batch_of(noise_pictures())
    with suffix.training():
        suffix.train_step(batch, EQUAL, seed=0, momentum=0.5)
        assert [group["momentum"] for group in suffix.optimizer.param_groups] == [0.5] * 3
        suffix.train_step(batch, EQUAL, seed=1)
        assert [group["momentum"] for group in suffix.optimizer.param_groups] == [0.9] * 3


def whole_network_step(network: Network, head: LinearHead, pictures: HeldExamples, rate: float) -> float:
    """A step of plain torch on squares, without momentum from before."""
    with torch.no_grad():
        network.classifier.weight.copy_(torch.from_numpy(head.weight))
    network.training_mode()
    trained = [part for part in network.parameters() if part.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=rate)
    squares, labels = (torch.from_numpy(part) for part in batch_of(pictures))
    loss = nn.functional.cross_entropy(network(squares), labels)
    torch.autograd.backward(loss)
    optimizer.step()
    network.eval()
    return loss.item()


@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_step_from_a_cut_is_the_step_of_the_whole_network_on_squares(first: int) -> None:
    network, pictures = small_network(dropout=0), noise_pictures()
    suffix = suffix_of(network, first)
    twin = copy.deepcopy(network)
    expected = whole_network_step(twin, suffix._head, pictures, 0.1)
    before = body(network)
    examples = pictures if first == 0 else at_cut(network, pictures)
    assert examples.inputs.shape[1:] == [(3, 8, 8), (4, 8, 8), (6,)][first]
    assert train(suffix, batch_of(examples)) == [pytest.approx(expected, rel=1e-6)]
    for name, tensor in twin.state_dict().items():
        assert torch.allclose(network.state_dict()[name], tensor, atol=1e-6), name
    assert all_same(body(network), before) == (first == 2)


def test_sums_are_those_of_the_batch_before_the_step() -> None:
    network, pictures = small_network(dropout=0), noise_pictures()
    suffix = suffix_of(network, 0)
    with suffix.training():
        logits = network(torch.from_numpy(pictures.inputs)).detach()
        sums = suffix.train_step(batch_of(pictures), EQUAL, seed=0)
    labels = torch.tensor(pictures.targets)
    assert sums.examples == 10
    assert sums.mean_loss == pytest.approx(nn.functional.cross_entropy(logits, labels).item(), rel=1e-6)
    assert sums.correct == int((logits.argmax(1) == labels).sum())


def test_dropout_is_decided_by_the_seed_of_the_step_alone() -> None:
    losses = []
    for seed, disturbed in ((1, False), (1, True), (2, False)):
        suffix = suffix_of(small_network(), 0)
        with suffix.training():
            if disturbed:
                torch.rand(7)
            losses.append(suffix.train_step(batch_of(noise_pictures()), EQUAL, seed=seed).loss)
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


@pytest.mark.parametrize("error", [None, ValueError])
def test_random_state_and_threads_are_as_before_and_the_network_is_in_eval_mode(error: type[Exception] | None) -> None:
    network = small_network()
    suffix = TrainableSuffix(network, random_head(network), threads=torch.get_num_threads() + 1)
    network.freeze_to(1)
    suffix.cut = network.cut
    batch = batch_of(at_cut(network, noise_pictures()))
    before = torch.get_rng_state(), torch.get_num_threads()
    modes: dict[str, bool] = {}

    with expecting(error), suffix.training():
        suffix.train_step(batch, EQUAL, seed=0)
        modes.update((name, stage.training) for name, stage in network.stages.items())
        assert torch.get_num_threads() == before[1] + 1
        if error:
            raise error
    assert modes == {"pixels": False, "first": False, "second": True, "pool": False, "head": True}
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
    assert not any(module.training for module in network.modules())


def test_a_gradient_left_behind_does_not_count() -> None:
    found = []
    for left in (False, True):
        network = small_network()
        suffix = suffix_of(network, 0)
        if left:
            for part in network.parameters():
                part.grad = torch.ones_like(part)
        train(suffix, batch_of(noise_pictures()))
        found.append(network.state_dict())
    assert all_same(found[0], found[1])


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_loss_that_is_not_finite_stops_before_the_step(value: float) -> None:
    network = small_network()
    suffix = suffix_of(network, 1)
    inputs, labels = batch_of(at_cut(network, noise_pictures()))
    train(suffix, (inputs, labels))
    weights, momenta = body(network), copy.deepcopy(suffix.optimizer.state_dict()["state"])
    head = suffix._head.copies()
    inputs[3, 2] = value
    with pytest.raises(TrainingError, match="training loss became nan; choose a lower learning rate"):
        train(suffix, (inputs, labels))
    assert all_same(body(network), weights)
    assert all(np.array_equal(*pair) for pair in zip(suffix._head.copies(), head, strict=True))
    for index, values in suffix.optimizer.state_dict()["state"].items():
        assert torch.equal(values["momentum_buffer"], momenta[index]["momentum_buffer"])


@pytest.mark.parametrize("steps_before", [0, 2])
@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_preserved_leaves_not_one_bit_changed(steps_before: int, error: type[BaseException] | None) -> None:
    network = small_network()
    suffix, batch = suffix_of(network, 0), batch_of(noise_pictures())
    if steps_before:
        train(suffix, batch, steps=steps_before)
    before = copy.deepcopy((network.state_dict(), suffix.optimizer.state_dict(), suffix._head.copies()))

    with expecting(error), suffix.preserved(), suffix.training():
        suffix.train_step(batch, [0.3] * 3, seed=9)
        if error:
            raise error
    assert all_same(network.state_dict(), before[0])
    assert all(np.array_equal(*pair) for pair in zip(suffix._head.copies(), before[2], strict=True))
    after = suffix.optimizer.state_dict()
    assert after["param_groups"] == before[1]["param_groups"]
    assert list(after["state"]) == list(before[1]["state"])
    for index, values in before[1]["state"].items():
        assert torch.equal(after["state"][index]["momentum_buffer"], values["momentum_buffer"])


def test_batch_norm_moves_where_it_is_asked_to_and_its_group_trains() -> None:
    network = small_network()
    network.batch_norm = "train"
    mean = network.get_buffer("stages.first.1.running_mean")
    before = mean.clone()
    train(suffix_of(network, 1), batch_of(at_cut_of_second(network)))
    assert torch.equal(mean, before)
    train(suffix_of(network, 0), batch_of(noise_pictures()))
    assert not torch.equal(mean, before)


def at_cut_of_second(network: Network) -> HeldExamples:
    network.freeze_to(1)
    return at_cut(network, noise_pictures())


def test_pictures_come_in_the_memory_format_of_convolutions() -> None:
    linear, labels = nn.Linear(4, 3), np.array([0, 1])
    found, same = on_device(linear, (np.zeros((2, 3, 4, 4), np.uint8), labels))
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert same.tolist() == [0, 1]
    assert on_device(linear, (np.zeros((2, 4), np.float32), labels))[0].is_contiguous()
