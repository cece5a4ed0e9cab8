"""Which score tells strange pictures best, and what the bound on it refuses.

    python -m benchmarks.strangers FOLDER FOLDER ... [--made] [--only NAME,NAME]

Each collection in turn is what a model knows: its training pictures make the score, its validation pictures are the
known ones, and all pictures of each other collection are strange. `--made` adds textures that are drawn here, and
digits. Features are the packaged backbone's, of the plain view. Areas are those under the ROC curve.
"""

import argparse
import itertools
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.scores import SCORES, Floats, Labels
from unfreeze.cache import cache_folder
from unfreeze.evaluation.bounds import held_out_bound
from unfreeze.evaluation.intervals import bootstrap_interval
from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.evaluation.novelty import REFUSED, Novelty, fit_novelty
from unfreeze.evaluation.ranking import roc_area
from unfreeze.images.sample import write_digits
from unfreeze.images.table import Split
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner

TEXTURES = 50
TEXTURE_PX = (240, 320)
RESAMPLES = 1000
SPLITS = 500


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Features of a collection.

    Attributes:
        name: For the table.
        training: Features of the training pictures, shape (N, D).
        labels: Their classes, shape (N,).
        known: Features of the validation pictures, shape (V, D).
    """

    name: str
    training: Floats
    labels: Labels
    known: Floats


def main() -> None:
    """Prints a table of areas, and of what is refused."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.strangers", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--made", action="store_true", help="add textures and digits")
    parser.add_argument("--only", default="", help="which scores")
    options = parser.parse_args()
    folders = [*options.folders]
    with tempfile.TemporaryDirectory() as work:
        if options.made:
            folders += [write_textures(Path(work, "textures")), write_digits(cache_folder("samples"))]
        collections = [read(folder) for folder in folders]
    names = options.only.split(",") if options.only else list(SCORES)
    print("\n".join(areas_table(collections, names)), end="\n\n")
    print("\n".join(refused_table(collections)))


def read(folder: Path) -> Collection:
    """The features of a folder's pictures."""
    with closing(Learner(ImageData.from_folder(folder))) as learner:
        training, labels = features(learner, "train")
        return Collection(name=folder.name, training=training, labels=labels, known=features(learner, "valid")[0])


def features(learner: Learner, split: Split) -> tuple[Floats, Labels]:
    """Pooled features (N, D) and labels (N,) of a split."""
    stored = learner.source.stored(split, 0)
    ((found, labels),) = stored.batches([range(len(stored.targets))])
    return found, labels


def areas_table(collections: list[Collection], names: list[str]) -> list[str]:
    """Lines of a Markdown table: a row for each pair, a column for each score."""
    lines = [f"| known | strange | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    areas: dict[tuple[str, str, str], float] = {}
    for known in collections:
        for name in names:
            score = SCORES[name](known.training, known.labels)
            inside = score(known.known)
            for strange in others(known, collections):
                areas[known.name, strange.name, name] = area(inside, score(everything(strange)))[0]
    for known, strange in itertools.permutations(collections, 2):
        cells = [f"{areas[known.name, strange.name, name]:.4f}" for name in names]
        lines.append(f"| {known.name} | {strange.name} | {' | '.join(cells)} |")
    return lines


def refused_table(collections: list[Collection]) -> list[str]:
    """Lines of a Markdown table: what the bound that models carry refuses, with intervals of 95 %.

    Again and again the bound is set on half of the validation pictures, and known pictures are counted in the other.

    Args:
        collections: What is known and what is strange in turn.

    Returns:
        The lines.
    """
    lines = ["| known | strange | area | wrongly refused | promised | strangers refused |", "|---" * 6 + "|"]
    for known in collections:
        novelty = fit_novelty(known.training, known.known, labels=known.labels)
        inside = novelty.scores(known.known)
        wrongly, promised = refused_in_halves(inside)
        for strange in others(known, collections):
            found = novelty.scores(everything(strange))
            value, ends = area(inside, found, interval=True)
            rightly = percent(float(np.mean(found > novelty.bound.value)), wilson_interval(*counted(found, novelty)))
            cells = f"{value:.4f} ({ends[0]:.4f} to {ends[1]:.4f}) | {wrongly} | {promised} | {rightly}"
            lines.append(f"| {known.name} | {strange.name} | {cells} |")
    return lines


def refused_in_halves(scores: Floats) -> tuple[str, str]:
    """What part of one half of some scores (N,) lies above the bound of the other, and what was promised."""
    random, refused = np.random.Generator(np.random.PCG64(0)), []
    for _ in range(SPLITS):
        setting, counting = np.array_split(random.permutation(scores), 2)
        bound = held_out_bound(setting, share=REFUSED)
        refused.append(float(np.mean(counting > bound.value)))
    low, high = np.quantile(refused, (0.025, 0.975))
    return percent(float(np.mean(refused)), (float(low), float(high))), percent(bound.expected, bound.interval)


def counted(scores: Floats, novelty: Novelty) -> tuple[int, int]:
    """How many scores lie above the bound, of how many."""
    return int((scores > novelty.bound.value).sum()), len(scores)


def others(known: Collection, collections: list[Collection]) -> Iterator[Collection]:
    """The other collections."""
    return (each for each in collections if each is not known)


def everything(collection: Collection) -> Floats:
    """Features of all of a collection's pictures."""
    return np.concatenate([collection.training, collection.known])


def area(
    known: npt.NDArray[np.floating], strange: npt.NDArray[np.floating], *, interval: bool = False
) -> tuple[float, tuple[float, float]]:
    """Area under the ROC curve, and its bootstrap interval where it is asked for."""
    scores = np.concatenate([known, strange])
    positive = np.arange(len(scores)) >= len(known)
    value = roc_area(scores, positive)
    if not interval:
        return value, (value, value)
    return value, bootstrap_interval(
        lambda rows: roc_area(scores[rows], positive[rows]), positive.astype(int), resamples=RESAMPLES
    )


def percent(share: float, interval: tuple[float, float]) -> str:
    """A part and its interval."""
    return f"{100 * share:.1f} % ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"


def write_textures(folder: Path) -> Path:
    """Writes textures of five kinds as class folders: noise, one colour, stripes, blots, clouds."""
    random = np.random.Generator(np.random.PCG64(0))
    height, width = TEXTURE_PX
    down, right = np.mgrid[:height, :width]
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.fftfreq(width)[np.newaxis])
    frequency[0, 0] = 1
    for number in range(TEXTURES):
        one, other = random.integers(0, 256, (2, 3))
        angle, pace = random.uniform(0, np.pi), random.uniform(0.02, 0.6)
        wave = (np.sin(pace * (right * np.cos(angle) + down * np.sin(angle))) + 1) / 2
        clouds = np.stack(
            [np.fft.ifft2(np.fft.fft2(random.normal(size=TEXTURE_PX)) / frequency).real for _ in range(3)], axis=-1
        )
        squares = Image.fromarray(random.integers(0, 256, (6, 8, 3)).astype(np.uint8))
        drawn = {
            "noise": random.integers(0, 256, (height, width, 3)),
            "colour": np.broadcast_to(one, (height, width, 3)),
            "stripes": one + (other - one) * wave[..., np.newaxis],
            "blots": np.asarray(squares.resize((width, height), Image.Resampling.BICUBIC)),
            "clouds": 128 + 50 * clouds / clouds.std(),
        }
        for kind, values in drawn.items():
            path = folder / kind / f"{number:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(path)
    return folder


if __name__ == "__main__":
    main()
