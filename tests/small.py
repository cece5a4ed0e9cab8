"""A network small enough to train in a moment, and examples that are held in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from unfreeze.training.batches import Batch
from unfreeze.training.objective import Targets

if TYPE_CHECKING:
    from unfreeze.network.network import Network
    from unfreeze.training.suffix import TrainableSuffix


@dataclass(frozen=True)
class HeldExamples:
    """Inputs (N, ...) and their targets (N,) or (N, C)."""

    inputs: npt.NDArray[Any]
    targets: Targets

    def batches(self, indices: Sequence[Sequence[int]]) -> Iterator[Batch]:
        for group in indices:
            yield self.inputs[list(group)], self.targets[list(group)]


def noise_features(count: int, width: int = 4, classes: int = 3) -> HeldExamples:
    """Normal features and labels by chance, the same each time."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(count, width)).astype(np.float32)
    return HeldExamples(features, generator.integers(0, classes, count))


def noise_pictures(count: int = 10) -> HeldExamples:
    """Squares (N, 3, 8, 8) of noise, uint8, of three classes."""
    generator = np.random.default_rng(0)
    squares = generator.integers(0, 256, (count, 3, 8, 8), dtype=np.uint8)
    return HeldExamples(squares, generator.integers(0, 3, count))


def small_network(dropout: float = 0.5) -> "Network":
    """Scaling, two stages with BatchNorm in the first, a pool and a head of three classes; frozen up to the head."""
    import torch
    from torch import nn

    from unfreeze.network.network import Network
    from unfreeze.network.stages import PixelScale

    with torch.random.fork_rng():
        torch.manual_seed(0)
        stages: list[tuple[str, nn.Module]] = [
            ("pixels", PixelScale((127.0,) * 3, (128.0,) * 3)),
            ("first", nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())),
            ("second", nn.Conv2d(4, 6, 3)),
            ("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())),
        ]
        return Network(backbone="small", stages=stages, features=6, classes=3, dropout=dropout).eval()


def suffix_in_parts(accumulate: int) -> "TrainableSuffix":
    """The small network, all of it trained, whose batches are computed in so many parts."""
    from unfreeze.training.head import LinearHead
    from unfreeze.training.suffix import TrainableSuffix

    network = small_network(dropout=0)
    network.freeze_to(0)
    generator = np.random.default_rng(2)
    head = LinearHead(generator.normal(size=(3, 6)).astype(np.float32), np.zeros(3, np.float32))
    suffix = TrainableSuffix(network, head, threads=1)
    suffix.accumulate = accumulate
    return suffix
