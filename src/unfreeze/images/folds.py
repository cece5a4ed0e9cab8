"""Cross-validation: the same table with another part of it validating."""

from dataclasses import replace

from unfreeze.errors import SettingsError
from unfreeze.images.split import bound_together, fold_rows
from unfreeze.images.split_notes import fold_notes, straddling_notes, together_notes, unseen_notes
from unfreeze.images.table import ImageTable, Split


def folds(table: ImageTable, count: int, fold: int, *, seed: int = 0) -> ImageTable:
    """A table in which one fold of the pictures validates and all others train.

    Every picture that is not a test picture lies in one fold, whatever split it had; test pictures stay what they are.
    Near-duplicates and groups lie in one fold. A picture's fold follows from a hash, as its side of a split does, so
    pictures that are added move no others.

    Args:
        table: The pictures.
        count: How many folds, 2 or more.
        fold: Which one validates, from 1 to `count`.
        seed: Another seed divides otherwise.

    Returns:
        The same pictures and classes with other splits.

    Raises:
        SettingsError: If there is no such fold.
        CollectionError: If a class has fewer than two pictures that may be parted, and the table is not multilabel.
    """
    if count < 2 or not 1 <= fold <= count:
        message = f"fold is {fold}/{count}; there must be 2 folds or more, numbered from 1, such as 2/5"
        raise SettingsError(message, subject="fold")
    near = {row.path: table.copies.get(row.path, row.content) for row in table.rows}
    pool = [row for row in table.rows if row.split != "test"]
    found = fold_rows(
        [[table.classes[label] for label in row.labels] for row in pool],
        bound_together([near[row.path] for row in pool], [row.group for row in pool]),
        folds=count,
        seed=seed,
        multilabel=table.multilabel,
    )
    split_of: dict[str, Split] = {
        row.path: "valid" if number == fold - 1 else "train" for row, number in zip(pool, found, strict=True)
    }
    rows = tuple(replace(row, split=split_of.get(row.path, "test")) for row in table.rows)
    splits = [row.split for row in rows]
    notes = (
        *fold_notes(splits, seed, fold=fold, count=count),
        *together_notes([near[row.path] for row in pool]),
        *straddling_notes(bound_together([near[row.path] for row in rows], [row.group for row in rows]), splits),
        *unseen_notes([[table.classes[label] for label in row.labels] for row in rows], splits),
    )
    kept = (note for note in table.notes if note not in table.split_notes)
    return replace(table, rows=rows, notes=(*kept, *notes), split_notes=notes)
