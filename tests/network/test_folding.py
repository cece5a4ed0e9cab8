"""A folded module gives what it gave, with the same gradients, and is afterwards what it was."""

import copy
from typing import Literal

import pytest
import torch
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.norm_act import BatchNormAct2d
from timm.layers.std_conv import ScaledStdConv2d
from torch import Tensor, nn

from unfreeze.network.build import build_network
from unfreeze.network.clamping import clamped_in_place
from unfreeze.network.folding import foldable_pairs, folded, folded_weights


def stirred(module: nn.Module) -> nn.Module:
    """Gives BatchNorm statistics and affine parameters that differ from the start's zeros and ones."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                assert part.running_mean is not None
                assert part.running_var is not None
                part.running_mean.normal_(0, 0.2)
                part.running_var.uniform_(0.5, 2)
                if part.affine:
                    part.weight.uniform_(0.5, 1.5)
                    part.bias.normal_(0, 0.2)
    return module.eval()


def noise(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def gradients(module: nn.Module, inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Output, and the gradients of a weighted sum of it."""
    module.zero_grad()
    output = module(inputs)
    (output * torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)).sum().backward()
    found = {
        name: parameter.grad.clone() for name, parameter in module.named_parameters() if parameter.grad is not None
    }
    return output.detach().clone(), found


def assert_same_when_folded(module: nn.Module, inputs: Tensor, *, pairs: int, tolerance: float) -> None:
    assert len(foldable_pairs(module, inputs[:1])) == pairs
    expected, wanted = gradients(module, inputs)
    with folded(module, batch_size=1, smallest_output=0), clamped_in_place(module):
        output, found = gradients(module, inputs)
    assert (output - expected).norm() <= tolerance * expected.norm()
    assert found.keys() == wanted.keys()
    for name, gradient in found.items():
        assert (gradient - wanted[name]).norm() <= tolerance * wanted[name].norm() + 1e-30, name


def conv_norm(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Sequential:
    return nn.Sequential(convolution, norm)


def test_folded_weights_on_paper() -> None:
    convolution, norm = nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1, eps=1.0)
    for tensor, value in ((convolution.weight, 5.0), (convolution.bias, 7.0), (norm.weight, 6.0), (norm.bias, 2.0)):
        assert tensor is not None
        nn.init.constant_(tensor, value)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.fill_(4.0)
    norm.running_var.fill_(8.0)
    weight, bias = folded_weights(convolution, norm)  # scale 6 / sqrt(8 + 1) = 2
    assert weight.item() == pytest.approx(10.0)
    assert bias.item() == pytest.approx(2 + (7 - 4) * 2)


@pytest.mark.parametrize(
    "module",
    [
        conv_norm(nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6)),
        conv_norm(nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.BatchNorm2d(4)),
        conv_norm(nn.Conv2d(4, 6, 1), nn.BatchNorm2d(6, affine=False)),
        conv_norm(Conv2dSame(4, 6, 3, stride=2, bias=False), BatchNormAct2d(6, act_layer=nn.ReLU6)),
        conv_norm(nn.Conv2d(4, 6, 1, bias=False), BatchNormAct2d(6, act_layer=nn.SiLU)),
    ],
    ids=["plain", "depthwise", "no affine", "same padding", "activation"],
)
def test_outputs_and_gradients_stay_the_same(module: nn.Module) -> None:
    torch.manual_seed(0)
    assert_same_when_folded(stirred(module).double(), noise(3, 4, 9, 9), pairs=1, tolerance=1e-10)


