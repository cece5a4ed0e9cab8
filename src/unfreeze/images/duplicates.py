"""Near-duplicates by what the scan saw of the pictures: no picture is opened again.

Two pictures are near-duplicates when they show the same exposure: re-encoded, resized, also to another aspect,
brightened or mirrored. Frames of a series, where the subject or the camera moved, are not: a group keeps those
together. A copy that was cropped by more than a sliver has another thumbnail; `unfreeze.audit` searches for those.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unfreeze.images.fingerprint import THUMBNAIL_PX
from unfreeze.images.look import Look
from unfreeze.images.nearby import Floats, Indices, close_pairs, distinct

LIKE = 0.985
"""Correlation of two thumbnails from which on they can be of one exposure. Copies of photographs at a third of the size
or quality 30 have 0.99 and more; the most alike of 3 million pairs of other photographs, 0.87."""

DETAIL_LIKE = 0.95
"""The same for what is left of the thumbnails without their local mean: pictures that share a white margin or a sky,
but nothing else, do not come so far. Copies have 0.97 and more."""

LOOSELY_LIKE = 0.9
"""Correlation with the first of its cluster that a picture needs: a chain of small changes ends here."""

BLANK = 2.0
"""Grey levels in a thumbnail that spread less than this show nothing that could be compared."""

OTHER_COLOUR = 16.0
"""Levels by which red and blue, each against green, may differ on average: what is repainted is another picture."""

MOST = 32
"""Earlier pictures that one is compared with in detail: a film of 1,000 like frames has no 500,000 pairs."""

AT_A_TIME = 10_000
"""Thumbnails that are worked on at once: of 100,000 as numbers each step would make another 100 MB."""

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two pictures that show the same.

    Attributes:
        first: Path of one, the lesser of the two.
        second: Path of the other.
        mirrored: Whether one is the other's mirror image.
        likeness: Correlation of their thumbnails, up to 1.
    """

    first: str
    second: str
    mirrored: bool
    likeness: float


def near_pairs(looks: Mapping[str, Look]) -> list[NearPair]:
    """The pairs of near-duplicates in a collection.

    Args:
        looks: What the scan saw of each picture, by its path.

    Returns:
        The pairs, sorted by path; of many pictures that are all alike each is paired with the first 32.
    """
    paths = sorted(looks)
    found = _Found.among([looks[path] for path in paths])
    return sorted(
        (
            NearPair(paths[first], paths[second], bool(mirrored), float(likeness))
            for (first, second), mirrored, likeness in zip(found.pairs, found.mirrored, found.likeness, strict=True)
        ),
        key=lambda pair: (pair.first, pair.second),
    )


def clusters(looks: Mapping[str, Look], contents: Mapping[str, str]) -> dict[str, str]:
    """Which pictures belong together as near-duplicates, or as files of the same bytes.

    A cluster begins with the picture whose content hash is the least, and takes in near-duplicates of its members as
    long as they are loosely like the first. So neither names nor order matter, and a picture that is added changes no
    cluster but its own.

    Args:
        looks: What the scan saw of each picture, by its path.
        contents: Content hash of each picture, by its path.

    Returns:
        For each path the content hash of its cluster's first picture: its own where it is alone.
    """
    look_of = {contents[path]: looks[path] for path in sorted(contents, reverse=True)}
    ordered = sorted(look_of)
    first = _first_of_each([look_of[content] for content in ordered])
    name_of = {content: ordered[index] for content, index in zip(ordered, first, strict=True)}
    return {path: name_of[content] for path, content in contents.items()}


def _first_of_each(looks: Sequence[Look]) -> list[int]:
    """Index of the first picture of each picture's cluster."""
    found = _Found.among(looks)
    neighbours: dict[int, list[int]] = {}
    for one, other in found.pairs.tolist():
        neighbours.setdefault(one, []).append(other)
        neighbours.setdefault(other, []).append(one)
    first = list(range(len(looks)))
    taken: set[int] = set()
    for leader in sorted(neighbours):
        if leader in taken:
            continue
        taken.add(leader)
        reached = [leader]
        while reached:
            for index in neighbours[reached.pop()]:
                if index not in taken and found.loosely_like(leader, index):
                    taken.add(index)
                    first[index] = leader
                    reached.append(index)
    return first


@dataclass(frozen=True)
class _Found:
    """Near-duplicates among pictures that are numbered.

    Attributes:
        pairs: Numbers (P, 2), the lesser first.
        mirrored: Whether the pair is each other's mirror image, (P,).
        likeness: Correlation of the thumbnails, (P,).
        levels: Grey levels of the thumbnails, (N, 16, 16).
    """

    pairs: Indices
    mirrored: npt.NDArray[np.bool_]
    likeness: Floats
    levels: Levels

    @classmethod
    def among(cls, looks: Sequence[Look]) -> "_Found":
        """Searches."""
        levels = np.frombuffer(b"".join(look.thumbnail for look in looks), np.uint8)
        levels = levels.reshape(len(looks), THUMBNAIL_PX, THUMBNAIL_PX)
        colours = np.array([look.colour for look in looks], np.float32).reshape(len(looks), 3)
        pairs, mirrored = _candidates(levels)
        kept, likeness = np.zeros(len(pairs), np.bool_), np.zeros(len(pairs), np.float32)
        for part in _parts(len(pairs)):
            one, other = pairs[part].T
            kept[part] = _of_one_colour(colours[one], colours[other])
            kept[part] &= _products(_detail(levels[one]), _detail(levels[other]), mirrored[part]) >= DETAIL_LIKE
            likeness[part] = _products(_thumbnails(levels[one]), _thumbnails(levels[other]), mirrored[part])
        return cls(pairs[kept], mirrored[kept], likeness[kept], levels)

    def loosely_like(self, one: int, other: int) -> bool:
        """Whether two pictures, or one and the mirror image of the other, may belong to one cluster."""
        both = _thumbnails(self.levels[[one, other]])
        return bool((np.stack([both[1], _flipped(both[1:])[0]]) @ both[0]).max() >= LOOSELY_LIKE)


