"""What a training step lowers: the objective's loss, smoothed and weighted where that is asked for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.training.objective import EXCLUSIVE, Objective, Targets, log_softmax

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Criterion:
    """The loss that a step lowers. By default it is the objective's own, which is also the one that is written down.

    Validation never asks it: its losses are those of the objective, neither smoothed nor weighted.

    Attributes:
        objective: What is learned.
        label_smoothing: Part of what is said to be right that is shared out among all answers alike (Szegedy et al.
            2016, arXiv 1512.00567): among the classes, or, where there are several labels, between yes and no.
        weights: How much each answer counts: (C,) for classes; (2, C) for no and yes of each label; None for alike.
    """

    objective: Objective = EXCLUSIVE
    label_smoothing: float = 0.0
    weights: Floats | None = None

    def is_plain(self, targets: Any) -> bool:
        """Whether the loss of these targets is the objective's own."""
        return not self.label_smoothing and self.weights is None and not self._are_mixed(targets)

    def losses_and_slope(
        self, logits: npt.NDArray[Any], targets: Targets
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """What is lowered of each picture (N,), and the gradient (N, C) of the mean with respect to the logits.

        Args:
            logits: Shape (N, C).
            targets: The objective's own, or parts of classes (N, C) of mixed pictures.

        Returns:
            Losses in nats and the gradient.
        """
        if self.is_plain(targets):
            return self.objective.losses_and_slope(logits, targets)
        wanted = self._smoothed(as_parts(targets, logits.shape[1]))
        return self._weighted(logits, wanted, self.weights)

    def noted_losses(self, logits: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.float64]:
        """The loss of each picture (N,) as it is written down: neither smoothed nor weighted, as in validation.

        Args:
            logits: Shape (N, C).
            targets: The objective's own, or parts of classes (N, C) of mixed pictures.

        Returns:
            Losses in nats.
        """
        if not self._are_mixed(targets):
            return self.objective.losses(logits, targets)
        return self._weighted(logits, targets, None)[0]

    def torch_losses(self, logits: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
        """The mean of what is lowered, and of what is written down, in torch.

        Args:
            logits: Shape (N, C).
            targets: The objective's own, or parts of classes (N, C) of mixed pictures.

        Returns:
            Two scalars; the same one twice where nothing is smoothed, weighted or mixed.
        """
        from torch.nn import functional

        if self.is_plain(targets):
            loss = self.objective.torch_loss(logits, targets)
            return loss, loss
        note = functional.cross_entropy if self._are_parts_of_classes(targets) else self.objective.torch_loss
        return self._torch_lowered(logits, targets), note(logits.detach(), targets)

    def right(self, logits: Any, targets: Any) -> Any:
        """Whether each picture's answer is right, shape (N,); of a mixed one, whether it is the larger part's class."""
        return self.objective.right(logits, targets.argmax(1) if self._are_parts_of_classes(targets) else targets)

    def _torch_lowered(self, logits: "Tensor", targets: "Tensor") -> "Tensor":
        import torch
        from torch.nn import functional

        weights = None if self.weights is None else torch.from_numpy(self.weights).to(logits.device)
        if not self.objective.several:
            mixed = self._are_parts_of_classes(targets)
            parts = targets if mixed else functional.one_hot(targets, logits.shape[1]).to(logits.dtype)
            return functional.cross_entropy(logits, parts, weight=weights, label_smoothing=self.label_smoothing)
        wanted = targets * (1 - self.label_smoothing) + self.label_smoothing / 2
        if weights is None:
            return functional.binary_cross_entropy_with_logits(logits, wanted)
        no, yes = weights
        return functional.binary_cross_entropy_with_logits(logits, wanted, weight=no, pos_weight=yes / no)

    def _are_mixed(self, targets: Any) -> bool:
        """Whether these are not the objective's own targets, but those of mixed examples."""
        if self.objective.several:
            return bool(((targets > 0) & (targets < 1)).any())
        return self._are_parts_of_classes(targets)

    def _are_parts_of_classes(self, targets: Any) -> bool:
        return not self.objective.several and targets.ndim > 1

    def _smoothed(self, parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        answers = 2 if self.objective.several else parts.shape[1]
        return parts * (1 - self.label_smoothing) + self.label_smoothing / answers

    def _weighted(
        self, logits: npt.NDArray[Any], wanted: npt.NDArray[Any], weights: Floats | None
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Losses (N,), and the gradient (N, C) of their mean, of parts (N, C) that are wanted of each answer."""
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is reported by check_loss
            if not self.objective.several:
                kept = wanted if weights is None else wanted * weights
                logs = log_softmax(logits)
                slope = np.exp(logs) * kept.sum(1, keepdims=True) - kept
                return np.asarray(-(kept * logs).sum(1)), slope / len(logits)
            no, yes = (1.0, 1.0) if weights is None else weights
            said = self.objective.probabilities(logits)
            losses = yes * wanted * np.logaddexp(0, -logits) + no * (1 - wanted) * np.logaddexp(0, logits)
            slope = no * (1 - wanted) * said - yes * wanted * (1 - said)
            return np.asarray(losses.mean(1)), slope / slope.size


def as_parts(targets: Targets, classes: int) -> npt.NDArray[np.float64]:
    """What part of each class or label a picture is, shape (N, C), of the objective's targets."""
    return np.eye(classes)[targets] if targets.ndim == 1 else targets.astype(np.float64)
