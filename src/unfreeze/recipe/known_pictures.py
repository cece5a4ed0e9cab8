"""The pictures that a run was made from, by their contents, so that nobody takes them for new ones."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from unfreeze.images.table import ImageRow
from unfreeze.recipe.run_folder import BEGUN_FILE

NAMED = 3
USES = {"train": "the model was trained on", "valid": "chose the model's weights", "test": "the run was tested on"}
"""What the run did with the pictures of each split."""


def known_pictures(run: Path) -> dict[str, str] | None:
    """Which pictures a run was made from.

    Args:
        run: A run folder, or the bundle within it.

    Returns:
        The split of each picture by the hash of its content, training first where one is in several; None where that
        is not written down, as beside a bundle that was copied elsewhere.
    """
    for folder in (run, run.parent):
        try:
            rows = json.loads((folder / "checkpoints" / BEGUN_FILE).read_bytes())["rows"].values()
            splits = [(str(content), str(split)) for _, split, content in rows]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        order = [*reversed(USES)]
        return dict(sorted(splits, key=lambda found: order.index(found[1]) if found[1] in order else -1))
    return None


def known_notes(rows: Iterable[ImageRow], known: Mapping[str, str] | None) -> Iterator[str]:
    """What to say of pictures that are byte for byte those of the run.

    Args:
        rows: The pictures that are evaluated.
        known: What `known_pictures` found.

    Yields:
        A sentence for each use that the run made of some of them.
    """
    if known is None:
        yield "which pictures the model was trained on is not known here: name the run folder, not a copied model"
        return
    evaluated = list(rows)
    for split, use in USES.items():
        if paths := [row.path for row in evaluated if known.get(row.content) == split]:
            more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
            what = "picture is one" if len(paths) == 1 else "pictures are ones"
            flatters = "" if split == "test" else ", so the figures flatter"
            yield f"{len(paths)} {what} that {use}{flatters}: {', '.join(paths[:NAMED])}{more}"