def _candidates(levels: Levels) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Pairs (P, 2) of like thumbnails, and whether one of them has to be mirrored, (P,).

    Pictures are turned to the side on which they are darker on the left, so that mirror images are found like others;
    those that are hardly darker on either side are taken both ways.
    """
    shown, tilt = _shown_and_tilt(levels)
    doubt = (2 - 2 * LIKE) ** 0.5 / 2
    plain, turned = np.nonzero(shown & (tilt >= -doubt))[0], np.nonzero(shown & (tilt <= doubt))[0]
    pictures = np.concatenate([plain, turned])
    is_turned = np.arange(len(pictures)) >= len(plain)
    order = np.lexsort((is_turned, pictures))
    pictures, is_turned = pictures[order], is_turned[order]
    points = np.empty((len(pictures), THUMBNAIL_PX**2), np.float32)
    for part in _parts(len(pictures)):
        those = _thumbnails(levels[pictures[part]])
        points[part] = np.where(is_turned[part, None], _flipped(those), those)
    close = close_pairs(points, least=LIKE, most=2 * MOST)
    pairs, mirrored = pictures[close], is_turned[close[:, 0]] != is_turned[close[:, 1]]
    numbers = (pairs[:, 0] * len(levels) + pairs[:, 1]) * 2 + mirrored
    numbers = distinct(numbers[pairs[:, 0] != pairs[:, 1]])
    numbers = numbers[np.diff(numbers // 2, prepend=-1) > 0]  # like both ways: not mirrored
    first, second = np.divmod(numbers // 2, max(1, len(levels)))
    return np.stack([first, second], axis=1), numbers % 2 == 1


def _shown_and_tilt(levels: Levels) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Whether thumbnails (N, 16, 16) show anything, (N,), and how much darker each is on its left, -1 to 1, (N,)."""
    ramp = _unit(np.tile(np.arange(THUMBNAIL_PX, dtype=np.float32), (1, THUMBNAIL_PX)))[0]
    shown, tilt = np.zeros(len(levels), np.bool_), np.zeros(len(levels), np.float32)
    for part in _parts(len(levels)):
        those = _thumbnails(levels[part])
        shown[part], tilt[part] = those.any(axis=1), those @ ramp
    return shown, tilt


def _parts(count: int) -> Iterator[slice]:
    """Parts of so many rows that are small enough to be worked on at once."""
    return (slice(start, start + AT_A_TIME) for start in range(0, count, AT_A_TIME))


def _thumbnails(levels: Levels) -> Floats:
    """Grey levels (P, 16, 16) as unit vectors (P, 256) of mean 0; 0 for what is blank."""
    found = _unit(levels.reshape(-1, THUMBNAIL_PX**2).astype(np.float32))
    found[levels.std(axis=(1, 2)) < BLANK] = 0
    return found


def _products(ones: Floats, others: Floats, mirrored: npt.NDArray[np.bool_]) -> Floats:
    """Scalar product of each pair of flat thumbnails (P, 256), the second one mirrored where that is said."""
    turned = np.where(mirrored[:, None], _flipped(others), others)
    return np.asarray(np.einsum("pd,pd->p", ones, turned), np.float32)


def _detail(levels: npt.NDArray[np.uint8]) -> Floats:
    """Thumbnails (P, 16, 16) without the mean of 3 x 3 around each level, as unit vectors (P, 256)."""
    padded = np.pad(levels.astype(np.float32), ((0, 0), (1, 1), (1, 1)), mode="edge")
    across = padded[:, :, :-2] + padded[:, :, 1:-1] + padded[:, :, 2:]
    around = across[:, :-2] + across[:, 1:-1] + across[:, 2:]
    return _unit((levels - around / 9).reshape(-1, THUMBNAIL_PX**2))


def _of_one_colour(ones: Floats, others: Floats) -> npt.NDArray[np.bool_]:
    """Whether mean colours (P, 3) differ in little but brightness."""
    changes = ones - others
    return np.asarray(np.abs(changes[:, [0, 2]] - changes[:, [1]]).max(axis=1) <= OTHER_COLOUR)


def _unit(vectors: Floats) -> Floats:
    """Vectors (N, D) with mean 0 and length 1; what does not vary is 0."""
    centred = vectors - vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 1e-3), np.float32)


def _flipped(vectors: Floats) -> Floats:
    """Flat thumbnails (N, 256), mirrored."""
    return vectors.reshape(-1, THUMBNAIL_PX, THUMBNAIL_PX)[:, :, ::-1].reshape(vectors.shape)
