"""The head on its own: a linear layer on pooled features, trained in numpy, so that steps 1 to 4 need no torch."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.network.groups import DROPOUT, HEAD_NAMES
from unfreeze.training.batches import Batch, Examples, each_once
from unfreeze.training.criterion import Criterion
from unfreeze.training.descent import LESSONS_OWN, Descent, Moving
from unfreeze.training.loop import MOMENTUM, StepSums, check_loss
from unfreeze.training.mixing import Mixing
from unfreeze.training.objective import EXCLUSIVE, Objective

ROWS_AT_A_TIME = 256

PENALTY = 5.0
MOST_ITERATIONS = 100
LEAST_FALL = 2.2e-9
"""The fit ends when an iteration lowers the loss by a smaller part: SciPy's own choice."""


@dataclass
class LinearHead:
    """A linear layer behind dropout, with the momentum of its optimizer; it starts at zero: all answers equally likely.

    Attributes:
        weight: Shape (C, D), float32.
        bias: Shape (C,), float32.
        dropout: Part of the features that a training step drops.
        objective: What is learned: losses, probabilities and right answers are its.
        descent: How a gradient becomes a step.
        label_smoothing: Part of what is said to be right that training shares out among all answers.
        answer_weights: How much each answer counts in training, (C,) or (2, C); None for alike.
        mixing: Mixes the examples of each training batch; None for examples as they are.
        weight_velocity: The weight's momentum, shape (C, D).
        bias_velocity: The bias's momentum, shape (C,).
        squares: Running means of the squares of both gradients, which AdamW keeps.
        steps: Number of steps that AdamW took, shape ().
    """

    weight: Floats
    bias: Floats
    dropout: float = DROPOUT
    objective: Objective = EXCLUSIVE
    descent: Descent = LESSONS_OWN
    label_smoothing: float = 0.0
    answer_weights: Floats | None = None
    mixing: Mixing | None = None
    weight_velocity: Floats = field(init=False)
    bias_velocity: Floats = field(init=False)
    squares: tuple[Floats, Floats] = field(init=False)
    steps: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.weight_velocity, self.bias_velocity = np.zeros_like(self.weight), np.zeros_like(self.bias)
        self.squares = np.zeros_like(self.weight), np.zeros_like(self.bias)
        self.steps = np.zeros((), np.float32)

    @classmethod
    def at_zero(cls, features: int, classes: int) -> "LinearHead":
        """A head for D features and C classes that has learnt nothing."""
        return cls(np.zeros((classes, features), np.float32), np.zeros(classes, np.float32))

    @property
    def criterion(self) -> Criterion:
        """What a training step lowers."""
        smoothing, weights = self.label_smoothing, self.answer_weights
        return Criterion(objective=self.objective, label_smoothing=smoothing, weights=weights)

    @np.errstate(over="ignore", invalid="ignore")  # of weights that blew up; their loss is not finite
    def logits(self, features: Floats) -> Floats:
        """Logits (N, C) of pooled features (N, D)."""
        return np.asarray(features @ self.weight.T + self.bias)

    def all_logits(self, examples: Examples) -> Floats:
        """Logits (N, C) of all examples, read a few hundred at a time."""
        with one_thread():
            return np.concatenate([self.logits(features) for features, _ in each_once(examples, ROWS_AT_A_TIME)])

    @np.errstate(over="ignore", invalid="ignore")  # what is not finite is reported by check_loss
    def train_step(self, batch: Batch, rates: Sequence[float], *, seed: int, momentum: float = MOMENTUM) -> StepSums:
        """One step down the gradient of the batch's mean loss.

        Args:
            batch: Features (N, D) and targets.
            rates: Learning rate of each layer group; the last is the head's.
            seed: Decides which features are dropped, and how examples are mixed.
            momentum: What part of the last step's direction is kept, above 0.

        Returns:
            The batch's sums as they were before the step.

        Raises:
            TrainingError: If the loss is not finite; the step is not taken.
        """
        features, targets = self.mixing(batch, seed=seed) if self.mixing else batch
        kept = np.random.Generator(np.random.PCG64(seed)).random(features.shape, np.float32) >= self.dropout
        seen = features * (kept * np.float32(1 / (1 - self.dropout)))
        logits = self.logits(seen)
        criterion = self.criterion
        losses, slope = criterion.losses_and_slope(logits, targets)
        check_loss(float(losses.mean()))
        gradient: Floats = slope.astype(np.float32)  # (N, C)
        self.descent.step(self._moving, (gradient.T @ seen, gradient.sum(0)), rate=rates[-1], momentum=momentum)
        noted = losses if criterion.is_plain(targets) else criterion.noted_losses(logits, targets)
        return StepSums(len(targets), float(noted.sum()), int(criterion.right(logits, targets).sum()))

    def fit_exactly(self, examples: Examples, *, penalty: float = PENALTY, least_fall: float = LEAST_FALL) -> StepSums:
        """Puts weight and bias where the penalised mean loss is lowest, by L-BFGS (Liu and Nocedal 1989).

        The penalty is |weight|^2 * 5 / N for N examples: of the strengths tried 5 gave the lowest validation loss on
        photographs, and nearly so on digits (docs/decisions/0006-head.md). Independent labels share it out, so that
        each is fitted as if it were the only one. The optimizer remembers nothing afterwards. All features are held in
        memory.

        Args:
            examples: Features (N, D) and targets.
            penalty: What stands for 5.
            least_fall: The fit ends when an iteration lowers the loss by a smaller part.

        Returns:
            Sums over the examples at the end, without the penalty.
        """
        from scipy.optimize import minimize

        ((features, targets),) = examples.batches([range(len(examples.targets))])
        shape = (len(self.bias), features.shape[1] + 1)
        strength = 2 * penalty / len(targets) / self.objective.terms(len(self.bias))

        def penalised(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            weight, bias = np.split(flat.reshape(shape), [-1], axis=1)  # (C, D), (C, 1)
            logits = features @ weight.T.astype(np.float32) + bias[:, 0]
            losses, slope = self.criterion.losses_and_slope(logits, targets)
            slope = slope.astype(np.float32)  # (N, C)
            down = np.hstack([slope.T @ features + strength * weight, slope.sum(0)[:, np.newaxis]])
            return float(losses.mean() + strength / 2 * np.square(weight).sum()), down.ravel().astype(np.float64)

        start = np.hstack([self.weight, self.bias[:, np.newaxis]]).ravel()
        with one_thread():
            options = {"maxiter": MOST_ITERATIONS, "ftol": least_fall}
            lowest = minimize(penalised, start, jac=True, method="L-BFGS-B", options=options)
        weight, bias = np.split(lowest.x.reshape(shape), [-1], axis=1)
        self.restore([weight, bias[:, 0]])
        self.forget()
        return self.valid_step((features, targets))

    def valid_step(self, batch: Batch) -> StepSums:
        """The losses of a batch of features (N, D) and targets, summed in float64, nothing dropped."""
        features, targets = batch
        logits = self.logits(features)
        losses = self.objective.losses(logits, targets)
        return StepSums(len(targets), float(losses.sum()), int(self.objective.right(logits, targets).sum()))

    def training(self) -> AbstractContextManager[None]:
        """One thread of the linear algebra library: a head is too small to share, and sums are the same anywhere."""
        return one_thread()

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Restores weights and momentum, whatever happens inside.

        Yields:
            Nothing.
        """
        before = self.copies()
        try:
            yield
        finally:
            self.restore(before)

    def copies(self) -> tuple[Floats, ...]:
        """Copies of weight, bias and both momenta; of AdamW, both means of squares and the number of steps besides."""
        return tuple(part.copy() for part in self._kept)

    def restore(self, parts: Sequence[Floats]) -> None:
        """Puts weight, bias and, where they are given too, what the optimizer remembers back in place."""
        for part, value in zip(self._kept, parts, strict=False):
            part[...] = value

    def forget(self) -> None:
        """Lets the optimizer begin anew."""
        for part in self._kept[2:]:
            part[...] = 0

    def trained(self) -> dict[str, Floats]:
        """What training moves, by its names in a network: the arrays themselves."""
        return dict(zip(HEAD_NAMES, (self.weight, self.bias), strict=True))

    @property
    def _kept(self) -> tuple[Floats, ...]:
        always = (self.weight, self.bias, self.weight_velocity, self.bias_velocity)
        return always if self.descent.optimizer == "sgd" else (*always, *self.squares, self.steps)

    @property
    def _moving(self) -> Moving:
        momenta = self.weight_velocity, self.bias_velocity
        return Moving(values=(self.weight, self.bias), momenta=momenta, squares=self.squares, steps=self.steps)


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets the linear algebra library use one thread inside.

    Yields:
        Nothing.
    """
    from threadpoolctl import threadpool_limits  # not there where models only predict

    with threadpool_limits(1, user_api="blas"):
        yield
