"""Makes the graphs without weights that are shipped: `make graphs`, after a change of torch, timm or a cut."""

import tempfile
from pathlib import Path

import onnx

from unfreeze.activations.export import export_graph
from unfreeze.activations.skeletons import strip
from unfreeze.network.backbones import PACKAGED
from unfreeze.network.build import build_network

GRAPHS = Path(__file__).parent.parent / "src" / "unfreeze" / "activations" / "graphs"
CUT = "head"
SIZE_PX = 224


def main() -> None:
    """Traces each packaged backbone up to its pooled features."""
    for backbone in PACKAGED:
        module = build_network(backbone, classes=2).prefix(CUT)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "graph.onnx"
            export_graph(module, path, size_px=SIZE_PX)
            skeleton = strip(onnx.load(path), module.state_dict())
        target = GRAPHS / f"{backbone}-{CUT}.onnx"
        target.write_bytes(skeleton.SerializeToString())
        print(target.name, target.stat().st_size)


if __name__ == "__main__":
    main()
