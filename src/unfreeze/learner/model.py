"""A backbone and its head: a graph and arrays while the body is frozen, a torch network from when the body trains."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import TorchEngine
from unfreeze.activations.extract import Prefix
from unfreeze.activations.packaged import PackagedPrefix
from unfreeze.activations.rounding import as_stored
from unfreeze.errors import RunError, SettingsError
from unfreeze.learner.device import accelerated, best_device
from unfreeze.learner.followers import Followers
from unfreeze.learner.weights import HEAD_GROUP, Weights
from unfreeze.network.groups import GROUP_NAMES, HEAD_NAMES, HEAD_STAGE, POOLED
from unfreeze.training.descent import Descent
from unfreeze.training.head import LinearHead
from unfreeze.training.mixing import Mixing
from unfreeze.training.options import TrainingOptions
from unfreeze.training.trainer import Trainable

if TYPE_CHECKING:
    import torch

    from unfreeze.network.network import BatchNormPolicy, Network
    from unfreeze.training.suffix import TrainableSuffix

LESSONS = TrainingOptions().optimizer
"""The optimizer of whoever names none."""


class Model:
    """What a learner trains. It starts frozen up to the head.

    The body of a packaged backbone is opened without torch; `network` builds it when it is asked for, as training any
    of the body does. Other backbones are built at once.

    Args:
        backbone: A backbone's name, or a network.
        classes: Number of classes.
        size_px: Side of the squares in pixels.
        threads: Threads that torch may use.
        graphs: Folder for graphs of the pretrained body.
        scratch: Folder for graphs of a trained body.

    Attributes:
        backbone: The backbone's name.
        head: The head, which knows what is learned: one class a picture unless it is given another objective.
        first_trainable: Index of the first layer group that is not frozen.
        first_trained: Index of the first layer group that is no longer as it was pretrained.
        followers: The other processes, where training is shared.

    Raises:
        SettingsError: If a network has another number of classes.
        BackboneError: If there is no such backbone, or it does not take squares of this size.
    """

    def __init__(
        self, backbone: "str | Network", *, classes: int, size_px: int, threads: int, graphs: Path, scratch: Path
    ) -> None:
        self._classes, self._size_px, self._threads = classes, size_px, threads
        self._graphs, self._scratch = graphs, scratch
        self._packaged: PackagedPrefix | None = None
        self._prefixes: dict[str, tuple[object, Prefix]] = {}
        self._batch_norm: BatchNormPolicy = "frozen"
        self._cut = ""
        self._pretrained: dict[str, torch.Tensor] = {}
        self._as_built: object = None
        self.followers = Followers()
        self.first_trainable = self.first_trained = HEAD_GROUP
        self._options = TrainingOptions()
        if isinstance(backbone, str) and PackagedPrefix.serves(backbone, size_px) and not accelerated():
            self.backbone = backbone
            self._packaged = PackagedPrefix(backbone, graphs=graphs)
            self.head = LinearHead.at_zero(self._packaged.width, classes)
        else:
            self._adopt(backbone)

    def _adopt(self, backbone: "str | Network") -> None:
        """Takes over a network, or builds the one of that name."""
        from unfreeze.network.build import build_network, check_size

        network = build_network(backbone, classes=self._classes) if isinstance(backbone, str) else backbone
        linear = network.classifier
        if linear.out_features != self._classes:
            found = f"the network has {linear.out_features} classes, the data {self._classes}"
            raise SettingsError(f"{found}; build it with classes={self._classes}", subject="network")
        check_size(network, self._size_px)
        self.backbone, self._batch_norm = network.backbone, network.batch_norm
        weight, bias = (part.detach().cpu().numpy().copy() for part in (linear.weight, linear.bias))
        self.head = LinearHead(weight, bias, network.dropout)
        self.network = self._placed(network)
        self.freeze_to(HEAD_GROUP)

    @cached_property
    def network(self) -> "Network":
        """The network in torch, built now if it was not before; `head` owns the weights of its last layer."""
        from unfreeze.activations.prefix import fingerprint
        from unfreeze.network.build import build_network

        network = build_network(self.backbone, classes=self._classes)
        network.batch_norm = self._batch_norm
        network.freeze_to(self.first_trainable)
        placed = self._placed(network)
        self._as_built = fingerprint(placed.prefix(POOLED))
        return placed

    @staticmethod
    def _placed(network: "Network") -> "Network":
        import torch

        return network.to(memory_format=torch.channels_last).to(best_device())

    def network_with_head(self) -> "Network":
        """The network with the head's weights as they are now, for whoever uses it from outside."""
        from unfreeze.training.suffix import copy_head

        copy_head(self.head, self.network)
        return self.network

    @property
    def is_built(self) -> bool:
        """Whether there is a network in torch."""
        return "network" in self.__dict__

    @property
    def batch_norm(self) -> "BatchNormPolicy":
        """Whether statistics of BatchNorm stand still in trainable groups ("frozen") or move ("train")."""
        return self._batch_norm

    @batch_norm.setter
    def batch_norm(self, policy: "BatchNormPolicy") -> None:
        check_batch_norm(policy, processes=self.followers.world.size)
        self._batch_norm = policy
        if self.is_built:
            self.network.batch_norm = policy

    @property
    def options(self) -> TrainingOptions:
        """How steps are taken; they are chosen before the first."""
        return self._options

    @options.setter
    def options(self, options: TrainingOptions) -> None:
        assert "suffix" not in self.__dict__, "the optimizer is there already"
        self._options = options
        self.head.descent = Descent(
            optimizer=options.optimizer, weight_decay=options.weight_decay, clip_norm=options.clip_norm
        )
        self.head.label_smoothing = options.label_smoothing
        mixes = options.mixup or options.cutmix
        self.head.mixing = Mixing(mixup=options.mixup, cutmix=options.cutmix, classes=self._classes) if mixes else None

    def freeze_to(self, group: int) -> None:
        """Freezes all layer groups before one, which is counted from 0."""
        self.first_trainable = group
        self._cut = ""
        if self.is_built or group < HEAD_GROUP:
            self.network.freeze_to(group)
        if group < HEAD_GROUP:
            self._remember_pretrained()

    def facts(self) -> dict[str, Any]:
        """What a saved state has to agree with, and what it brings along beside weights."""
        return {
            "backbone": self.backbone,
            "classes": self._classes,
            "first_trainable": self.first_trainable,
            "batch_norm": self._batch_norm,
            **({} if self._options.optimizer == LESSONS else {"optimizer": self._options.optimizer}),
        }

    def adopt(self, facts: Mapping[str, Any], *, found_in: Path) -> None:
        """Freezes what a saved model had frozen.

        Args:
            facts: What `facts` gave there.
            found_in: Where they were saved, for the error.

        Raises:
            RunError: If the saved model is of another backbone, or of another number of classes.
        """
        for name in ("backbone", "classes"):
            if facts[name] != self.facts()[name]:
                message = f"{found_in}: saved with {name} {facts[name]}, this learner has {self.facts()[name]}"
                raise RunError(message, subject=found_in)
        self.batch_norm = facts["batch_norm"]
        self.freeze_to(facts["first_trainable"])

    def same_optimizer(self, facts: Mapping[str, Any]) -> bool:
        """Whether what a saved model's optimizer remembered means something to this one's."""
        return bool(facts.get("optimizer", LESSONS) == self._options.optimizer)

    @property
    def frozen_groups(self) -> tuple[str, ...]:
        """Names of the layer groups that do not train."""
        return self.network.frozen_groups if self.is_built else GROUP_NAMES[: self.first_trainable]

    @property
    def cut(self) -> str:
        """Name of the first stage that training computes: what lies before it is read from the store.

        It is the first stage that trains, or an earlier one that `cut_at` named. Where nothing with weights is frozen
        it is the first stage of all: training reads pictures.
        """
        if not self.is_built:
            return POOLED
        trained = self.network.cut
        return self._cut if self._cut and self.network.is_before(self._cut, trained) else trained

    def cut_at(self, cut: str) -> None:
        """Chooses an earlier stage for training to begin at than the first that trains."""
        self._cut = cut

    @property
    def reads_pictures(self) -> bool:
        """Whether training begins at the first stage, so that there is nothing to store."""
        return self.is_built and self.cut == self.network.stage_names[0]

    @property
    def body_is_frozen(self) -> bool:
        """Whether only the head trains."""
        return not self.is_built or self.network.cut == POOLED

    def trainable(self, *, batch_size: int) -> Trainable:
        """What training steps are taken on, in batches of so many: the head alone while the body is frozen."""
        if self.cut == POOLED:
            return self.head
        self.suffix.cut, self.suffix.batch_size = self.cut, batch_size
        return self.followers.trainable(self.suffix)

    @cached_property
    def suffix(self) -> "TrainableSuffix":
        """The network as what is trained, with its optimizer."""
        from unfreeze.training.suffix import TrainableSuffix

        precision = self._options.precision
        suffix = TrainableSuffix(self.network, self.head, threads=self._threads, precision=precision)
        suffix.accumulate = self._options.accumulate
        return suffix

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the network."""
        return self.network.notes if self.is_built else ()

    def is_pretrained(self, cut: str) -> bool:
        """Whether all stages before a cut are as they were pretrained."""
        return self.first_trained >= (HEAD_GROUP if cut == POOLED else self.first_trainable)

    def prefix(self, cut: str) -> Prefix:
        """The stages before a cut, under their weights as they are now.

        Args:
            cut: Name of a stage.

        Returns:
            The same object as long as no weight before the cut changes.
        """
        if self._packaged and cut == POOLED and self._is_as_published():
            return self._packaged
        from unfreeze.activations.prefix import FrozenPrefix, fingerprint

        state = fingerprint(self.network.prefix(cut))
        known = self._prefixes.get(cut)
        if known and known[0] == state:
            return known[1]
        pretrained = self.is_pretrained(cut)
        if not pretrained:
            for graph in self._scratch.glob(f"*-{cut}-*.onnx"):  # of weights that were trained further since
                graph.unlink()
        prefix = FrozenPrefix(
            self.network,
            cut,
            size_px=self._size_px,
            graphs=self._graphs if pretrained else self._scratch,
            device=best_device(),
        )
        if known:
            prefix.exportable = getattr(known[1], "exportable", True)
        self._prefixes[cut] = state, prefix
        return prefix

    def body(self) -> Prefix:
        """The stages before the head, under their weights as they are now."""
        return self.prefix(POOLED)

    def probabilities(self, squares: npt.NDArray[np.uint8], *, temperature: float = 1.0) -> npt.NDArray[np.float64]:
        """What the model says of squares (N, 3, S, S), shape (N, C); through torch where there is a network.

        Features are rounded as the store rounds them, on which the head is trained.

        Args:
            squares: Shape (N, 3, S, S), uint8.
            temperature: What logits are divided by.

        Returns:
            Probabilities, shape (N, C).
        """
        if self.is_built:
            features = TorchEngine(self.network.prefix(POOLED), best_device()).run(squares)
        else:
            features = self.body().engine.run(squares)
        logits = self.head.logits(np.stack([as_stored(row) for row in features]))
        return self.head.objective.probabilities(logits.astype(np.float64) / temperature)

    def weights(self, *, momenta: bool = False) -> Weights:
        """A copy of the weights as they are now.

        Args:
            momenta: Whether the momenta of the body's parameters are copied too.

        Returns:
            The weights.
        """
        body = None if self.is_pretrained(POOLED) else self._body()
        found = self.suffix.momenta() if momenta and "suffix" in self.__dict__ else {}
        return Weights(head=self.head.copies(), body=body, momenta=found, first_trained=self.first_trained)

    def restore(self, weights: Weights) -> None:
        """Puts weights back in place; the body's momentum is theirs, or begins anew where they have none."""
        self.head.restore(weights.head)
        if weights.body or not self.is_pretrained(POOLED):
            self._remember_pretrained()
            self.network.load_state_dict(weights.body or self._pretrained, strict=False)
        if weights.momenta or "suffix" in self.__dict__:
            self.suffix.restore_momenta(weights.momenta)
        self.first_trained = weights.first_trained

    def arrays(self) -> dict[str, np.ndarray]:
        """All weights as they are now, by the names that they have in a network; counters of batches are left out."""
        if self._packaged and self._is_as_published():
            body = {f"stages.{name}": array for name, array in self._packaged.weights().items()}
        else:
            body = {name: t.numpy() for name, t in self._body().items() if not name.endswith("num_batches_tracked")}
        return {**body, **dict(zip(HEAD_NAMES, self.head.copies(), strict=False))}

    def _remember_pretrained(self) -> None:
        """Copies the body before it is trained or replaced for the first time, for weights that leave it out."""
        if not self._pretrained:
            self._pretrained = self._body()

    def _is_as_published(self) -> bool:
        """Whether a packaged body has the weights that it came with: never written to, or put back since."""
        if not self.is_built:
            return True
        if not self.is_pretrained(POOLED):
            return False
        from unfreeze.activations.prefix import fingerprint

        state = fingerprint(self.network.prefix(POOLED))
        if state != self._as_built and self._packaged and self.network.prefix_hash(POOLED) == self._packaged.key:
            self._as_built = state
        return state == self._as_built

    def _body(self) -> "dict[str, torch.Tensor]":
        """Copies of the body's tensors, on the CPU."""
        state = self.network.state_dict().items()
        return {name: tensor.detach().cpu().clone() for name, tensor in state if not name.startswith(HEAD_STAGE)}


def check_batch_norm(policy: str, *, processes: int) -> None:
    """Sees to it that moving statistics are those of whole batches.

    Args:
        policy: What is done with BatchNorm's statistics, "frozen" or "train".
        processes: How many share the work.

    Raises:
        SettingsError: If they move and are of several processes.
    """
    if policy == "train" and processes > 1:
        message = (
            "BatchNorm's statistics would be those of each process's part of a batch; "
            "leave --batch-norm at frozen, or train in one process"
        )
        raise SettingsError(message, subject="batch_norm")
