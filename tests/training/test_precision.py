"""Shorter numbers: bfloat16 on the CPU tests the path that a GPU would take."""

import numpy as np
import pytest
import torch

from small import noise_pictures, small_network
from unfreeze.errors import SettingsError
from unfreeze.training.head import LinearHead
from unfreeze.training.loop import StepSums
from unfreeze.training.options import PrecisionName
from unfreeze.training.precision import Precision
from unfreeze.training.suffix import TrainableSuffix


def stepped(precision: PrecisionName, seen: list[torch.dtype]) -> tuple[StepSums, TrainableSuffix]:
    network = small_network(dropout=0)
    network.freeze_to(0)
    generator = np.random.default_rng(2)
    head = LinearHead(generator.normal(size=(3, 6)).astype(np.float32), np.zeros(3, np.float32))
    suffix = TrainableSuffix(network, head, threads=1, precision=precision)
    hook = network.stages["second"].register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    pictures = noise_pictures()
    with suffix.training():
        sums = suffix.train_step((pictures.inputs, pictures.targets), [0.1] * 3, seed=0)
    hook.remove()
    return sums, suffix


def test_bfloat16_computes_the_network_and_nothing_else() -> None:
    seen: dict[PrecisionName, list[torch.dtype]] = {"float32": [], "bfloat16": []}
    (plain, exact), (short, rough) = (stepped(name, found) for name, found in seen.items())
    assert [set(found) for found in seen.values()] == [{torch.float32}, {torch.bfloat16}]
    assert short.loss == pytest.approx(plain.loss, rel=0.02)
    assert short.loss != plain.loss
    for (name, found), expected in zip(rough.network.named_parameters(), exact.network.parameters(), strict=True):
        assert found.dtype == torch.float32
        assert found.grad is not None
        assert found.grad.dtype == torch.float32
        assert torch.allclose(found, expected, atol=0.01), name
        assert not torch.equal(found, expected), name


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_on_a_cpu_auto_is_float32_to_the_bit(precision: PrecisionName) -> None:
    weights = [stepped(kind, [])[1].network.state_dict() for kind in (precision, "float32")]
    assert all(torch.equal(found, weights[1][name]) for name, found in weights[0].items())


def test_float16_needs_a_gpu() -> None:
    with pytest.raises(SettingsError, match="--precision float16 needs a GPU, and there is none; take auto"):
        Precision("float16", torch.device("cpu"))


def test_a_scaled_loss_gives_the_same_step() -> None:
    """What float16 needs on a GPU, on a CPU: the scale goes into the loss and out of the gradients."""
    suffixes = []
    for scales in (False, True):
        network, part = small_network(dropout=0), noise_pictures()
        network.freeze_to(0)
        head = LinearHead(np.full((3, 6), 0.5, np.float32), np.array([1, 0, 0], np.float32))
        suffix = TrainableSuffix(network, head, threads=1)
        if scales:
            suffix._precision._scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        with suffix.training():
            suffix.train_step((part.inputs, part.targets), [0.1] * 3, seed=0)
        suffixes.append(suffix)
    for name, found in suffixes[1].network.state_dict().items():
        assert torch.allclose(found, suffixes[0].network.state_dict()[name], atol=1e-6), name
    assert suffixes[1].network.get_parameter("stages.second.weight").grad is not None
