"""The running average, beside torch's and beside the sum that it stands for."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn

from small import noise_pictures, small_network
from unfreeze.training.averaging import WeightAverage, kept_part
from unfreeze.training.head import LinearHead
from unfreeze.training.suffix import TrainableSuffix


def walks(steps: int) -> list[nn.Linear]:
    generator = torch.Generator().manual_seed(0)
    linear, found = nn.Linear(3, 2), []
    for _ in range(steps):
        with torch.no_grad():
            for part in linear.parameters():
                part.add_(torch.randn(part.shape, generator=generator))
        found.append(copy.deepcopy(linear))
    return found


def values(linear: nn.Linear, *, numpy: bool) -> dict[str, object]:
    return {name: part.detach().numpy() if numpy else part.detach() for name, part in linear.named_parameters()}


@pytest.mark.parametrize("numpy", [False, True])
@pytest.mark.parametrize(("decay", "steps"), [(0.05, 30), (0.9, 120)])
def test_once_it_is_warm_it_is_torchs(decay: float, steps: int, numpy: bool) -> None:
    average, path = WeightAverage(decay), walks(steps)
    plain = get_ema_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch's

    def warm(mean: torch.Tensor, value: torch.Tensor, count: torch.Tensor | int) -> torch.Tensor:
        kept = (1 + int(count)) / (10 + int(count))
        found: torch.Tensor = plain(mean, value, torch.as_tensor(count))
        return found if kept >= decay else mean * kept + value * (1 - kept)

    model = AveragedModel(nn.Linear(3, 2), avg_fn=warm)
    for linear in path:
        average.update(values(linear, numpy=numpy))
        model.update_parameters(linear)
    assert kept_part(decay, steps) == decay
    for name, mean in average.arrays().items():
        np.testing.assert_allclose(mean, model.module.get_parameter(name).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_it_is_the_sum_that_its_definition_says() -> None:
    average, values = WeightAverage(0.5), [1.0, 4.0, 2.0]
    for value in values:
        average.update({"x": np.array([value])})
    first = 1 * (2 / 11) + 4 * (9 / 11)
    assert average.arrays()["x"].tolist() == [pytest.approx(first * (3 / 12) + 2 * (9 / 12))]
    assert average.updates == 3


@pytest.mark.parametrize("numpy", [False, True])
def test_it_goes_on_from_what_was_saved_to_the_bit_and_changes_nothing_of_what_it_averages(numpy: bool) -> None:
    path = walks(6)
    through, resumed = WeightAverage(0.3), WeightAverage(0.3)
    for linear in path[:3]:
        through.update(values(linear, numpy=numpy))
    resumed.restore(through.arrays(), updates=through.updates)
    before = copy.deepcopy([linear.state_dict() for linear in path])
    for linear in path[3:]:
        for average in (through, resumed):
            average.update(values(linear, numpy=numpy))
    assert all(np.array_equal(mean, through.arrays()[name]) for name, mean in resumed.arrays().items())
    assert all(torch.equal(linear.weight, old["weight"]) for linear, old in zip(path, before, strict=True))


def test_what_stands_still_stays_exact() -> None:
    average, value = WeightAverage(0.9), np.array([0.1, 1e-8, 3e7], np.float32)
    for _ in range(50):
        average.update({"x": value})
    assert np.array_equal(average.arrays()["x"], value)


@pytest.mark.parametrize(("policy", "extra"), [("frozen", 0), ("train", 2)])
def test_of_a_network_what_trains_is_averaged(policy: str, extra: int) -> None:
    network = small_network()
    network.batch_norm = policy  # type: ignore[assignment]
    network.freeze_to(0)
    suffix = TrainableSuffix(network, LinearHead.at_zero(6, 3), threads=1)
    pictures = noise_pictures()
    with suffix.training():
        suffix.train_step((pictures.inputs, pictures.targets), [0.1] * 3, seed=0)
        found = suffix.trained()
        assert len(found) == len(list(network.parameters())) + extra
        assert torch.equal(found["stages.head.1.bias"], network.classifier.bias)
    head = LinearHead.at_zero(6, 3)
    assert list(head.trained()) == ["stages.head.1.weight", "stages.head.1.bias"]
    assert head.trained()["stages.head.1.weight"] is head.weight
    network.freeze_to(1)
    assert [name for name in suffix.trained() if name.startswith("stages.first") and "running" not in name] == []
