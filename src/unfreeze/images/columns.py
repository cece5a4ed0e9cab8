"""Which columns of a table of pictures say what."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypedDict

from unfreeze.errors import CollectionError, nearest


class ColumnOptions(TypedDict, total=False):
    """What all constructors that read a table understand.

    Attributes:
        path_column: Name of the column of paths; "path" unless said otherwise.
        label_column: Name of the column of labels; "label" unless said otherwise.
        split_column: Name of the column of splits; "split" unless said otherwise.
        group_column: Name of the column of groups; "group" unless said otherwise.
        label_separator: What parts the labels of a picture from one another, where it may have several.
    """

    path_column: str
    label_column: str
    split_column: str
    group_column: str
    label_separator: str


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names of a table's columns, and how the labels are read.

    Attributes:
        path: Where the picture is.
        label: Its class, or its labels with the separator between them.
        split: What it is for: `train`, `valid`, `val`, `test`, ..., or nothing. May be missing under the default name.
        group: Pictures of a group never lie on two sides of a split. May be missing under the default name.
        label_separator: Parts the labels of a picture, and makes several of them, or none, possible; empty where a
            picture has one label.
    """

    path: str = "path"
    label: str = "label"
    split: str = "split"
    group: str = "group"
    label_separator: str = ""

    @classmethod
    def of(cls, options: ColumnOptions) -> "Columns":
        """The columns that options name."""
        found: dict[str, Any] = dict(options)
        return cls(**{name.removesuffix("_column"): value for name, value in found.items()})

    def within(self, header: Sequence[str], *, source: str | Path) -> dict[str, int]:
        """Where the columns stand.

        Args:
            header: The names of the table's columns.
            source: The table, which errors name.

        Returns:
            Index of the column by what it says: `path`, `label`, and `split` and `group` where they are there.

        Raises:
            CollectionError: If a column is missing or there twice; the message names all such.
        """
        optional = {"split": self.split, "group": self.group}
        given = {role: name for role, name in optional.items() if name != DEFAULT_NAMES[role] or name in header}
        wanted = {"path": self.path, "label": self.label, **given}
        faults = []
        for name in dict.fromkeys(wanted.values()):
            if name not in header:
                faults.append(f"no column {name!r}{nearest(name, header)}")
            elif header.count(name) > 1:
                faults.append(f"{header.count(name)} columns {name!r}")
        if faults:
            found = f"the header has {', '.join(header)}" if header else "there is no header"
            advice = "rename a column, or say --path-column, --label-column, --split-column or --group-column"
            raise CollectionError(f"{source}: {'; '.join(faults)}; {found}; {advice}", subject=source)
        return {role: header.index(name) for role, name in wanted.items()}


DEFAULT_NAMES = {field.name: str(field.default) for field in fields(Columns)}
