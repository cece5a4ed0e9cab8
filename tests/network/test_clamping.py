"""ReLU6 without a copy: the same bits forward and backward."""

import torch
from torch import Tensor, nn

from unfreeze.network.clamping import clamped_in_place


def outcome(clamp: nn.Module) -> tuple[Tensor, Tensor]:
    inputs = torch.tensor([-1.0, 0.0, 1e-30, 3.0, 6.0, 7.0, float("inf"), float("nan")], requires_grad=True)
    output = clamp(inputs * 1)
    output.backward(torch.arange(1.0, 9.0))
    assert inputs.grad is not None
    return output.detach(), inputs.grad


def test_values_and_gradients_are_the_same_bits() -> None:
    clamp = nn.ReLU6(inplace=True)
    values, passed = outcome(clamp)
    with clamped_in_place(clamp):
        found, gradient = outcome(clamp)
    torch.testing.assert_close(found, values, rtol=0, atol=0, equal_nan=True)
    assert torch.equal(gradient, passed)
    assert gradient.tolist() == [0, 0, 3, 4, 0, 0, 0, 8]


def test_nothing_is_kept_but_the_output() -> None:
    kept: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.data_ptr())
        return tensor

    clamp = nn.ReLU6(inplace=True)
    values = torch.ones(4, requires_grad=True) * 1
    with clamped_in_place(clamp), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = clamp(values)
    assert kept == [output.data_ptr()] == [values.data_ptr()]


def test_only_in_place_ones_and_only_inside() -> None:
    module = nn.Sequential(nn.ReLU6(inplace=True), nn.ReLU6(inplace=False), nn.Hardtanh(inplace=True))
    with clamped_in_place(module):
        assert ["forward" in vars(part) for part in module] == [True, False, False]
    assert not any("forward" in vars(part) for part in module)
