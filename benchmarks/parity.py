"""Whether a model answers alike everywhere: torch, the shipped graph, the command and the predictor, side by side.

    python -m benchmarks.parity [FOLDER ...] [--backbones a,b] [--squares crop,pad] [--train 60 --valid 40]

For each collection, backbone and way to a square a head is trained in a process of its own, and the same validation
pictures are predicted in four ways. Backbones whose weights are not installed begin at random, by a fixed seed: what is
compared is arithmetic, not accuracy. The page is a Markdown table of the largest differences of a probability.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.pictures import linked
from benchmarks.processes import run_process
from unfreeze.activations.engines import OnnxEngine
from unfreeze.activations.rounding import as_stored
from unfreeze.deploy.bundle import open_bundle
from unfreeze.deploy.description import WEIGHTS_FILE
from unfreeze.deploy.predictor import Predictor
from unfreeze.images.decode import decode
from unfreeze.network.backbones import PACKAGED
from unfreeze.network.groups import POOLED

BACKBONES = "efficientnet_lite0,resnet18,mobilenetv3_small_100"
SQUARES = "crop,squash,pad"
COLLECTIONS = ("dogscats", "ants-bees")
NOISE_BATCHES = 2
UNFREEZE = (sys.executable, "-m", "unfreeze")

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One model.

    Attributes:
        pictures: A folder of `train/CLASS/*` beside `valid/CLASS/*`.
        backbone: Its name.
        square: How a picture becomes a square.
    """

    pictures: Path
    backbone: str
    square: str


def main() -> None:
    """Prints a row a model, and the largest difference of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos = Path(os.environ.get("UNFREEZE_PHOTOS", "."))
    parser.add_argument("pictures", type=Path, nargs="*", default=[photos / name for name in COLLECTIONS])
    parser.add_argument("--backbones", default=BACKBONES)
    parser.add_argument("--squares", default=SQUARES)
    parser.add_argument("--train", type=int, default=60)
    parser.add_argument("--valid", type=int, default=40)
    options = parser.parse_args()
    print("| pictures | backbone | square | torch - graph | graph - predictor | predictor - command | spread |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    largest = 0.0
    with tempfile.TemporaryDirectory(prefix="unfreeze-parity-") as work:
        for case in cases(options, Path(work)):
            differences, spread = compared(case, Path(work))
            largest = max(largest, *differences)
            cells = (case.pictures.name, case.backbone, case.square, *(f"{each:.1e}" for each in differences))
            print(f"| {' | '.join(cells)} | {spread:.2f} |", flush=True)
    print(f"\nLargest difference of a probability: {largest:.1e}")


def cases(options: argparse.Namespace, work: Path) -> Iterator[Case]:
    """All models that are asked for."""
    for source in options.pictures:
        counts = {"train": options.train, "valid": options.valid}
        pictures = linked(source, work / "linked" / source.name, counts)
        for backbone in options.backbones.split(","):
            for square in options.squares.split(","):
                yield Case(pictures=pictures, backbone=backbone, square=square)


def compared(case: Case, work: Path) -> tuple[tuple[float, float, float], float]:
    """Trains a head, and compares the four answers.

    Args:
        case: What is trained.
        work: Where runs and weights lie.

    Returns:
        The largest difference of a probability between neighbours of the four, and the standard deviation of the
        probabilities: where that is 0, equal answers mean nothing.
    """
    run = trained(case, work)
    paths = sorted((case.pictures / "valid").glob("*/*"))
    bundle = open_bundle(run)
    transform = bundle.settings.to_transform()
    read = [decode(path.read_bytes(), path=path, short_side_px=transform.short_side_px) for path in paths]
    squares = np.stack([transform(image) for image in read])
    torch = of_torch(run, squares)
    graph = np.concatenate([OnnxEngine(bundle.graph).run(squares[start : start + 1]) for start in range(len(squares))])
    predicted = np.array([prediction.probabilities for prediction in Predictor(run).predict(paths)])
    command = of_command(run, paths, bundle.settings.classes)
    answers = [each.astype(np.float64) for each in (torch, graph, predicted, command)]
    first, second, third = (float(np.abs(one - other).max()) for one, other in pairwise(answers))
    return (first, second, third), float(graph.std())


def trained(case: Case, work: Path) -> Path:
    """The run folder of a head on a body."""
    run = work / "runs" / f"{case.pictures.name}-{case.backbone}-{case.square}"
    words = ["train", str(case.pictures), "--steps", "1,3", "--lr", "0.05", "--tta-views", "0", "--quiet"]
    words += ["--backbone", case.backbone, "--square", case.square, "--out", str(run)]
    if case.backbone not in PACKAGED:
        words += ["--weights", str(random_weights(case.backbone, work))]
    finished = run_process([*UNFREEZE, *words])
    if finished.code:
        raise SystemExit(f"{' '.join(words)}: {finished.complaint}")
    return run


def random_weights(backbone: str, work: Path) -> Path:
    """A file of a body's random start, its BatchNorm fitted to some noise: without, features hardly differ."""
    import timm
    import torch
    from safetensors.torch import save_file

    path = work / f"{backbone}.safetensors"
    if not path.exists():
        torch.manual_seed(0)
        model = timm.create_model(backbone, pretrained=False).train()
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = None  # the mean of all that it sees
        with torch.no_grad():
            for _ in range(NOISE_BATCHES):
                coarse = torch.randn(8, 3, 14, 14)
                model(torch.nn.functional.interpolate(coarse, size=224, mode="bilinear"))
        save_file(model.state_dict(), path)
    return path


def of_torch(run: Path, squares: npt.NDArray[np.uint8]) -> Probabilities:
    """Probabilities (N, C) by torch, from the bundle's weights; features are rounded as those were that trained."""
    import torch
    from safetensors.torch import load_file

    from unfreeze.network.build import build_network

    bundle = open_bundle(run)
    settings = bundle.settings
    network = build_network(settings.backbone, classes=len(settings.classes), pretrained=False)
    missing, unknown = network.load_state_dict(load_file(bundle.path / WEIGHTS_FILE), strict=False)
    assert not unknown
    assert all(name.endswith("num_batches_tracked") for name in missing), missing
    with torch.inference_mode():
        features = network.eval().prefix(POOLED)(torch.from_numpy(squares)).numpy()
        rounded = torch.from_numpy(np.stack([as_stored(row) for row in features]))
        logits = network.stages["head"](rounded).numpy()
    return settings.objective.probabilities(logits.astype(np.float64) / settings.temperature)


def of_command(run: Path, paths: Sequence[Path], classes: Sequence[str]) -> Probabilities:
    """Probabilities (N, C) by `unfreeze predict --json -`."""
    finished = run_process([*UNFREEZE, "predict", str(run), *map(str, paths), "--json", "-"])
    rows = [json.loads(line) for line in finished.output.splitlines()]
    assert [row["path"] for row in rows] == [str(path) for path in paths], finished.complaint
    said = [{each["name"]: each["probability"] for each in row["classes"]} for row in rows]
    return np.array([[row[name] for name in classes] for row in said])


if __name__ == "__main__":
    main()
