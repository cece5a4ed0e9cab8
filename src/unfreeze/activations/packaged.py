"""The body of a packaged backbone without torch: a shipped graph, filled with the installed weights.

The graph was traced and its output computed by torch when the package was made (`make graphs`); onnxruntime has to give
the same output here before the graph is used.
"""

import base64
import json
import os
from functools import cached_property
from pathlib import Path

import numpy as np

from unfreeze.activations.engines import Engine, OnnxEngine, noise_squares, open_graph, relative_difference
from unfreeze.activations.shipped import SHIPPED_STRIDE, shipped
from unfreeze.errors import BackboneError
from unfreeze.files import write_whole
from unfreeze.network.backbones import PACKAGED, preprocessing
from unfreeze.network.groups import POOLED
from unfreeze.network.packaged import Arrays, read_packaged

TRIED_PX = 224
TOLERANCE = 1e-4
"""Largest difference from torch's features that is accepted, relative to the largest feature."""


class PackagedPrefix:
    """The pretrained body of a packaged backbone, up to its pooled features.

    Args:
        backbone: One of `PACKAGED`.
        graphs: Folder where the filled graph is kept.
    """

    def __init__(self, backbone: str, *, graphs: Path) -> None:
        about = json.loads(shipped(f"{backbone}-{POOLED}.json").read_bytes())
        self.key: str = about["key"]
        self.notes: list[str] = []
        self.width: int = about["width"]
        self._backbone = backbone
        self._names: dict[str, str] = about["names"]
        self._features = np.frombuffer(base64.b64decode(about["features"]), "<f4").reshape(-1, self.width)
        self._graph = graphs / f"{self.key}.onnx"

    @staticmethod
    def serves(backbone: str, size_px: int) -> bool:
        """Whether there is a shipped graph for a backbone and squares of a size."""
        return backbone in PACKAGED and size_px % SHIPPED_STRIDE == 0

    @cached_property
    def engine(self) -> Engine:
        """Onnxruntime on the filled graph."""
        return open_graph(self._graph, self._make)

    def graph(self) -> Path:
        """The ONNX file, filled now if it was not before."""
        open_graph(self._graph, self._make)  # one that lies damaged in the cache is made anew
        return self._graph

    def weights(self) -> Arrays:
        """The body's arrays, the scaling of pixels included, by the names that they have in a network's stages."""
        found, expected = read_packaged(PACKAGED[self._backbone]), preprocessing(self._backbone)
        scaling = {"pixels.pixel_mean": expected.mean, "pixels.pixel_std": expected.std}
        scaled = {name: np.array(values, np.float32).reshape(1, 3, 1, 1) for name, values in scaling.items()}
        return scaled | {ours: found[theirs] for ours, theirs in self._names.items()}

    def _make(self) -> None:
        import onnx

        from unfreeze.activations.skeletons import fill

        skeleton = onnx.load_model_from_string(shipped(f"{self._backbone}-{POOLED}.onnx").read_bytes())
        model = fill(skeleton, self.weights())
        assert model is not None, "a shipped graph has its backbone's names and shapes"
        work = self._graph.with_name(f".{os.getpid()}-{self._graph.name}")
        try:
            write_whole(work, model.SerializeToString())
            found = OnnxEngine(work).run(noise_squares(len(self._features), TRIED_PX))
            difference = relative_difference(found, self._features)
            if not difference <= TOLERANCE:  # nor if it is not a number
                message = f"onnxruntime computes other features of {self._backbone} than torch, by {difference:.1e}"
                raise BackboneError(f"{message}; install another version of onnxruntime", subject=self._backbone)
            os.replace(work, self._graph)
        finally:
            work.unlink(missing_ok=True)
