"""Makes the graphs without weights that are shipped: `make graphs`, after a change of torch, timm or a cut."""

import base64
import json
import tempfile
from pathlib import Path

import onnx
import torch

from unfreeze.activations.engines import noise_squares
from unfreeze.activations.export import export_graph
from unfreeze.activations.packaged import TRIED_PX
from unfreeze.activations.skeletons import strip
from unfreeze.network.backbones import PACKAGED
from unfreeze.network.build import build_network
from unfreeze.network.groups import POOLED
from unfreeze.network.network import Network
from unfreeze.network.packaged import read_packaged

GRAPHS = Path(__file__).parent.parent / "src" / "unfreeze" / "activations" / "graphs"
TRIED_SQUARES = 2


def main() -> None:
    """Traces each packaged backbone up to its pooled features, and writes down what torch makes of some noise."""
    for backbone in PACKAGED:
        network = build_network(backbone, classes=2)
        body = network.prefix(POOLED)
        weights = {name: tensor.numpy() for name, tensor in body.state_dict().items()}
        names = names_in_file(backbone, network)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "graph.onnx"
            export_graph(body, path, size_px=TRIED_PX)
            skeleton = strip(onnx.load(path), {name: weights[name] for name in names})
        with torch.inference_mode():
            features = body(torch.from_numpy(noise_squares(TRIED_SQUARES, TRIED_PX))).numpy().astype("<f4")
        about = {
            "key": network.prefix_hash(POOLED),
            "width": network.features,
            "names": names,
            "features": base64.b64encode(features.tobytes()).decode(),
        }
        (GRAPHS / f"{backbone}-{POOLED}.onnx").write_bytes(skeleton.SerializeToString())
        (GRAPHS / f"{backbone}-{POOLED}.json").write_text(json.dumps(about, indent=1) + "\n")
        print(backbone, len(names), "arrays")


def names_in_file(backbone: str, network: Network) -> dict[str, str]:
    """For each weight of the body its name in the package's file; the order is the same in both.

    Args:
        backbone: One of the packaged names.
        network: Built from it.

    Returns:
        Names in the file by names in the network's stages; counters of batches are left out.
    """
    theirs = list(read_packaged(PACKAGED[backbone]))
    ours = [name for name in network.stages.state_dict() if not name.startswith(("pixels", POOLED))]
    return {name: theirs[index] for index, name in enumerate(ours) if not name.endswith("num_batches_tracked")}


if __name__ == "__main__":
    main()
