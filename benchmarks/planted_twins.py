"""Plants copies of pictures across the splits of a collection, and counts how many of them are found again.

    python -m benchmarks.planted_twins --pictures FOLDER [--share 0.03] [--seeds 5] [--sheets FOLDER]

Copies are re-encoded, resized, cropped, mirrored, and mirrored and cropped, in equal parts. The collection stays as it
is: a folder of links to it gets the copies. Pairs that were found and not planted are listed, and drawn side by side
where a folder for the sheets is named: whether they are duplicates is for eyes to say.
"""

import argparse
import io
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from unfreeze.evaluation.metrics import wilson_interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from unfreeze.images.table import ImageTable

KINDS = ("re-encoded", "resized", "cropped", "mirrored", "mirrored and cropped")
OPPOSITE = {"train": "valid", "valid": "train", "val": "train"}
SHEET_HEIGHT_PX = 180


@dataclass(frozen=True)
class Planted:
    """A copy that was added to a collection.

    Attributes:
        original: Path of the picture below the collection's root.
        copy: Path of the copy.
        kind: One of `KINDS`.
    """

    original: str
    copy: str
    kind: str


def main() -> None:
    """Plants, searches, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="train/CLASS/* beside valid/CLASS/*")
    parser.add_argument("--share", type=float, default=0.03, help="part of the pictures that is copied")
    parser.add_argument("--seeds", type=int, default=5, help="rounds, each with other copies")
    parser.add_argument("--sheets", type=Path, help="folder for drawings of the pairs that were not planted")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = {"by look": Counter(), "by doctor": Counter()}
    strangers: dict[str, dict[frozenset[str], str]] = {"by look": {}, "by doctor": {}}
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory(prefix="unfreeze-twins-") as folder:
            root = Path(folder) / options.pictures.name
            planted = plant(options.pictures, root, share=options.share, seed=seed)
            for way, found in searched(root).items():
                count(planted, found, counts[way], strangers[way])
    for way in counts:
        print(f"\n{way}")
        say(counts[way], strangers[way])
        if options.sheets:
            draw(options.pictures, strangers[way], options.sheets / f"{options.pictures.name}-{way[3:]}")


def plant(source: Path, into: Path, *, share: float, seed: int) -> list[Planted]:
    """Links a collection to a new folder and adds copies of some of its pictures, each on the other side of the split.

    Args:
        source: `train/CLASS/*` beside `valid/CLASS/*`; left as it is.
        into: The new folder.
        share: Part of the pictures that is copied.
        seed: Decides which, and how.

    Returns:
        What was planted.
    """
    chance = random.Random(seed)
    paths = sorted(path for path in source.glob("*/*/*") if path.is_file())
    for path in paths:
        link = into / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.resolve())
    whole = [path for path in paths if is_whole(path)]
    planted = []
    for number, path in enumerate(chance.sample(whole, round(share * len(paths)))):
        split, name, _ = path.relative_to(source).parts
        other = next(found.name for found in into.iterdir() if found.name in OPPOSITE and found.name != split)
        kind = KINDS[number % len(KINDS)]
        copy = into / other / name / f"copy-{number:04d}.jpg"
        copy.write_bytes(copied(path, kind, chance))
        planted.append(Planted(str(path.relative_to(source)), str(copy.relative_to(into)), kind))
    return planted


def copied(path: Path, kind: str, chance: random.Random) -> bytes:
    """A JPEG that shows what a picture shows, changed as its kind says.

    Args:
        path: The picture.
        kind: One of `KINDS`.
        chance: Decides quality, size and place.

    Returns:
        The file.
    """
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    quality = chance.randint(30, 70) if kind == "re-encoded" else chance.randint(75, 95)
    if kind == "resized":
        scale = chance.uniform(0.3, 0.7)
        image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    if "cropped" in kind:
        image = image.crop(window(image.size, chance))
    if "mirrored" in kind:
        image = ImageOps.mirror(image)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def window(size: tuple[int, int], chance: random.Random) -> tuple[int, int, int, int]:
    """A part of 60 to 90 % of a picture's area, with sides of any proportion that fits, anywhere in it."""
    area = chance.uniform(0.6, 0.9)
    wide = chance.uniform(area, 1.0)
    width, height = round(size[0] * wide), round(size[1] * area / wide)
    left, top = chance.randint(0, size[0] - width), chance.randint(0, size[1] - height)
    return left, top, left + width, top + height


def is_whole(path: Path) -> bool:
    """Whether a file decodes."""
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True


