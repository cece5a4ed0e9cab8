"""The stages after a cut in the body, trained in torch."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn

from unfreeze.network.clamping import clamped_in_place
from unfreeze.network.folding import folded
from unfreeze.network.groups import GROUP_NAMES
from unfreeze.network.network import Network
from unfreeze.training.batches import Batch
from unfreeze.training.head import LinearHead
from unfreeze.training.loop import MOMENTUM, NOTHING_YET, StepSums, check_loss
from unfreeze.training.micro_batches import micro_batch_size, micro_batches
from unfreeze.training.preserve import preserved, torch_threads
from unfreeze.training.whole_batch import Place, dropout_of_all, sums_of_all
from unfreeze.world import ALONE


class TrainableSuffix:
    """The stages of a network from its cut on, with their optimizer: SGD with momentum.

    Each layer group has a rate of its own; frozen groups get no gradient, so their momentum stands still and goes on
    when they thaw. The head's weights and momentum are those of `head`: they are copied in when training begins and
    back out when it ends. What is learned is its objective.

    Args:
        network: What is trained.
        head: Owns the last layer.
        threads: Threads that torch may use.

    Attributes:
        cut: The stage that batches are the input of.
        batch_size: Examples in a batch, but for an epoch's last.
        world: The processes that take each step together; batches are then this process's parts.
        accumulate: Parts that a batch is computed in, one after the other.
    """

    def __init__(self, network: Network, head: LinearHead, *, threads: int) -> None:
        self.network = network
        self.cut = network.stage_names[0]
        self.batch_size = 1
        self.world = ALONE
        self.accumulate = 1
        self.optimizer = torch.optim.SGD(
            [{"params": network.group_parameters(name), "name": name} for name in GROUP_NAMES],
            lr=1.0,
            momentum=MOMENTUM,
        )
        self._module: nn.Module = network
        self._head = head
        self._threads = threads

    def train_step(self, batch: Batch, rates: Sequence[float], *, seed: int, momentum: float = MOMENTUM) -> StepSums:
        """One step down the gradient of the batch's mean loss, inside `training`.

        Args:
            batch: Activations at the network's cut, or squares (N, 3, S, S), and targets.
            rates: Learning rate of each layer group.
            seed: Decides what dropout drops.
            momentum: What part of the last step's direction is kept, above 0, in every layer group.

        Returns:
            The batch's sums as they were before the step.

        Raises:
            TrainingError: If the loss is not finite; the step is not taken.
        """
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"], group["momentum"] = rate, momentum
        torch.manual_seed(seed)  # dropout depends on the step alone, resumed or not
        self.optimizer.zero_grad()
        sums = self._add_gradients(batch)
        check_loss(sums.mean_loss)
        self.optimizer.step()
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
        logits = self._module(inputs)
        loss = self._head.objective.torch_loss(logits, targets)
        torch.autograd.backward(loss * share)
        right = self._head.objective.right(logits, targets)
        return StepSums(len(targets), loss.item() * len(targets), int(right.sum()))

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

    def momenta(self) -> dict[str, Tensor]:
        """Copies of the momenta of the body's parameters by name, on the CPU; those that never moved have none."""
        state = self.optimizer.state
        found = {name: state[part].get("momentum_buffer") for name, part in self._body() if part in state}
        return {name: buffer.detach().cpu().clone() for name, buffer in found.items() if buffer is not None}

    def restore_momenta(self, momenta: Mapping[str, Tensor]) -> None:
        """Puts momenta in place; the body's other parameters begin anew.

        Args:
            momenta: Momenta by the names of the body's parameters.
        """
        self.optimizer.state.clear()
        for name, part in self._body():
            if name in momenta:
                self.optimizer.state[part]["momentum_buffer"] = momenta[name].to(part.device, copy=True)

    def _body(self) -> list[tuple[str, nn.Parameter]]:
        head = set(self.network.classifier.parameters())
        return [(name, part) for name, part in self.network.named_parameters() if part not in head]

    def _copy_head_in(self) -> None:
        copy_head(self._head, self.network)
        linear = self.network.classifier
        for parameter, velocity in (
            (linear.weight, self._head.weight_velocity),
            (linear.bias, self._head.bias_velocity),
        ):
            momentum = torch.from_numpy(velocity).to(parameter.device, copy=True)
            self.optimizer.state[parameter]["momentum_buffer"] = momentum

    def _copy_head_out(self) -> None:
        linear = self.network.classifier
        momenta = [self.optimizer.state[part]["momentum_buffer"] for part in (linear.weight, linear.bias)]
        self._head.restore([part.detach().cpu().numpy() for part in (linear.weight, linear.bias, *momenta)])


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
