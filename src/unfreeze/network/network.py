"""A network: named stages in a row, a head, and layer groups that can be frozen."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from unfreeze.network.families import Stages
from unfreeze.network.groups import DROPOUT, GROUP_NAMES, POOLED
from unfreeze.network.stages import WholeBody
from unfreeze.network.weights import weights_hash

BatchNormPolicy = Literal["frozen", "train"]


class Network(nn.Module):
    """Squares in, logits out; the body's stages and the head run one after the other.

    Every parameter belongs to exactly one of the groups early body, late body and head. A new network is frozen up to
    its head.

    Args:
        backbone: Name of the backbone, for messages and for naming exported prefixes.
        stages: The body's stages, beginning with the scaling of pixels and ending with pooled features (N, D).
        features: D, the number of pooled features.
        classes: Number of classes.
        dropout: Part of the features that the head drops in training.
    """

    def __init__(self, *, backbone: str, stages: Stages, features: int, classes: int, dropout: float = DROPOUT) -> None:
        super().__init__()
        self.backbone = backbone
        self.features = features
        self.dropout = dropout
        self.stages = nn.ModuleDict(dict(stages))
        self.stages["head"] = linear_head(features, classes, dropout)
        self.groups = layer_groups(self)
        self.batch_norm: BatchNormPolicy = "frozen"
        self.freeze_to(-1)

    def forward(self, squares: Tensor) -> Tensor:
        """Logits (N, C) of squares (N, 3, S, S), uint8 or float in 0..255."""
        values = squares
        for stage in self.stages.values():
            values = stage(values)
        return values

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages in the order in which data flows; the last is the head."""
        return tuple(self.stages)

    @property
    def can_be_cut(self) -> bool:
        """Whether the body can be cut between its blocks, and not only at its pooled features."""
        return not any(isinstance(stage, WholeBody) for stage in self.stages.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of this body, a sentence each."""
        whole = "can be cut at its pooled features only: to train any of its body is to compute all of it"
        bodies = [stage for stage in self.stages.values() if isinstance(stage, WholeBody)]
        return tuple(f"{self.backbone} {whole} ({body.reason})" for body in bodies)

    def freeze_to(self, group: int) -> None:
        """Freezes all groups before the given one and makes it and the later ones trainable.

        Args:
            group: Index of the first trainable group; a negative one counts from the end.

        Raises:
            IndexError: If there is no such group.
        """
        first = range(len(GROUP_NAMES))[group]
        for index, name in enumerate(GROUP_NAMES):
            for parameter in self.group_parameters(name):
                parameter.requires_grad_(index >= first)
                if index < first:
                    parameter.grad = None

    @property
    def frozen_groups(self) -> tuple[str, ...]:
        """Names of the groups that do not train."""
        return tuple(n for n in GROUP_NAMES if not any(p.requires_grad for p in self.group_parameters(n)))

    @property
    def cut(self) -> str:
        """Name of the first stage that a gradient has to reach: all stages before it form the frozen prefix.

        Where no weights lie before it, that is the first stage of all.
        """
        names = list(self.stage_names)
        for index, name in enumerate(names):
            if any(parameter.requires_grad for parameter in self.stages[name].parameters()):
                weighty = any(True for before in names[:index] for _ in self.stages[before].parameters())
                return name if weighty else names[0]
        return POOLED

    def is_before(self, stage: str, other: str) -> bool:
        """Whether data flows through a stage before it flows through another."""
        return self.stage_names.index(stage) < self.stage_names.index(other)

    def cuts(self, size_px: int) -> dict[str, int]:
        """How many values an activation of one picture has before each stage that may be cut at.

        Args:
            size_px: Side of the squares in pixels.

        Returns:
            Numbers by the name of the stage, from the first behind one with weights to the head.
        """
        found: dict[str, int] = {}
        weighty = False
        values = torch.zeros(1, 3, size_px, size_px, device=next(self.parameters()).device)
        with torch.no_grad():
            for name, stage in self.stages.items():
                if weighty:
                    found[name] = values.numel()
                values = stage.eval()(values)
                weighty = weighty or any(True for _ in stage.parameters())
        return found

    def prefix(self, cut: str) -> nn.Sequential:
        """The stages before a cut: squares in, the activations at the cut out."""
        names = self.stage_names[: self.stage_names.index(cut)]
        return nn.Sequential(OrderedDict((name, self.stages[name]) for name in names))

    def suffix(self, cut: str) -> nn.Sequential:
        """The stages from a cut on: activations at the cut in, logits out."""
        names = self.stage_names[self.stage_names.index(cut) :]
        return nn.Sequential(OrderedDict((name, self.stages[name]) for name in names))

    def prefix_hash(self, cut: str) -> str:
        """A name for the function that the stages before a cut compute: backbone, cut and weights."""
        return f"{self.backbone}-{cut}-{weights_hash(self.prefix(cut).state_dict().items())}"

    @property
    def classifier(self) -> nn.Linear:
        """The head's linear layer, from features (N, D) to logits (N, C)."""
        linear = list(self.stages["head"].children())[-1]
        assert isinstance(linear, nn.Linear), "the head ends in a linear layer"
        return linear

    def group_parameters(self, group: str) -> list[nn.Parameter]:
        """The parameters of one named group."""
        named = dict(self.named_parameters())
        return [named[name] for name in self.groups[group]]

    def training_mode(self) -> None:
        """Sets train and eval mode as freezing and `batch_norm` demand.

        What has no trainable parameter below it stays in eval mode, dropout of a frozen stage included. Statistics of
        BatchNorm move only under `batch_norm="train"` and only where its own parameters train.
        """
        self.eval()
        for stage in self.stages.values():
            if any(parameter.requires_grad for parameter in stage.parameters()):
                _train(stage, self.batch_norm)


def linear_head(features: int, classes: int, dropout: float) -> nn.Sequential:
    """Dropout and a linear layer that starts at zero: all classes equally likely, the same for every seed.

    Args:
        features: Number of pooled features, D.
        classes: Number of classes, C.
        dropout: Part of the features that is dropped in training.

    Returns:
        A module from (N, D) to (N, C).
    """
    linear = nn.Linear(features, classes)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(nn.Dropout(dropout), linear)


def layer_groups(network: Network) -> dict[str, tuple[str, ...]]:
    """Assigns every parameter to one group: the head, or the earlier or later half of the body's blocks.

    The half is counted in units: stages, or, where the body is one stage, its children with containers opened.

    Args:
        network: The network.

    Returns:
        Names of the parameters of each group, in `GROUP_NAMES`'s order.
    """
    units = _units(network)
    half = (len(units) + 1) // 2
    owner = {id(p): "early" if index < half else "late" for index, unit in enumerate(units) for p in unit.parameters()}
    owner |= {id(parameter): "head" for parameter in network.stages["head"].parameters()}
    groups: dict[str, list[str]] = {name: [] for name in GROUP_NAMES}
    for name, parameter in network.named_parameters():
        assert id(parameter) in owner, f"parameter {name} belongs to no layer group"
        groups[owner[id(parameter)]].append(name)
    return {group: tuple(names) for group, names in groups.items()}


def _units(network: Network) -> Sequence[nn.Module]:
    """The body's parts with parameters, in order: what the halves are counted in."""
    body: Iterable[nn.Module] = [stage for name, stage in network.stages.items() if name != "head"]
    units = [stage for stage in body if any(True for _ in stage.parameters())]
    if len(units) > 1:
        return units
    model = next(units[0].children())
    opened = [list(c.children()) if isinstance(c, nn.Sequential | nn.ModuleList) else [c] for c in model.children()]
    # Parameters that a model holds directly, such as a class token, sit at its input: they open the list.
    parts = [nn.ParameterList(model.parameters(recurse=False)), *(unit for units in opened for unit in units)]
    return [part for part in parts if any(True for _ in part.parameters())]


def _train(module: nn.Module, batch_norm: BatchNormPolicy) -> None:
    parameters = list(module.parameters())
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        return
    module.training = not isinstance(module, _BatchNorm) or batch_norm == "train"
    for child in module.children():
        _train(child, batch_norm)
