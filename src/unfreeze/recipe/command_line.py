"""The command that begins a run: a user can copy it, and it says what the run was told."""

import shlex
from dataclasses import fields, replace
from enum import Enum
from pathlib import Path
from typing import Any

from unfreeze.network.backbones import preprocessing
from unfreeze.recipe.settings import TrainSettings

OTHERWISE_CALLED = {"use_store": "store", "exclude_kinds": "exclude_kind"}
"""Settings whose flag has another name."""

LISTS = {"steps", "sizes"}
REPEATED = {"exclude", "exclude_kinds", "relabel"}


def train_command_line(pictures: Path, settings: TrainSettings) -> str:
    """`unfreeze train` with the flags that make these settings; what is the default is left away.

    Args:
        pictures: What names the pictures.
        settings: The settings, resolved or not. The number of threads is the machine's affair and is left away.

    Returns:
        One line, quoted as a POSIX shell wants it.

    >>> train_command_line(Path("my pets"), TrainSettings(steps=(1, 2, 3), relabel=(Path("a.csv"),), use_store=False))
    "unfreeze train 'my pets' --relabel a.csv --steps 1,2,3 --no-store"
    """
    if settings.size == preprocessing(settings.backbone).size_px:
        settings = replace(settings, size=None)
    default, words = TrainSettings(), ["unfreeze", "train", str(pictures)]
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value != getattr(default, field.name) and field.name != "threads":
            words += _flag(field.name, value)
    return shlex.join(words)


def _flag(name: str, value: Any) -> list[str]:
    flag = OTHERWISE_CALLED.get(name, name).replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    if name in REPEATED:
        return [word for each in value for word in (f"--{flag}", str(each))]
    if name in LISTS:
        return [f"--{flag}", ",".join(map(str, value))]
    if name == "time_budget":
        return [f"--{flag}", f"{value:g}s"]
    if name == "fold":
        return [f"--{flag}", "/".join(map(str, value))]
    return [f"--{flag}", str(value.value if isinstance(value, Enum) else value)]
