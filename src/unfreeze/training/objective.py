"""What is learned of a picture: which one of several classes it is, or which labels it has, each on its own."""

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from unfreeze.images.table import ImageRow, ImageTable

if TYPE_CHECKING:
    from torch import Tensor

Targets = npt.NDArray[Any]
"""What pictures are: class indices (N,), int64; or (N, C), 1 where a picture has a label and 0 where not."""

THRESHOLD = 0.5
"""A picture is said to have the labels whose probabilities lie above it."""

LEAST_PROBABILITY = float(np.finfo(np.float32).tiny)


class Objective(Protocol):
    """The arithmetic of answers: whoever computes a loss, a probability or a right answer asks it, and nothing else."""

    @property
    def output(self) -> str:
        """Name of the function that makes probabilities of logits, as bundles and checkpoints give it."""
        ...

    @property
    def several(self) -> bool:
        """Whether a picture may have several labels, or none."""
        ...

    @property
    def measure(self) -> str:
        """What the part of the pictures that are answered rightly is called."""
        ...

    def targets(self, labels: Sequence[Sequence[int]], classes: int) -> Targets:
        """Targets of pictures from the indices of each one's labels, of C classes."""
        ...

    def losses(self, logits: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.float64]:
        """The loss of each picture in nats, shape (N,), of logits (N, C)."""
        ...

    def losses_and_slope(
        self, logits: npt.NDArray[Any], targets: Targets
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Losses (N,), and the gradient (N, C) of their mean with respect to the logits."""
        ...

    def torch_loss(self, logits: "Tensor", targets: "Tensor") -> "Tensor":
        """The mean of the losses, in torch."""
        ...

    def right(self, logits: Any, targets: Any) -> Any:
        """Whether each picture's logits are the right answer, shape (N,); of arrays and of tensors."""
        ...

    def probabilities(self, logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Probabilities (N, C) of logits (N, C)."""
        ...

    def losses_of(self, probabilities: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.float64]:
        """The loss of each picture in nats, shape (N,), of probabilities (N, C); 0 counts as the least float32."""
        ...

    def answers(self, probabilities: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """What is said of each picture, in the form of targets."""
        ...

    def agree(self, answers: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.bool_]:
        """Whether answers are right as a whole, shape (N,)."""
        ...

    def certainty(self, probabilities: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The gap between what is said and what comes next, shape (N,)."""
        ...

    def labels_of(self, answer: npt.NDArray[Any]) -> list[int]:
        """Indices of the labels that one answer, or one picture's target, names, ascending."""
        ...

    def indicator(self, answers: npt.NDArray[Any], classes: int) -> npt.NDArray[np.bool_]:
        """Which labels answers or targets name, shape (N, C)."""
        ...

    def guessing_loss(self, classes: int) -> float:
        """The loss, in nats, of saying nothing: of logits that are all 0."""
        ...

    def terms(self, classes: int) -> int:
        """How many terms a picture's loss is the mean of."""
        ...


class ExclusiveClasses:
    """Each picture is of one class: softmax and cross-entropy."""

    output, several, measure = "softmax", False, "accuracy"

    def targets(self, labels: Sequence[Sequence[int]], classes: int) -> Targets:  # noqa: ARG002 - objectives are called alike
        """Class indices (N,), int64."""
        return np.array([label for (label,) in labels], np.int64)

    def losses(self, logits: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.float64]:
        """Cross-entropy of each picture, shape (N,)."""
        return cross_entropy(logits, targets)[0]

    def losses_and_slope(
        self, logits: npt.NDArray[Any], targets: Targets
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Cross-entropy (N,) and the gradient (N, C) of its mean."""
        losses, slope = cross_entropy(logits, targets)
        slope[np.arange(len(targets)), targets] -= 1
        return losses, slope / len(targets)

    def torch_loss(self, logits: "Tensor", targets: "Tensor") -> "Tensor":
        """Mean cross-entropy."""
        from torch.nn import functional

        return functional.cross_entropy(logits, targets)

    def right(self, logits: Any, targets: Any) -> Any:
        """Whether the largest logit is the class's, shape (N,)."""
        return logits.argmax(1) == targets

    def probabilities(self, logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Softmax, shape (N, C)."""
        return np.asarray(np.exp(log_softmax(logits)))

    def losses_of(self, probabilities: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.float64]:
        """Cross-entropy of each picture, shape (N,)."""
        chosen = probabilities[np.arange(len(targets)), targets].astype(np.float64)
        return np.asarray(-np.log(np.maximum(chosen, LEAST_PROBABILITY)))

    def answers(self, probabilities: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Index of the most probable class, shape (N,)."""
        return np.asarray(probabilities.argmax(1), np.int64)

    def agree(self, answers: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.bool_]:
        """Whether the classes are the same, shape (N,)."""
        return np.asarray(answers == targets, np.bool_)

    def certainty(self, probabilities: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The gap between the two highest probabilities, shape (N,)."""
        ordered = np.sort(probabilities, axis=1)
        return np.asarray(ordered[:, -1] - ordered[:, -2])

    def labels_of(self, answer: npt.NDArray[Any]) -> list[int]:
        """The one class."""
        return [int(answer)]

    def indicator(self, answers: npt.NDArray[Any], classes: int) -> npt.NDArray[np.bool_]:
        """One class a row, shape (N, C)."""
        return np.asarray(answers[:, np.newaxis] == np.arange(classes), np.bool_)

    def guessing_loss(self, classes: int) -> float:
        """That of all classes being equally likely: the logarithm of their number."""
        return math.log(classes)

    def terms(self, classes: int) -> int:  # noqa: ARG002 - objectives are called alike
        """One."""
        return 1


class IndependentLabels:
    """Each picture has any number of labels: a sigmoid and binary cross-entropy for each of them.

    A picture's loss is the mean over the labels, so that it can be compared between collections: that of guessing is
    log 2, whatever their number. An answer is right where all of the picture's labels are: the exact match.
    """

    output, several, measure = "sigmoid", True, "exact match"

    def targets(self, labels: Sequence[Sequence[int]], classes: int) -> Targets:
        """1 where a picture has a label, 0 where not, shape (N, C), float32."""
        found = np.zeros((len(labels), classes), np.float32)
        for row, own in zip(found, labels, strict=True):
            row[list(own)] = 1
        return found

    def losses(self, logits: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.float64]:
        """Binary cross-entropy of each picture, the mean over its labels, shape (N,)."""
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is reported by check_loss
            away = (1 - 2 * targets.astype(np.float64)) * logits  # (N, C): how far the answer lies on the wrong side
            return np.asarray(np.logaddexp(0, away).mean(1))

    def losses_and_slope(
        self, logits: npt.NDArray[Any], targets: Targets
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Binary cross-entropy (N,) and the gradient (N, C) of its mean."""
        slope = (self.probabilities(logits) - targets) / targets.size
        return self.losses(logits, targets), slope

    def torch_loss(self, logits: "Tensor", targets: "Tensor") -> "Tensor":
        """Binary cross-entropy, the mean over pictures and labels."""
        from torch.nn import functional

        return functional.binary_cross_entropy_with_logits(logits, targets)

    def right(self, logits: Any, targets: Any) -> Any:
        """Whether the logits of the labels, and no others, lie above 0, shape (N,)."""
        return ((logits > 0) == (targets > THRESHOLD)).all(1)

    def probabilities(self, logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Sigmoid of each logit, shape (N, C)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(np.exp(-np.logaddexp(0, -logits.astype(np.float64))))

    def losses_of(self, probabilities: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.float64]:
        """Binary cross-entropy of each picture, the mean over its labels, shape (N,)."""
        said = probabilities.astype(np.float64)
        chosen = np.where(targets > THRESHOLD, said, 1 - said)
        return np.asarray(-np.log(np.maximum(chosen, LEAST_PROBABILITY)).mean(1))

    def answers(self, probabilities: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """1 for each label above the threshold, shape (N, C)."""
        return np.asarray(probabilities > THRESHOLD, np.int64)

    def agree(self, answers: npt.NDArray[Any], targets: Targets) -> npt.NDArray[np.bool_]:
        """Whether all labels are the same, shape (N,)."""
        return np.asarray((answers == targets).all(1), np.bool_)

    def certainty(self, probabilities: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The gap between yes and no of the label whose probability is nearest to the threshold, shape (N,)."""
        return np.asarray(np.abs(2 * probabilities - 1).min(1))

    def labels_of(self, answer: npt.NDArray[Any]) -> list[int]:
        """All that are 1."""
        return [int(label) for label in np.flatnonzero(answer)]

    def indicator(self, answers: npt.NDArray[Any], classes: int) -> npt.NDArray[np.bool_]:
        """The answers themselves, shape (N, C)."""
        return np.asarray(answers, np.bool_).reshape(-1, classes)

    def guessing_loss(self, classes: int) -> float:  # noqa: ARG002 - objectives are called alike
        """That of each label being as likely as not: log 2."""
        return math.log(2)

    def terms(self, classes: int) -> int:
        """One a label."""
        return classes


EXCLUSIVE: Objective = ExclusiveClasses()
INDEPENDENT: Objective = IndependentLabels()

OBJECTIVES: Mapping[str, Objective] = MappingProxyType({found.output: found for found in (EXCLUSIVE, INDEPENDENT)})
"""By the functions that make their probabilities."""


def objective_of(table: ImageTable) -> Objective:
    """What is learned of a table's pictures."""
    return INDEPENDENT if table.multilabel else EXCLUSIVE


def targets_of(table: ImageTable, rows: Iterable[ImageRow]) -> Targets:
    """Targets of some rows of a table, in their order."""
    return objective_of(table).targets([row.labels for row in rows], len(table.classes))


def cross_entropy(
    logits: npt.NDArray[Any], labels: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Losses and probabilities in float64.

    Args:
        logits: Shape (N, C).
        labels: Class indices, shape (N,).

    Returns:
        Losses in nats, shape (N,), and softmax probabilities, shape (N, C).
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is reported by check_loss
        shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
        powers = np.exp(shifted)
        sums = powers.sum(1, keepdims=True)
        losses = np.log(sums[:, 0]) - shifted[np.arange(len(labels)), labels]
    return losses, powers / sums


def log_softmax(logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Logarithms of the probabilities that logits (N, C) stand for, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
