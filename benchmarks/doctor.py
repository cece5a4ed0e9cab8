"""What `unfreeze check` finds of faults that were planted in copies of collections.

    python -m benchmarks.doctor [--pictures FOLDER ...] [--seeds 3]

A folder has `train/CLASS/*` and `valid` or `val` beside it. Each is copied; into one copy go exchanged labels (5 %),
copies across the splits (3 %, each kind) and 20 broken files, into another a border whose colour goes with the class.
What the doctor finds in the collection as it is does not count as false where it finds it again.
"""

import argparse
import csv
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageOps

from benchmarks.planted_twins import KINDS, copied
from unfreeze.evaluation.metrics import wilson_interval

FLIPPED_SHARE, COPIED_SHARE, BROKEN = 0.05, 0.03, 20
DAMAGES = 5
BORDER_SHARE = 0.06
BORDERS = ("#c03030", "#3030c0", "#30a030", "#c0c030")
PAIRED = ("leak", "duplicate", "contradiction")

Found = list[dict[str, str]]


@dataclass
class Score:
    """How many of a thing there were, how many were found, and how many of those that were found are right.

    Attributes:
        planted: How many there were.
        found: How many of them were found.
        named: How many findings there were.
        right: How many of the findings are of what was planted.
    """

    planted: int = 0
    found: int = 0
    named: int = 0
    right: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"recall {_share(self.found, self.planted)}, precision {_share(self.right, self.named)}"


