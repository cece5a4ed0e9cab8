"""Trains a convolution and the BatchNorm behind it as one convolution, as long as the statistics stand still.

With running mean m and variance v, BatchNorm of a convolution with weight w and bias b is a convolution with weight
w * s and bias beta + (b - m) * s, where s = gamma / sqrt(v + eps). The two are worked out anew at each forward pass, so
w, gamma and beta get the gradients that they always got, while the passes of BatchNorm over the activations are saved.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Pair = tuple[nn.Conv2d, nn.BatchNorm2d]

SMALLEST_OUTPUT = 1 << 21
"""A batch's output of fewer values (8 MiB) lies in the cache, where a pass costs less than folding the weights."""


@contextmanager
def folded(module: nn.Module, *, batch_size: int, smallest_output: int = SMALLEST_OUTPUT) -> Iterator[None]:
    """Runs a module folded inside the context; parameters, buffers, modules and their names stay what they are.

    The pairs are found at the module's first call, with the first example that it gets. Nothing is folded where
    statistics move, nor on a GPU, where it was not measured. A copy made inside the context would not be whole.

    Args:
        module: The network, or the part of it that is trained, in the modes that it is trained in.
        batch_size: Examples in a batch: what is folded depends on this, not on the batch that comes first, because an
            epoch that is gone on with at its smaller last batch has to take the same sums.
        smallest_output: Number of values that a convolution must put out for a batch to be folded.

    Yields:
        Nothing.
    """
    pairs: list[Pair] = []

    def fold(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        handle.remove()
        if inputs[0].device.type == "cpu":
            pairs.extend(foldable_pairs(module, inputs[0][:1], smallest_output=smallest_output / batch_size))
        for convolution, norm in pairs:
            vars(convolution)["forward"] = _folded_convolution(convolution, norm)
            vars(norm)["forward"] = _rest_of(norm)

    handle = module.register_forward_pre_hook(fold)
    try:
        yield
    finally:
        handle.remove()
        for pair in pairs:
            for part in pair:
                vars(part).pop("forward", None)


def foldable_pairs(module: nn.Module, example: Tensor, *, smallest_output: float = 0) -> list[Pair]:
    """Finds convolutions whose output is read by a BatchNorm and by nothing else, by watching one forward pass.

    Args:
        module: Any module; its modes and the random state are left as they are.
        example: An input (1, ...) of it.
        smallest_output: Number of values that a convolution must put out for the example.

    Returns:
        Convolution and BatchNorm of each pair, in the order in which they ran; none if any statistics would move.
    """
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]
    if not norms or any(norm.training for norm in norms):
        return []
    convolutions, batch_norms = _known_types()
    parts = [part for part in module.modules() if _untouched(part)]
    watch = _Watch()
    handles = [part.register_forward_hook(watch.convolved) for part in parts if type(part) in convolutions]
    handles += [part.register_forward_pre_hook(watch.normalises) for part in parts if type(part) in batch_norms]
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), watch:
            module.forward(example)  # not called: what is hooked to the module itself is not for this pass
    finally:
        for handle in handles:
            handle.remove()
    return watch.pairs(smallest_output)


def folded_weights(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight (O, I, K, K) and bias (O,) of the one convolution that does the work of the two.

    Args:
        convolution: The convolution.
        norm: The BatchNorm behind it, with running statistics.

    Returns:
        Weight and bias; gradients flow through them.
    """
    assert norm.running_mean is not None, "only BatchNorm with statistics is folded"
    assert norm.running_var is not None, "only BatchNorm with statistics is folded"
    scale = torch.rsqrt(norm.running_var + norm.eps)
    scale = scale * norm.weight if norm.affine else scale
    shift = -norm.running_mean if convolution.bias is None else convolution.bias - norm.running_mean
    bias = torch.addcmul(norm.bias, shift, scale) if norm.affine else shift * scale
    return convolution.weight * scale[:, None, None, None], bias


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Counts the operations that read what each convolution wrote, views of it included."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self._calls: Counter[nn.Module] = Counter()
        self._readers: Counter[int] = Counter()
        self._written: dict[int, tuple[nn.Conv2d, Tensor]] = {}
        self._found: list[tuple[Pair, Tensor]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        leaves = tree_leaves((args, kwargs))
        self._readers.update({_memory(leaf) for leaf in leaves if isinstance(leaf, Tensor)})
        return func(*args, **(kwargs or {}))

    def convolved(self, convolution: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> None:
        assert isinstance(convolution, nn.Conv2d), "hooked to convolutions only"
        self._calls[convolution] += 1
        self._written[id(output)] = (convolution, output)  # kept, so that no later tensor gets its memory
        self._readers[_memory(output)] = 0  # what lay there before was another tensor

    def normalises(self, norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d), "hooked to BatchNorm only"
        self._calls[norm] += 1
        if id(inputs[0]) in self._written and norm.running_mean is not None:
            convolution, output = self._written[id(inputs[0])]
            self._found.append(((convolution, norm), output))

    def pairs(self, smallest_output: float) -> list[Pair]:
        return [
            pair
            for pair, output in self._found
            if self._readers[_memory(output)] == 1
            and all(self._calls[part] == 1 for part in pair)
            and output.numel() >= smallest_output
        ]


def _known_types() -> tuple[tuple[type[nn.Module], ...], tuple[type[nn.Module], ...]]:
    """Convolutions and BatchNorms that are folded: exactly these.

    A class derived from them may do something of its own, such as standardising its weights first.
    """
    from timm.layers.conv2d_same import Conv2dSame  # timm loads slowly, and a head alone has nothing to fold
    from timm.layers.norm_act import BatchNormAct2d

    return (nn.Conv2d, Conv2dSame), (nn.BatchNorm2d, BatchNormAct2d)


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _untouched(part: nn.Module) -> bool:
    """Whether nobody else has hooked to a module or replaced its forward."""
    return not part._forward_hooks and not part._forward_pre_hooks and "forward" not in vars(part)


def _folded_convolution(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> Callable[[Tensor], Tensor]:
    def forward(values: Tensor) -> Tensor:
        assert not norm.training, "statistics began to move inside the context"
        weight, bias = folded_weights(convolution, norm)
        vars(convolution).update(weight=weight, bias=bias)  # an attribute is looked up here before the parameters
        try:
            return type(convolution).forward(convolution, values)
        finally:
            del vars(convolution)["weight"], vars(convolution)["bias"]

    return forward


def _rest_of(norm: nn.BatchNorm2d) -> Callable[[Tensor], Tensor]:
    """What timm's BatchNorm does after normalising; torch's own does nothing."""
    if type(norm) is nn.BatchNorm2d:
        return lambda values: values
    return lambda values: norm.act(norm.drop(values))  # type: ignore[operator]  # timm's convention
