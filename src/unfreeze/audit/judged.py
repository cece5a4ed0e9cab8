"""Which pictures heads can judge, and what they suspect of their labels."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from unfreeze.activations.engines import Floats
from unfreeze.audit.findings import Finding
from unfreeze.audit.folds import FOLDS, repeatedly_out_of_fold
from unfreeze.audit.labels import label_findings
from unfreeze.images.table import ImageTable


def label_suspects(table: ImageTable, features: Floats, units: Sequence[str]) -> list[Finding]:
    """Pictures whose label a head doubts that was fitted without them; test pictures are left alone.

    Args:
        table: The pictures, one label each.
        features: Pooled activations (N, D), in the table's order.
        units: For each picture the path of the first one that it belongs together with, which may be its own.

    Returns:
        A finding a suspect; none where no two classes have enough pictures.
    """
    chosen = judgeable(table, units)
    if not chosen:
        return []
    some = of_rows(table, chosen)
    labels = [row.label for row in some.rows]
    content = {row.path: row.content for row in table.rows}
    clusters = [content[units[index]] for index in chosen]
    return label_findings(some, repeatedly_out_of_fold(features[chosen], labels, clusters))


def judgeable(table: ImageTable, units: Sequence[str]) -> list[int]:
    """Pictures of classes that each part can have some of; test pictures are left alone.

    A class whose pictures all belong together would be unknown to the head that is asked about them.

    Args:
        table: The pictures, one label each.
        units: A name for each picture that those share which belong together.

    Returns:
        Indices of their rows; none where fewer than two classes have enough.
    """
    of_class: dict[int, set[str]] = defaultdict(set)
    for row, unit in zip(table.rows, units, strict=True):
        if row.split != "test":
            of_class[row.label].add(unit)
    enough = {label for label, found in of_class.items() if len(found) >= FOLDS}
    if len(enough) < 2:
        return []
    return [index for index, row in enumerate(table.rows) if row.split != "test" and row.label in enough]


def of_rows(table: ImageTable, chosen: Sequence[int]) -> ImageTable:
    """Some rows of a table, one label each, as a table with the classes that they have."""
    rows = [table.rows[index] for index in chosen]
    kept = sorted({row.label for row in rows})
    numbers = {label: number for number, label in enumerate(kept)}
    return replace(
        table,
        classes=tuple(table.classes[label] for label in kept),
        rows=tuple(replace(row, labels=(numbers[row.label],)) for row in rows),
    )
