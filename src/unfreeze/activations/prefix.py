"""Stages of a torch network as a frozen prefix."""

import copy
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from unfreeze.activations.engines import Engine, ExportMismatch, TorchEngine, open_graph
from unfreeze.activations.export import export_graph
from unfreeze.errors import RunError
from unfreeze.network.network import Network


class FrozenPrefix:
    """The stages before a cut as a pure function, run by the fastest engine there is.

    The graph is exported once for a hash of the weights and kept in the cache. `exportable` may be set to False where
    it is known that the network cannot be; `notes` tells what the user should know.

    Args:
        network: Its stages before the cut are frozen.
        cut: Name of the first stage that is not part of the prefix.
        size_px: Side of the squares in pixels.
        graphs: Folder of exported graphs.
        device: Where torch runs where onnxruntime does not.
    """

    def __init__(self, network: Network, cut: str, *, size_px: int, graphs: Path, device: torch.device) -> None:
        self.key = network.prefix_hash(cut)
        self._module: nn.Module = network.prefix(cut)
        self._name = f"{network.backbone}-{cut}"
        self._graph = graphs / f"{self.key}-{size_px}.onnx"
        self._size_px = size_px
        self._device = device
        self.exportable = True
        self.notes: list[str] = []

    @cached_property
    def engine(self) -> Engine:
        """The engine, made when something has to be computed."""
        if self._device.type != "cpu" or not self.exportable:
            return TorchEngine(self._module, self._device)
        try:
            return open_graph(self._graph, self._export)
        except ExportMismatch as error:
            self.exportable = False
            self.notes.append(f"the frozen part runs in torch, which is slower: {error}")
            return TorchEngine(self._module, self._device)

    def graph(self) -> Path:
        """The ONNX file of the prefix, exported now if it was not before.

        Returns:
            The file.

        Raises:
            ExportMismatch: If onnxruntime does not compute what torch does.
            RunError: If the file cannot be written.
        """
        open_graph(self._graph, self._export)  # one that lies damaged in the cache is made anew
        return self._graph

    def _export(self) -> None:
        module = copy.deepcopy(self._module).cpu()
        try:
            export_graph(module, self._graph, size_px=self._size_px, name=self._name)
        except OSError as error:
            message = f"{self._graph}: cannot be written ({error.strerror}); free some space, or set UNFREEZE_CACHE"
            raise RunError(message, subject=self._graph) from error


def fingerprint(module: nn.Module) -> tuple[tuple[int, int], ...]:
    """Changes whenever a tensor of a module is written to or exchanged; far cheaper than hashing the values.

    Steps of torch's fused optimizers (`fused=True`) do not show: they leave a tensor's version as it was.
    """
    return tuple((tensor.data_ptr(), tensor._version) for tensor in module.state_dict().values())
