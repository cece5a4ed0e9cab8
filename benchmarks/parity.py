"""Whether a model answers alike everywhere: torch, the shipped graph, the command and the predictor, side by side.

    python -m benchmarks.parity [FOLDER ...] --rows ROWS.jsonl [--backbones a,b] [--squares crop,pad] [--valid 20]

For each collection, backbone and way to a square a head is trained in a process of its own, and the same validation
pictures are predicted in four ways. Backbones whose weights are not installed begin at random, by a fixed seed: what is
compared is arithmetic, not accuracy. Each row is written to the file of rows as soon as it is there, and a row that it
holds is not computed again: stopped, the same command goes on. What is printed is a Markdown table of the largest
differences of a probability.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.pictures import linked
from benchmarks.processes import run_process
from unfreeze.activations.engines import Floats, OnnxEngine, relative_difference
from unfreeze.activations.rounding import as_stored
from unfreeze.deploy.bundle import open_bundle
from unfreeze.deploy.description import WEIGHTS_FILE
from unfreeze.deploy.predictor import Predictor
from unfreeze.images.decode import decode
from unfreeze.network.backbones import PACKAGED
from unfreeze.network.groups import POOLED

BACKBONES = "efficientnet_lite0,resnet18,mobilenetv3_small_100"
SQUARES = "crop,squash,pad"
CERTAIN = 0.999
TRAIN, VALID = 24, 20
"""Pictures of a row: its head needs a few, and a difference of arithmetic shows on any."""

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

    @property
    def name(self) -> str:
        """What its row is called."""
        return f"{self.pictures.name}/{self.backbone}/{self.square}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was found of a model.

    Attributes:
        name: The model: pictures, backbone and square, joined by slashes.
        pictures: Validation pictures that were compared.
        differences: The largest difference of a probability between torch and graph, graph and predictor, predictor
            and command.
        features: The largest difference of a feature between torch and graph, as a part of the largest one.
        undecided: Pictures with a highest probability below `CERTAIN`: where there are none, equal probabilities mean
            little, and the features have to tell.
    """

    name: str
    pictures: int
    differences: tuple[float, float, float]
    features: float
    undecided: int

    def cells(self) -> str:
        """The row of a Markdown table."""
        shown = (*self.name.split("/"), str(self.pictures), *(f"{each:.1e}" for each in self.differences))
        return f"| {' | '.join(shown)} | {self.features:.1e} | {self.undecided} |"


def main() -> None:
    """Prints a row a model, and the largest difference of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    photos = Path(os.environ.get("UNFREEZE_PHOTOS", "."))
    parser.add_argument("pictures", type=Path, nargs="*", default=[photos / name for name in COLLECTIONS])
    parser.add_argument("--backbones", default=BACKBONES)
    parser.add_argument("--squares", default=SQUARES)
    parser.add_argument("--train", type=int, default=TRAIN)
    parser.add_argument("--valid", type=int, default=VALID)
    parser.add_argument("--rows", type=Path, help="where rows are kept; those that it holds are not computed again")
    options = parser.parse_args()
    heads = ("pictures", "backbone", "square", "compared", "torch - graph", "graph - predictor", "predictor - command")
    print(f"| {' | '.join(heads)} | features, torch - graph | undecided |\n|{' --- |' * (len(heads) + 2)}")
    largest = 0.0
    with tempfile.TemporaryDirectory(prefix="unfreeze-parity-") as work:
        for row in rows(cases(options, Path(work)), lambda case: compared(case, Path(work)), kept=options.rows):
            largest = max(largest, *row.differences)
            print(row.cells(), flush=True)
    print(f"\nLargest difference of a probability: {largest:.1e}")


def rows(found: Iterable[Case], compute: Callable[[Case], Row], *, kept: Path | None) -> Iterator[Row]:
    """A row for each model: the one that is kept, or one that is computed and kept.

    Args:
        found: The models.
        compute: Makes the row of one.
        kept: A file of rows, one a line; None where none are kept.

    Yields:
        In the models' order.
    """
    known = {row.name: row for row in read_rows(kept)} if kept and kept.exists() else {}
    for case in found:
        row = known.get(case.name) or compute(case)
        if kept and case.name not in known:
            with kept.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps(asdict(row)))  # what was broken off before stays a line of its own
        yield row


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file; one that was broken off is none."""
    for line in path.read_text(encoding="utf-8").splitlines():
        with suppress(json.JSONDecodeError):
            plain = json.loads(line)
            yield Row(**{**plain, "differences": tuple(plain["differences"])})


def cases(options: argparse.Namespace, work: Path) -> Iterator[Case]:
    """All models that are asked for."""
    for source in options.pictures:
        counts = {"train": options.train, "valid": options.valid}
        pictures = linked(source, work / "linked" / source.name, counts)
        for backbone in options.backbones.split(","):
            for square in options.squares.split(","):
                yield Case(pictures=pictures, backbone=backbone, square=square)


def compared(case: Case, work: Path) -> Row:
    """Trains a head, and compares the four answers.

    Args:
        case: What is trained.
        work: Where runs and weights lie.

    Returns:
        The largest differences between neighbours of the four.
    """
    run = trained(case, work)
    paths = sorted((case.pictures / "valid").glob("*/*"))
    bundle = open_bundle(run)
    transform = bundle.settings.to_transform()
    read = [decode(path.read_bytes(), path=path, short_side_px=transform.short_side_px) for path in paths]
    squares = np.stack([transform(image) for image in read])
    torch, expected = of_torch(run, squares)
    engine = OnnxEngine(bundle.graph)
    found = [engine.outputs(square[np.newaxis]) for square in squares]
    graph, features = (np.concatenate(each) for each in zip(*found, strict=True))  # (N, C) and (N, D)
    predicted = np.array([prediction.probabilities for prediction in Predictor(run).predict(paths)])
    command = of_command(run, paths, bundle.settings.classes)
    answers = [each.astype(np.float64) for each in (torch, graph, predicted, command)]
    first, second, third = (float(np.abs(one - other).max()) for one, other in pairwise(answers))
    return Row(
        name=case.name,
        pictures=len(paths),
        differences=(first, second, third),
        features=relative_difference(features, expected),
        undecided=int((graph.max(1) < CERTAIN).sum()),
    )


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


def of_torch(run: Path, squares: npt.NDArray[np.uint8]) -> tuple[Probabilities, Floats]:
    """Probabilities (N, C) and features (N, D) by torch, from the bundle's weights.

    For the probabilities, features are rounded as those were that trained.
    """
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
    return settings.objective.probabilities(logits.astype(np.float64) / settings.temperature), features


def of_command(run: Path, paths: Sequence[Path], classes: Sequence[str]) -> Probabilities:
    """Probabilities (N, C) by `unfreeze predict --json -`."""
    finished = run_process([*UNFREEZE, "predict", str(run), *map(str, paths), "--json", "-"])
    rows = [json.loads(line) for line in finished.output.splitlines()]
    assert [row["path"] for row in rows] == [str(path) for path in paths], finished.complaint
    said = [{each["name"]: each["probability"] for each in row["classes"]} for row in rows]
    return np.array([[row[name] for name in classes] for row in said])


if __name__ == "__main__":
    main()
