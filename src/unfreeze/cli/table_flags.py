"""Flags that decide which pictures there are, with which labels, and which of them validate."""

from typing import Any

from unfreeze.cli.flags import (
    Exclude,
    ExcludeKind,
    GroupColumn,
    LabelColumn,
    LabelSeparator,
    PathColumn,
    Relabel,
    SplitColumn,
    ValidShare,
)
from unfreeze.recipe.settings import TrainSettings

DEFAULTS = TrainSettings()


def table_flags(
    path_column: PathColumn = DEFAULTS.path_column,
    label_column: LabelColumn = DEFAULTS.label_column,
    split_column: SplitColumn = DEFAULTS.split_column,
    group_column: GroupColumn = DEFAULTS.group_column,
    label_separator: LabelSeparator = DEFAULTS.label_separator,
    valid_share: ValidShare = DEFAULTS.valid_share,
    exclude: Exclude = None,
    exclude_kind: ExcludeKind = None,
    relabel: Relabel = None,
) -> dict[str, Any]:
    """What the flags say, by the names of `TrainSettings`, which are those of `ImageData`'s options too."""
    return {
        "path_column": path_column,
        "label_column": label_column,
        "split_column": split_column,
        "group_column": group_column,
        "label_separator": label_separator,
        "valid_share": valid_share,
        "exclude": tuple(exclude or ()),
        "exclude_kinds": tuple(exclude_kind or ()),
        "relabel": tuple(relabel or ()),
    }
