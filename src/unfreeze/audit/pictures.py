"""What shows from the table of a scan alone, without a network: the cheap part of the doctor's work."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from unfreeze.audit.findings import Finding, Kind
from unfreeze.images.table import ImageRow, ImageTable

MOST_LARGER = 10
"""Times that the largest class may have more training pictures than a class, before that is called imbalance."""

FEW_PICTURES = 20
"""Training pictures below which a class is called small."""

LEAST_SPREAD = 4.0
"""Standard deviation of grey levels, of 255, below which a picture shows nothing."""

ENLARGED = 2.0
"""How many times a picture may be enlarged before it is called tiny."""

MOST_STRETCHED = 3.0
"""Ratio of the sides above which a shape is called extreme: a centre crop then sees less than a third."""

BLUR_DEVIATIONS = 5.0
"""Robust standard deviations of the logarithm of sharpness, below the median, at which a picture is called blurred."""

MOST_TIMES = 1000

RARE_SHARE = 0.05
"""Part of the pictures below which a colour mode is called rare."""

ODD_SHARE = 0.01
"""Part of the pictures up to which a file format is called odd."""


def picture_findings(table: ImageTable, *, size_px: int) -> list[Finding]:
    """What the scan of a collection shows.

    Args:
        table: The pictures, with what the scan saw of each.
        size_px: Side of the squares that a network will see, in pixels.

    Returns:
        Findings, in no order that matters.
    """
    return [
        *(Finding(Kind.BROKEN, broken.path, detail=broken.reason) for broken in table.quarantined),
        *_odd(table),
        *_balance(table),
        *_divided_groups(table),
        *_blank(table),
        *_tiny(table, size_px),
        *_stretched(table),
        *_animated(table),
        *_blurred(table),
        *_rare_modes(table),
    ]


def class_names(table: ImageTable, row: ImageRow) -> str:
    """The classes of a picture, in words."""
    return ", ".join(table.classes[label] for label in row.labels) or "no label"


def _found(kind: Kind, row: ImageRow, *, score: float | None = None, detail: str = "") -> Finding:
    return Finding(kind, row.path, row.split, score=score, detail=detail)


def _odd(table: ImageTable) -> Iterator[Finding]:
    yield from (Finding(Kind.ODD, detail=note) for note in table.odd)
    for row in table.rows:
        look = table.looks[row.path]
        if row.path.lower().rpartition(".")[2] not in SUFFIXES.get(look.format, ()) and look.format in SUFFIXES:
            yield _found(Kind.ODD, row, detail=f"is a {look.format} file by its content, whatever its name says")
    formats = Counter(look.format for look in table.looks.values())
    common = max(formats, key=formats.__getitem__)
    for row in table.rows:
        own = table.looks[row.path].format
        if formats[own] <= ODD_SHARE * len(table.rows):
            detail = f"one of {formats[own]} {own} files among {formats[common]} {common} files: a placeholder?"
            yield _found(Kind.ODD, row, detail=detail)


SUFFIXES = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"),
    "MPO": ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    "PNG": ("png", "apng"),
    "GIF": ("gif",),
    "WEBP": ("webp",),
    "TIFF": ("tif", "tiff"),
    "BMP": ("bmp", "dib"),
}
"""Suffixes of the formats that are often mistaken for one another."""


def _balance(table: ImageTable) -> Iterator[Finding]:
    """Classes with few training pictures, and with far fewer than the largest."""
    trained = Counter(label for row in table.of_split("train") for label in row.labels)
    largest = max(trained, key=trained.__getitem__)
    for label, name in enumerate(table.classes):
        count = trained[label]
        if count and trained[largest] > MOST_LARGER * count:
            detail = f"class {name!r} has {count} training pictures, {table.classes[largest]!r} has {trained[largest]}"
            yield Finding(Kind.IMBALANCE, related=name, score=count / trained[largest], detail=detail)
        if count < FEW_PICTURES:
            yield Finding(Kind.FEW, related=name, detail=f"class {name!r} has {count} training pictures")


def _divided_groups(table: ImageTable) -> Iterator[Finding]:
    """Groups that the given splits divide."""
    splits: dict[str, set[str]] = defaultdict(set)
    for row in table.rows:
        splits[row.group].add(row.split)
    for group, found in splits.items():
        if group and len(found) > 1:
            detail = f"group {group!r} has pictures in {' and '.join(sorted(found))}; give all of it one split"
            yield Finding(Kind.LEAK, related=group, detail=detail)


def _blank(table: ImageTable) -> Iterator[Finding]:
    for row in table.rows:
        spread = table.looks[row.path].spread
        if spread < LEAST_SPREAD:
            yield _found(Kind.BLANK, row, detail=f"grey levels vary by {spread:.1f} of 255 (standard deviation)")


def _tiny(table: ImageTable, size_px: int) -> Iterator[Finding]:
    for row in table.rows:
        if min(row.width, row.height) * ENLARGED < size_px:
            detail = f"{row.width} x {row.height} pixels, enlarged to {size_px} x {size_px}"
            yield _found(Kind.TINY, row, score=1 - min(row.width, row.height) / size_px, detail=detail)


def _stretched(table: ImageTable) -> Iterator[Finding]:
    for row in table.rows:
        short, long = sorted((row.width, row.height))
        if long > MOST_STRETCHED * short:
            detail = f"{row.width} x {row.height} pixels: its middle square is {short / long:.0%} of it"
            yield _found(Kind.SHAPE, row, score=1 - short / long, detail=detail)


def _animated(table: ImageTable) -> Iterator[Finding]:
    for row in table.rows:
        frames = table.looks[row.path].frames
        if frames > 1:
            yield _found(Kind.ANIMATED, row, detail=f"{frames} frames; the first one is used")


def _blurred(table: ImageTable) -> Iterator[Finding]:
    """Pictures that are far less sharp than the others of the collection."""
    rows = [row for row in table.rows if table.looks[row.path].spread >= LEAST_SPREAD]
    if not rows:
        return
    sharpness = np.log([max(table.looks[row.path].sharpness, 1e-9) for row in rows])
    middle = float(np.median(sharpness))
    deviation = 1.4826 * float(np.median(np.abs(sharpness - middle)))  # of a normal distribution
    for row, value in zip(rows, sharpness.tolist(), strict=True):
        if deviation and value < middle - BLUR_DEVIATIONS * deviation:
            times = float(np.exp(middle - value))
            much = f"{times:.0f} times less sharp than the median" if times < MOST_TIMES else "no fine detail at all"
            yield _found(Kind.BLURRED, row, score=1 - 1 / times, detail=much)


def _rare_modes(table: ImageTable) -> Iterator[Finding]:
    """Pictures in a colour mode that few others have."""
    by_mode: dict[str, list[ImageRow]] = defaultdict(list)
    for row in table.rows:
        by_mode[table.looks[row.path].mode].append(row)
    common = max(by_mode, key=lambda mode: len(by_mode[mode]))
    for mode, rows in by_mode.items():
        if mode == common:
            continue
        if len(rows) > RARE_SHARE * len(table.rows):
            detail = f"{len(rows)} pictures are stored as {mode}, {len(by_mode[common])} as {common}"
            yield Finding(Kind.MODE, score=len(rows) / len(table.rows), detail=detail)
        else:
            yield from (_found(Kind.MODE, row, detail=f"stored as {mode}, most others as {common}") for row in rows)
