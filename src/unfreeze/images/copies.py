"""Which pictures of a collection are copies of one another; for the same pictures that is found only once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unfreeze.images.duplicates import clusters
from unfreeze.images.look import Look
from unfreeze.images.scan_cache import ScanCache

PLACE = ".copies"
"""What stands in the cache for a collection's copies, beside the collection's files."""


@dataclass(frozen=True, slots=True)
class _Clusters:
    """Contents of pictures that have copies, and for each the content that its cluster is named after."""

    contents: tuple[str, ...]
    names: tuple[str, ...]


def known_clusters(
    root: Path, contents: Mapping[str, str], looks: Mapping[str, Look], *, state: str, use_cache: bool
) -> dict[str, str]:
    """The clusters of near-duplicates that `duplicates.clusters` finds, from the cache where they are known.

    Args:
        root: The collection's folder or archive.
        contents: Content hash of each picture, by its path.
        looks: What the scan saw of each picture, by its path.
        state: A hash of all contents.
        use_cache: False searches in any case and keeps nothing.

    Returns:
        For each path the content hash of its cluster's first picture: its own where it is alone.
    """
    with ScanCache(root / PLACE, _Clusters, enabled=use_cache) as cache:
        (known,) = cache.find([PLACE], [state])
        if isinstance(known, _Clusters):
            name_of = dict(zip(known.contents, known.names, strict=True))
            return {path: name_of.get(content, content) for path, content in contents.items()}
        found = clusters(looks, contents)
        copies = {contents[path]: name for path, name in found.items() if contents[path] != name}
        cache.keep(PLACE, state, _Clusters(tuple(copies), tuple(copies.values())))
    return found


def with_copies(clusters_of: Mapping[str, str]) -> dict[str, str]:
    """Of clusters by path those that more than one picture belongs to.

    >>> with_copies({"a.png": "1", "b.png": "2", "c.png": "1"})
    {'a.png': '1', 'c.png': '1'}
    """
    sizes = Counter(clusters_of.values())
    return {path: name for path, name in clusters_of.items() if sizes[name] > 1}