def main() -> None:
    """Plants, checks and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, nargs="+", default=default_pictures())
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for source in options.pictures:
        with tempfile.TemporaryDirectory(prefix="unfreeze-doctor-") as work:
            print(f"\n{source.name}")
            judge(source, Path(work), seeds=options.seeds)


def default_pictures() -> list[Path]:
    """The collections of the folder that UNFREEZE_PHOTOS names."""
    photos = Path(os.environ.get("UNFREEZE_PHOTOS", "."))
    return [photos / "dogscats", photos / "ants-bees"]


def judge(source: Path, work: Path, *, seeds: int) -> None:
    """Prints the scores of the doctor on copies of one collection.

    Args:
        source: The collection.
        work: A folder for copies.
        seeds: How often each fault is planted, by chance anew.
    """
    as_it_is = checked(source, work / "as-it-is")
    scores = {name: Score() for name in ("labels", "labels at the number planted", "copies", "broken", "shortcut")}
    for seed in range(seeds):
        copy = work / f"copy-{seed}"
        shutil.copytree(source, copy)
        chance = random.Random(seed)
        copies = plant_copies(copy, chance)
        flipped = plant_labels(copy, chance, untouched={name for pair in copies for name in pair})
        broken = plant_broken(copy, chance)  # last, because they can be neither copied nor labelled
        found = checked(copy, work / f"found-{seed}")
        _score_labels(scores, flipped, found, known=_suspects(as_it_is))
        _score_copies(scores["copies"], copies, found, known=pairs(as_it_is))
        names = {row["path"] for row in found if row["kind"] == "broken"}
        _add(scores["broken"], broken, names - {row["path"] for row in as_it_is})
        shutil.rmtree(copy)
        shutil.copytree(source, copy)
        plant_borders(copy)
        named = {row["related"] for row in checked(copy, work / f"border-{seed}") if row["kind"] == "shortcut"}
        _add(scores["shortcut"], {"the border's colour"}, named & {"the border's colour"})
        shutil.rmtree(copy)
    for name, score in scores.items():
        print(f"  {name}: {score}")
        for wrong in score.wrong[:20]:
            print(f"    not planted: {wrong}")


def checked(pictures: Path, out: Path) -> Found:
    """The rows of `findings.csv` that the command writes of a collection, run as a user runs it."""
    command = [sys.executable, "-m", "unfreeze", "check", str(pictures), "--out", str(out), "--quiet", "--no-squares"]
    subprocess.run(command, check=True)  # noqa: S603  # our own words
    text = (out / "findings.csv").read_bytes().decode("utf-8", "surrogateescape")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def plant_labels(root: Path, chance: random.Random, *, untouched: set[str]) -> set[str]:
    """Moves some pictures to another class; returns their new paths."""
    rows = [path for path in picture_files(root) if path not in untouched]
    classes = sorted({Path(path).parts[1] for path in rows})
    moved = set()
    for path in chance.sample(rows, round(FLIPPED_SHARE * len(rows))):
        split, own, name = Path(path).parts
        other = chance.choice([each for each in classes if each != own])
        target = f"{split}/{other}/moved-{name}"
        (root / path).rename(root / target)
        moved.add(target)
    return moved


def plant_copies(root: Path, chance: random.Random) -> set[tuple[str, str]]:
    """Puts changed copies of training pictures among the validation pictures; returns the pairs."""
    rows = [path for path in picture_files(root) if path.startswith("train/")]
    valid = next(folder.name for folder in root.iterdir() if folder.name in ("valid", "val"))
    count = round(COPIED_SHARE * len(picture_files(root)))
    planted = set()
    for number, path in enumerate(chance.sample(rows, count)):
        _, own, name = Path(path).parts
        target = f"{valid}/{own}/copy-{number}-{Path(name).stem}.jpg"
        (root / target).write_bytes(copied(root / path, KINDS[number % len(KINDS)], chance))
        planted.add((path, target))
    return planted


def plant_broken(root: Path, chance: random.Random) -> set[str]:
    """Adds files that are no whole pictures; returns their paths."""
    rows = chance.sample(picture_files(root), BROKEN)
    names = set()
    for number, path in enumerate(rows):
        split, own, name = Path(path).parts
        target = f"{split}/{own}/broken-{number}-{name}"
        (root / target).write_bytes(damaged((root / path).read_bytes(), kind=number % DAMAGES))
        names.add(target)
    return names


def damaged(data: bytes, *, kind: int) -> bytes:
    """A file that breaks off late or early, is empty, is a page in place of a picture, or holds nothing but zeros."""
    page = b"<!doctype html><html><body>not found</body></html>"
    return (data[: len(data) // 2], data[: len(data) // 10], b"", page, bytes(len(data)))[kind]


def plant_borders(root: Path) -> None:
    """Draws a border around every picture whose colour goes with its class."""
    rows = picture_files(root)
    classes = sorted({Path(path).parts[1] for path in rows})
    for path in rows:
        colour = BORDERS[classes.index(Path(path).parts[1]) % len(BORDERS)]
        with Image.open(root / path) as image:
            upright = ImageOps.exif_transpose(image.convert("RGB"))
        wide = round(BORDER_SHARE * min(upright.size))
        bordered = ImageOps.expand(ImageOps.crop(upright, wide), wide, colour)
        bordered.save(root / path, format="JPEG", quality=90)


def picture_files(root: Path) -> list[str]:
    """Paths of all files of a collection below its folder, sorted."""
    return sorted(path.relative_to(root).as_posix() for path in root.glob("*/*/*") if path.is_file())


def pairs(rows: Found) -> set[frozenset[str]]:
    """The pairs of pictures that findings name as the same."""
    return {frozenset((row["path"], row["related"])) for row in rows if row["kind"] in PAIRED}


def _suspects(rows: Found) -> list[str]:
    """Paths of the pictures whose labels are suspected, the surest first."""
    return [row["path"] for row in rows if row["kind"] == "label"]


def _score_labels(scores: dict[str, Score], flipped: set[str], found: Found, *, known: Collection[str]) -> None:
    """A label that is suspected in the collection as it is is left aside, unless it was exchanged as well."""
    suspects = [path for path in _suspects(found) if path not in known or path in flipped]
    _add(scores["labels"], flipped, suspects)
    _add(scores["labels at the number planted"], flipped, suspects[: len(flipped)])


def _score_copies(score: Score, copies: Iterable[tuple[str, str]], found: Found, *, known: set[frozenset[str]]) -> None:
    """Pairs that the collection had before are left aside, also where one was moved to another class."""
    before = {frozenset(map(_own_name, pair)) for pair in known}
    named = {pair for pair in pairs(found) if frozenset(map(_own_name, pair)) not in before}
    _add(score, {frozenset(pair) for pair in copies}, named)


def _own_name(path: str) -> str:
    return Path(path).name.removeprefix("moved-")


def _add(score: Score, planted: Iterable[object], named: Collection[object]) -> None:
    wanted = set(planted)
    right = [name for name in named if name in wanted]
    score.planted += len(wanted)
    score.found += len(right)
    score.named += len(named)
    score.right += len(right)
    score.wrong += [str(sorted(name) if isinstance(name, frozenset) else name) for name in named if name not in wanted]


def _share(part: int, whole: int) -> str:
    low, high = wilson_interval(part, whole)
    return f"{part} of {whole} = {part / max(whole, 1):.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