@pytest.mark.parametrize(("backbone", "pairs"), [("efficientnet_lite0", 49), ("resnet18", 20)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_whole_networks_stay_the_same(backbone: str, pairs: int, dtype: torch.dtype, tolerance: float) -> None:
    network = build_network(backbone, classes=3, pretrained=False)
    nn.init.ones_(network.classifier.weight)
    network.freeze_to(0)
    stirred(network)
    module = network.suffix("stem").to(dtype).to(memory_format=torch.channels_last)
    assert_same_when_folded(module, noise(2, 3, 64, 64).to(dtype), pairs=pairs, tolerance=tolerance)


class Read(nn.Module):
    """A convolution and its BatchNorm, with something else done to what lies between them."""

    def __init__(self, between: str) -> None:
        super().__init__()
        self.convolution, self.norm, self.between = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), between

    def forward(self, values: Tensor) -> Tensor:
        found = self.convolution(values)
        if self.between == "before":
            return found.mean() + self.norm(found)  # type: ignore[no-any-return]
        if self.between == "after":
            return self.norm(found) + found  # type: ignore[no-any-return]
        if self.between == "detached view":
            return self.norm(found) * found.detach()[:, :1].sum()  # type: ignore[no-any-return]
        if self.between == "another tensor":
            return self.norm(found * 1)  # type: ignore[no-any-return]
        return self.norm(self.convolution(found))  # type: ignore[no-any-return]


@pytest.mark.parametrize("between", ["before", "after", "detached view", "another tensor", "convolved twice"])
def test_convolutions_that_others_read_are_left_alone(between: str) -> None:
    assert_same_when_folded(stirred(Read(between)).double(), noise(2, 4, 5, 5), pairs=0, tolerance=0.0)


def test_what_is_not_exactly_known_is_left_alone() -> None:
    hooked = conv_norm(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
    hooked[0].register_forward_hook(lambda module, inputs, output: None)
    untracked = conv_norm(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, track_running_stats=False))
    standardised = conv_norm(ScaledStdConv2d(4, 4, 1), nn.BatchNorm2d(4))
    for module in (hooked, untracked, standardised):
        assert foldable_pairs(module.eval().float(), noise(1, 4, 5, 5).float()) == []


@pytest.mark.parametrize(("smallest_output", "pairs"), [(2 * 4 * 25, 1), (2 * 4 * 25 + 1, 0)])
def test_small_outputs_are_not_folded(smallest_output: int, pairs: int) -> None:
    module = stirred(conv_norm(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)))
    with folded(module, batch_size=2, smallest_output=smallest_output):
        module(noise(2, 4, 5, 5).float())
        assert sum("forward" in vars(part) for part in module.modules()) == 2 * pairs


@pytest.mark.parametrize("policy", ["frozen", "train"])
def test_statistics_move_only_when_they_are_told_to(policy: Literal["frozen", "train"]) -> None:
    network = build_network("resnet18", classes=3, pretrained=False)
    network.batch_norm = policy
    network.freeze_to(0)
    network.training_mode()
    before = copy.deepcopy(network.state_dict())
    squares = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with folded(network, batch_size=1, smallest_output=0):
        network(squares)
        assert ("forward" in vars(network.stages["stem"][0])) == (policy == "frozen")  # type: ignore[index]
    moved = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    statistics = {name for name in before if "running_" in name or "num_batches" in name}
    assert moved == (statistics if policy == "train" else set())


def test_names_modules_modes_and_random_state_stay_what_they_are() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU6(inplace=True), nn.Dropout(0.5))
    module.train()
    module[1].eval()
    names, modes = list(module.state_dict()), [part.training for part in module.modules()]
    attributes = [set(vars(part)) for part in module.modules()]
    parameters = [id(parameter) for parameter in module.parameters()]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        module(torch.ones(1, 3, 4, 4))
        drawn = torch.rand(1)
        torch.manual_seed(5)
        with folded(module, batch_size=1, smallest_output=0), clamped_in_place(module):
            module(torch.ones(1, 3, 4, 4))
            assert torch.equal(torch.rand(1), drawn)
            assert list(module.state_dict()) == names
            assert [id(parameter) for parameter in module.parameters()] == parameters
            assert "forward" in vars(module[0])
    assert [set(vars(part)) for part in module.modules()] == attributes
    assert [part.training for part in module.modules()] == modes
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


def fail_inside(module: nn.Module) -> None:
    with folded(module, batch_size=1, smallest_output=0), clamped_in_place(module):
        module(torch.ones(1, 3, 4, 4))
        assert "forward" in vars(module[1])  # type: ignore[index]
        module(torch.ones(1, 5, 4, 4))  # the convolution takes three channels


def test_an_exception_inside_restores_all() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU6(inplace=True)).eval()
    attributes = [set(vars(part)) for part in module.modules()]
    with pytest.raises(RuntimeError, match="channels"):
        fail_inside(module)
    assert [set(vars(part)) for part in module.modules()] == attributes


def test_context_without_a_call_leaves_no_hook() -> None:
    module = conv_norm(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    with folded(module, batch_size=2):
        pass
    assert not module._forward_pre_hooks
