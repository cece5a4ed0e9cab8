"""The pictures that all compared programs see: the same files, validated on the same ones.

python -m benchmarks.pictures INTO [--pictures FOLDER] [--train N] [--valid N]
python -m benchmarks.pictures INTO --reencode N

The first makes `INTO/NAME/{train,valid}/CLASS/*` of links to the pictures; the second makes N pictures by encoding
those of a folder again, each at several qualities. Both print the new folder.
"""

import argparse
import io
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

QUALITIES = range(94, 30, -1)


@dataclass(frozen=True, kw_only=True)
class Suited:
    """How pictures of a collection are best looked at; both sides of a comparison are told.

    Attributes:
        ours: Options of `unfreeze train`.
        theirs: Options of every competitor.
    """

    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()


PHOTOGRAPHS = Suited()
DIGITS = Suited(
    ours=("--size", "96", "--square", "squash", "--augment", "upright"),
    theirs=("--size", "96", "--squash", "--upright"),
)


def main() -> None:
    """Makes a folder of pictures and prints where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("into", type=Path)
    parser.add_argument("--pictures", type=Path, help="a folder of pictures; the digits where none is given")
    parser.add_argument("--train", type=int, help="as many training pictures; all where not given")
    parser.add_argument("--valid", type=int, help="as many validation pictures; all where not given")
    parser.add_argument("--reencode", type=int, help="make as many pictures by encoding anew")
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    source = options.pictures or _digits(options.into)
    if options.reencode:
        print(reencoded(source, options.into / f"reencoded-{options.reencode}", options.reencode))
    else:
        print(linked(source, options.into / "linked" / source.name, {"train": options.train, "valid": options.valid}))


def linked(source: Path, into: Path, counts: dict[str, int | None]) -> Path:
    """A folder of links to pictures, split as our own scan splits them, so that everyone has the same split.

    Args:
        source: `CLASS/*`, or `train/CLASS/*` beside `valid/CLASS/*`.
        into: The new folder; what is there is replaced.
        counts: How many pictures of each split at most, spread evenly over its classes.

    Returns:
        The new folder.
    """
    from unfreeze.images.scan import scan_folder

    table = scan_folder(source)
    shutil.rmtree(into, ignore_errors=True)
    for split in ("train", "valid"):
        rows = table.of_split(split)
        wanted = counts[split]
        each = len(rows) if wanted is None else wanted // len(table.classes)
        for label, name in enumerate(table.classes):
            folder = into / split / name
            folder.mkdir(parents=True)
            for row in [row for row in rows if row.label == label][:each]:
                (folder / Path(row.path).name).symlink_to((source / row.path).resolve())
    return into


def reencoded(source: Path, into: Path, count: int) -> Path:
    """As many pictures as are asked for, made of the training pictures by encoding them at falling qualities.

    Args:
        source: `train/CLASS/*`.
        into: The new folder `CLASS/*`; kept as it is where it is there, whole.
        count: How many.

    Returns:
        The new folder.
    """
    paths = sorted((source / "train").glob("*/*"))
    if count > len(paths) * len(QUALITIES):
        raise SystemExit(f"{len(paths)} pictures at {len(QUALITIES)} qualities are not {count}")
    if into.is_dir():
        return into
    building = into.with_suffix(".part")
    shutil.rmtree(building, ignore_errors=True)
    shares = [count // len(paths) + (index < count % len(paths)) for index in range(len(paths))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda path, copies: _encode(path, building, copies), paths, shares))
    building.rename(into)
    return into


def _encode(path: Path, into: Path, copies: int) -> None:
    """Writes a picture at as many qualities as there are copies."""
    from PIL import Image

    folder = into / path.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as image:
        pixels = image.convert("RGB")
    for quality in QUALITIES[:copies]:
        data = io.BytesIO()
        pixels.save(data, "jpeg", quality=quality)
        (folder / f"{path.stem}-{quality}.jpg").write_bytes(data.getvalue())


def _digits(into: Path) -> Path:
    from unfreeze.images.sample import write_digits

    return write_digits(into)


if __name__ == "__main__":
    main()
