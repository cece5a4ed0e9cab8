"""The stages after a cut in the body, trained in torch."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn

from unfreeze.network.clamping import clamped_in_place
from unfreeze.network.folding import folded
from unfreeze.network.network import Network
from unfreeze.training.batches import Batch
from unfreeze.training.head import LinearHead
from unfreeze.training.loop import MOMENTUM, NOTHING_YET, StepSums, check_loss
from unfreeze.training.micro_batches import micro_batch_size, micro_batches
from unfreeze.training.optimizers import REMEMBERED, as_state, remembered, set_pace, torch_optimizer
from unfreeze.training.options import OptimizerName, PrecisionName
from unfreeze.training.precision import Precision
from unfreeze.training.preserve import preserved, torch_threads
from unfreeze.training.whole_batch import Place, dropout_of_all, sums_of_all
from unfreeze.world import ALONE

STATISTICS = ("running_mean", "running_var")


class TrainableSuffix:
    """The stages of a network from its cut on, with their optimizer.

    Each layer group has a rate of its own; frozen groups get no gradient, so their momentum stands still and goes on
    when they thaw. The head's weights and momentum are those of `head`: they are copied in when training begins and
    back out when it ends. What is learned is its objective, what is lowered its criterion, and steps are taken as it
    takes them.

    Args:
        network: What is trained.
        head: Owns the last layer.
        threads: Threads that torch may use.
        precision: Type of the numbers that the network computes with; weights and sums are float32.

    Attributes:
        cut: The stage that batches are the input of.
        batch_size: Examples in a batch, but for an epoch's last.
        world: The processes that take each step together; batches are then this process's parts.
        accumulate: Parts that a batch is computed in, one after the other.
    """

    def __init__(
        self, network: Network, head: LinearHead, *, threads: int, precision: PrecisionName = "float32"
    ) -> None:
        self.network = network
        self.cut = network.stage_names[0]
        self.batch_size = 1
        self.world = ALONE
        self.accumulate = 1
        self.optimizer = torch_optimizer(network, head.descent)
        self._precision = Precision(precision, next(network.parameters()).device)
        self._module: nn.Module = network
        self._head = head
        self._threads = threads

    def train_step(self, batch: Batch, rates: Sequence[float], *, seed: int, momentum: float = MOMENTUM) -> StepSums:
        """One step down the gradient of the batch's mean loss, inside `training`.

        Args:
            batch: Activations at the network's cut, or squares (N, 3, S, S), and targets.
            rates: Learning rate of each layer group.
            seed: Decides what dropout drops, and how examples are mixed.
            momentum: What part of the last step's direction is kept, above 0, in every layer group.

        Returns:
            The batch's sums as they were before the step.

        Raises:
            TrainingError: If the loss is not finite; the step is not taken.
        """
        set_pace(self.optimizer, rates, momentum)
        torch.manual_seed(seed)  # dropout depends on the step alone, resumed or not
        if self._head.mixing:
            batch = self._head.mixing(batch, seed=seed)
        self.optimizer.zero_grad()
        sums = self._add_gradients(batch)
        check_loss(sums.mean_loss)
        self._descend()
        return sums

    def _add_gradients(self, batch: Batch) -> StepSums:
        """Adds the gradient of the whole batch's mean loss to what the parameters have, in all processes."""
        counts = self.world.gather(len(batch[1]))
        start, count = sum(counts[: self.world.rank]), sum(counts)
        parts = list(micro_batches(batch, self.accumulate)) if len(batch[1]) else []
        sums = NOTHING_YET
        whole = len(batch[1]) == count and self.accumulate == 1  # torch's own dropout draws the same
        with nullcontext(Place()) if whole else dropout_of_all(self._module, count=count) as place:
            for part in parts:
                place.first = start + sums.examples
                sums += self._add_gradient(part, share=len(part[1]) / count)
        return sums if self.world.size == 1 else sums_of_all(self.network.parameters(), sums, self.world)

    def _add_gradient(self, batch: Batch, *, share: float) -> StepSums:
        """Adds the gradient of a part of the step's batch to what the parameters have; its share is its weight."""
        inputs, targets = on_device(self._module, batch)
        criterion = self._head.criterion
        with self._precision.computing():
            logits = self._module(inputs)
        lowered, noted = criterion.torch_losses(logits.float(), targets)
        torch.autograd.backward(self._precision.scaled(lowered * share))
        value = noted.item() + 0 * lowered.item()  # not finite where either is not
        right = criterion.right(logits, targets)
        return StepSums(len(targets), value * len(targets), int(right.sum()))

    def _descend(self) -> None:
        """Takes the step that the gradients say."""
        longest = self._head.descent.clip_norm
        with self._precision.true_gradients(self.optimizer):
            if longest is not None:
                trained = [part for part in self.network.parameters() if part.grad is not None]
                nn.utils.clip_grad_norm_(trained, longest)

    def __getstate__(self) -> dict[str, object]:
        """All but the world: another process has its own."""
        return {**vars(self), "world": ALONE}

    @contextmanager
    def training(self) -> Iterator[None]:
        """Modes, threads and random state of training; all but the modes are as before afterwards.

        Yields:
            Nothing.
        """
        self._copy_head_in()
        try:
            self.network.training_mode()
            module = self._module = self.network.suffix(self.cut)
            with torch.random.fork_rng(), torch_threads(self._threads), self._faster(module):
                yield
        finally:
            self.network.eval()
            self._copy_head_out()

    @contextmanager
    def _faster(self, module: nn.Module) -> Iterator[None]:
        """Lets a module take the same steps in less time."""
        at_once = micro_batch_size(-(-self.batch_size // self.world.size), self.accumulate)
        with folded(module, batch_size=at_once), clamped_in_place(module):
            yield

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Restores network, optimizer, head and random states, whatever happens inside.

        Yields:
            Nothing.
        """
        with self._head.preserved(), preserved(self.network, self.optimizer):
            yield

    def trained(self) -> dict[str, Tensor]:
        """What training moves, by names, inside `training`: parameters that are not frozen, and moving statistics."""
        found = {name: part.detach() for name, part in self.network.named_parameters() if part.requires_grad}
        if self.network.batch_norm == "train":
            found |= {name: part for name, part in self.network.named_buffers() if name.endswith(STATISTICS)}
        return found

    def momenta(self) -> dict[str, Tensor]:
        """Copies of what is remembered of the body's parameters, on the CPU; of those that never moved nothing is."""
        state = self.optimizer.state
        return {
            prefix + name: value
            for name, part in self._body()
            if part in state
            for prefix, value in remembered(state[part], self._kind)
        }

    def restore_momenta(self, momenta: Mapping[str, Tensor]) -> None:
        """Puts momenta in place; the body's other parameters begin anew.

        Args:
            momenta: What `momenta` gave.
        """
        self.optimizer.state.clear()
        for name, part in self._body():
            prefixes = [prefix for prefix in REMEMBERED[self._kind] if prefix + name in momenta]
            if prefixes:
                found = {prefix: momenta[prefix + name] for prefix in prefixes}
                self.optimizer.state[part] = as_state(found, self._kind, part)

    @property
    def _kind(self) -> OptimizerName:
        return self._head.descent.optimizer

    def _body(self) -> list[tuple[str, nn.Parameter]]:
        head = set(self.network.classifier.parameters())
        return [(name, part) for name, part in self.network.named_parameters() if part not in head]

    def _copy_head_in(self) -> None:
        copy_head(self._head, self.network)
        head, linear = self._head, self.network.classifier
        momenta = head.weight_velocity, head.bias_velocity
        for parameter, momentum, square in zip((linear.weight, linear.bias), momenta, head.squares, strict=True):
            known = {"": momentum, "square.": square, "steps.": head.steps}
            found = {prefix: torch.from_numpy(known[prefix]) for prefix in REMEMBERED[self._kind]}
            self.optimizer.state[parameter] = as_state(found, self._kind, parameter)

    def _copy_head_out(self) -> None:
        parts = [self.network.classifier.weight, self.network.classifier.bias]
        known = [dict(remembered(self.optimizer.state[part], self._kind)) for part in parts]
        kept = [found[prefix].numpy() for prefix in ("", "square.") if prefix in known[0] for found in known]
        steps = [found.numpy() for found in (known[0].get("steps."),) if found is not None]
        self._head.restore([*(part.detach().cpu().numpy() for part in parts), *kept, *steps])


def copy_head(head: LinearHead, network: Network) -> None:
    """Writes a head's weight and bias into a network's last layer.

    Args:
        head: Where they come from.
        network: Its classifier has the same shape.
    """
    with torch.no_grad():
        network.classifier.weight.copy_(torch.from_numpy(head.weight))
        network.classifier.bias.copy_(torch.from_numpy(head.bias))


def on_device(module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """The batch where the module's parameters are, pictures in the memory format that convolutions are fastest in."""
    device = next(module.parameters()).device
    inputs, targets = (torch.from_numpy(part).to(device) for part in batch)
    return (inputs.contiguous(memory_format=torch.channels_last) if inputs.ndim == 4 else inputs), targets