def searched(root: Path) -> dict[str, list[tuple[str, str, str]]]:
    """What each search finds in a collection: path, path and kind of every pair."""
    from unfreeze.audit.duplicates import find_duplicates
    from unfreeze.images.duplicates import near_pairs
    from unfreeze.images.scan import scan_folder

    threads = os.cpu_count() or 1
    table = scan_folder(root, threads=threads)
    started = time.perf_counter()
    near = near_pairs(table.looks)
    by_look = time.perf_counter() - started
    features = pooled_features(table)
    started = time.perf_counter()
    thorough = find_duplicates(table, features, threads=threads)
    seconds = time.perf_counter() - started
    print(f"{len(table.rows)} pictures: by look {by_look:.2f} s, by doctor {seconds:.1f} s beyond the features")
    return {
        "by look": [(pair.first, pair.second, "mirrored" if pair.mirrored else "") for pair in near],
        "by doctor": [(pair.first, pair.second, pair.kind) for pair in thorough],
    }


def pooled_features(table: "ImageTable") -> "npt.NDArray[np.float32]":
    """Pooled features (N, D) of the packaged backbone, in the order of the table's rows."""
    from unfreeze.learner.data import ImageData
    from unfreeze.learner.learner import Learner
    from unfreeze.network.backbones import DEFAULT_BACKBONE, preprocessing
    from unfreeze.transforms.transform import Transform

    expected = preprocessing(DEFAULT_BACKBONE)
    transform = Transform(size_px=expected.size_px, crop_share=expected.crop_share)
    with closing(Learner(ImageData(table=table, transform=transform))) as learner:
        return learner.source.pooled(table.rows)


def count(
    planted: Sequence[Planted],
    found: Sequence[tuple[str, str, str]],
    counts: Counter[str],
    strangers: dict[frozenset[str], str],
) -> None:
    """Adds what was planted, found, and found without being planted; a copy's pair with a copy is neither."""
    originals = {one.copy: one.original for one in planted}
    pairs = {frozenset((first, second)): kind for first, second, kind in found}
    for one in planted:
        counts[f"planted {one.kind}"] += 1
        pair = frozenset((one.original, one.copy))
        counts[f"found {one.kind}"] += pair in pairs
        counts[f"called {pairs.get(pair)}, {one.kind}"] += pair in pairs
    for pair, kind in pairs.items():
        counts["pairs"] += 1
        real = frozenset(originals.get(path, path) for path in pair)  # a twin of a copied picture has two pairs
        if len(real) == 2:
            strangers[real] = kind


def say(counts: Counter[str], strangers: dict[frozenset[str], str]) -> None:
    """Prints recall of each kind with its interval, and the pairs that were not planted."""
    for kind in (*KINDS, "all"):
        names = KINDS if kind == "all" else (kind,)
        hits, total = sum(counts[f"found {name}"] for name in names), sum(counts[f"planted {name}"] for name in names)
        low, high = wilson_interval(hits, total)
        print(f"  {kind:22} {hits:4} of {total:4}: {hits / total:.3f} ({low:.3f} to {high:.3f})")
    called = {name: number for name, number in sorted(counts.items()) if name.startswith("called") and number}
    print("  " + "; ".join(f"{name} {number}" for name, number in called.items()))
    print(f"  {counts['pairs']} pairs in all rounds; {len(strangers)} different ones that were not planted")
    for pair, kind in sorted(strangers.items(), key=lambda item: sorted(item[0])):
        print(f"    {'  '.join(sorted(pair))}  {kind}")


def draw(root: Path, pairs: dict[frozenset[str], str], into: Path, rows: int = 12) -> None:
    """Draws pairs side by side, twelve to a sheet."""
    into.mkdir(parents=True, exist_ok=True)
    listed = sorted(sorted(pair) for pair in pairs)
    for start in range(0, len(listed), rows):
        sheet = Image.new("RGB", (4 * SHEET_HEIGHT_PX, rows * SHEET_HEIGHT_PX), "white")
        for row, pair in enumerate(listed[start : start + rows]):
            for column, path in enumerate(pair):
                with Image.open(root / path) as opened:
                    shown = ImageOps.contain(opened.convert("RGB"), (2 * SHEET_HEIGHT_PX - 8, SHEET_HEIGHT_PX - 8))
                sheet.paste(shown, (column * 2 * SHEET_HEIGHT_PX + 4, row * SHEET_HEIGHT_PX + 4))
        sheet.save(into / f"{start // rows:03d}.png")


if __name__ == "__main__":
    main()
