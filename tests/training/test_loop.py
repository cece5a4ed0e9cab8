"""The epoch loop and its two steps, beside arithmetic written out."""

import numpy as np
import pytest
import torch
from torch import nn

from unfreeze.errors import TrainingError
from unfreeze.training.batches import Batch, StoredActivations, in_groups
from unfreeze.training.loop import StepSums, on_device, run_epoch, training_step, validation_step


def linear(seed: int = 0) -> nn.Linear:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Linear(4, 3)


def examples(count: int = 7) -> StoredActivations:
    generator = np.random.default_rng(0)
    return StoredActivations(
        generator.normal(size=(count, 4)).astype(np.float32), generator.integers(0, 3, count).tolist()
    )


def test_sums_add_up_part_by_part() -> None:
    total = StepSums(2, 1.5, 1) + StepSums(3, 0.5, 3)
    assert total == StepSums(5, 2.0, 4)
    assert total.mean_loss == 0.4
    assert total.accuracy == 0.8


def test_epoch_takes_one_step_a_batch_in_order_and_adds_up() -> None:
    batches: list[Batch] = [(torch.full((n, 1), float(n)), torch.zeros(n, dtype=torch.int64)) for n in (3, 1, 2)]
    seen: list[Batch] = []

    def step(batch: Batch) -> StepSums:
        seen.append(batch)
        return StepSums(len(batch[1]), float(batch[0].sum()), 1)

    assert run_epoch(iter(batches), step) == StepSums(6, 9.0 + 1.0 + 4.0, 3)
    assert [id(batch) for batch in seen] == [id(batch) for batch in batches]
    assert run_epoch([], step) == StepSums()


@pytest.mark.parametrize("batch_size", [1, 3, 7])
def test_validation_counts_each_example_once_in_float64(batch_size: int) -> None:
    module, data = linear(), examples()
    sums = run_epoch(data.batches(in_groups(range(7), batch_size)), lambda batch: validation_step(module, batch))
    logits = module(torch.from_numpy(data.activations)).detach().double()
    labels = torch.tensor(data.labels)
    assert sums.examples == 7
    assert sums.mean_loss == pytest.approx(nn.functional.cross_entropy(logits, labels).item(), rel=1e-7)
    assert sums.correct == int((logits.argmax(1) == labels).sum())


def test_validation_sums_in_float64() -> None:
    class Fixed(nn.Linear):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return values

    logits = torch.tensor([[0.1, -0.2], [20.0, 0.0], [3.0, 1.0]])
    sums = validation_step(Fixed(1, 1), (logits, torch.tensor([0, 0, 1])))
    exact = logits.double().logsumexp(1) - logits.double()[torch.arange(3), torch.tensor([0, 0, 1])]
    assert sums.loss == pytest.approx(exact.sum().item(), rel=1e-14)
    assert sums.correct == 2


def test_validation_leaves_the_module_alone() -> None:
    module = nn.Sequential(nn.BatchNorm1d(4), linear()).eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with_gradients = []
    module.register_forward_hook(lambda *_: with_gradients.append(torch.is_grad_enabled()))
    for batch in examples().batches([[0, 1, 2]]):
        validation_step(module, batch)
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert not module.training
    assert with_gradients == [False]


def test_training_step_is_a_step_down_the_gradient_written_out() -> None:
    module, data = linear(), examples()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    weight, bias = (p.detach().double().numpy().copy() for p in (module.weight, module.bias))
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)  # a gradient left behind must not count
    batch = next(data.batches([range(7)]))
    sums = training_step(module, optimizer, batch)

    inputs, labels = data.activations.astype(np.float64), np.array(data.labels)
    logits = inputs @ weight.T + bias
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    error = (probabilities - np.eye(3)[labels]) / 7  # gradient of the mean loss by the logits, (7, 3)
    assert module.weight.detach().numpy() == pytest.approx(weight - 0.5 * error.T @ inputs, abs=1e-6)
    assert module.bias.detach().numpy() == pytest.approx(bias - 0.5 * error.sum(0), abs=1e-6)
    assert sums.examples == 7
    assert sums.loss == pytest.approx(-np.log(probabilities[np.arange(7), labels]).sum(), rel=1e-6)
    assert sums.correct == (logits.argmax(1) == labels).sum()


def test_frozen_parameter_is_not_trained() -> None:
    module = linear()
    module.bias.requires_grad_(False)
    before = module.bias.detach().clone()
    training_step(module, torch.optim.SGD(module.parameters(), lr=0.5), next(examples().batches([range(7)])))
    assert torch.equal(module.bias, before)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_loss_that_is_not_finite_stops_before_the_step(value: float) -> None:
    module = linear()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5, momentum=0.9)
    batch = next(examples().batches([range(7)]))
    training_step(module, optimizer, batch)
    weights = [p.detach().clone() for p in module.parameters()]
    momenta = [optimizer.state[p]["momentum_buffer"].clone() for p in module.parameters()]
    batch[0][3, 2] = value
    with pytest.raises(TrainingError, match="training loss became nan; choose a lower learning rate") as error:
        training_step(module, optimizer, batch)
    assert error.value.subject == "loss"
    assert all(torch.equal(p, before) for p, before in zip(module.parameters(), weights, strict=True))
    for parameter, momentum in zip(module.parameters(), momenta, strict=True):
        assert torch.equal(optimizer.state[parameter]["momentum_buffer"], momentum)


def test_pictures_come_in_the_memory_format_of_convolutions() -> None:
    squares, labels = torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.tensor([0, 1])
    found, same = on_device(linear(), (squares, labels))
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(same, labels)
    assert on_device(linear(), (torch.zeros(2, 4), labels))[0].is_contiguous()
