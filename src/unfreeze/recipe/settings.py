"""All settings of a run, each with its default and its unit, in this one place."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from unfreeze.errors import SettingsError, nearest
from unfreeze.images.columns import Columns
from unfreeze.network.backbones import DEFAULT_BACKBONE
from unfreeze.training.cycles import cycles_within
from unfreeze.training.options import TrainingOptions
from unfreeze.transforms.squares import Square
from unfreeze.transforms.views import Augment

STEPS = 8
HEADS, UNFREEZINGS, BATCH_NORMS = ("sgd", "lbfgs"), ("all", "late"), ("frozen", "train")


@dataclass(frozen=True, kw_only=True)
class TrainSettings(TrainingOptions):
    """What `unfreeze train` can be told; the options of training are those of `TrainingOptions`.

    Attributes:
        backbone: Pretrained body, by its name in timm or of those that install with pip.
        weights: Weights file for the body; None for the backbone's own.
        size: Side of the squares in pixels; None for the backbone's own.
        square: What is done with a picture that is not square.
        augment: How training views differ from the plain view.
        seed: Decides split, views, order and dropout: the only source of chance.
        path_column: Name of the column of paths, where the pictures are named by a CSV file.
        label_column: Name of its column of labels.
        split_column: Name of its column of splits; may be missing under the default name.
        group_column: Name of its column of groups; may be missing under the default name.
        label_separator: Parts the labels of a picture in a CSV file; empty where each picture has one label.
        valid_share: Part of each class that validates, where the folders do not say which pictures do.
        fold: Which fold of the pictures validates, and of how many; None for one split, as `valid_share` says.
        max_broken_share: The run stops when more than this part of the files cannot be decoded.
        exclude: Manifests of pictures that are left out; a list of findings is one.
        exclude_kinds: Kinds of findings that are left out; all kinds where none is named.
        relabel: Manifests of pictures with another label.
        batch_size: Pictures in a training batch of steps 2 to 4.
        full_batch_size: Pictures in a training batch once the body trains, steps 7 and 8.
        steps: Which of the eight steps are taken.
        lr: Learning rate of steps 3 and 4; None for the one found in step 2.
        head: How step 3 trains the head: "sgd" by steps, as the lesson does, or "lbfgs" at once.
        head_epochs: Epochs of step 3 with "sgd".
        augmented_cycles: Cycles of step 4.
        cycle_len: Length of step 4's cycles, and of step 8's first, in epochs.
        unfreeze: What step 5 unfreezes: "all" layers, or the "late" half of the body with the head.
        rate_ratio: How many times lower each earlier layer group's rate is than the next higher group's.
        full_lr: The head's learning rate in step 8; None for the one found in step 7.
        max_epochs: Epochs of step 8 at most; it takes whole cycles only, and stops earlier when it overfits.
        sizes: Side of the training squares in each cycle of step 8, in pixels, the last one from then on; empty for the
            full size throughout.
        cycle_mult: Each cycle of step 8 is this many times as long as the one before.
        batch_norm: Whether statistics of BatchNorm stand still in trainable groups ("frozen") or move ("train").
        views: Augmented views that are stored; epoch e trains on view 1 + (e mod views).
        tta_views: Augmented views that are averaged with the plain one at the end; 0 for none.
        probes: Whether the model carries squares of 16 validation pictures, to test itself on any machine.
        threads: Pictures in work at a time, and threads that torch may use; None for one a core.
        use_store: Whether activations, and what the scan found, are kept in the cache for another run.
        cache_size: Bytes that activations may take in the cache; those used longest ago make room.
        checkpoint_seconds: How long a training step may lie behind the last checkpoint; there is one after each epoch
            besides.
        time_budget: Seconds that the run may take in all, from the start of the command to its end; None for as long as
            it takes.
    """

    backbone: str = DEFAULT_BACKBONE
    weights: Path | None = None
    size: int | None = None
    square: Square = Square.CROP
    augment: Augment = Augment.SIDE_ON
    seed: int = 0
    path_column: str = Columns.path
    label_column: str = Columns.label
    split_column: str = Columns.split
    group_column: str = Columns.group
    label_separator: str = Columns.label_separator
    valid_share: float = 0.2
    fold: tuple[int, int] | None = None
    max_broken_share: float = 0.1
    exclude: tuple[Path, ...] = ()
    exclude_kinds: tuple[str, ...] = ()
    relabel: tuple[Path, ...] = ()
    batch_size: int = 32
    full_batch_size: int = 16
    steps: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    lr: float | None = None
    head: Literal["sgd", "lbfgs"] = "sgd"
    head_epochs: int = 2
    augmented_cycles: int = 3
    cycle_len: int = 1
    unfreeze: Literal["all", "late"] = "all"
    rate_ratio: float = 3.0
    full_lr: float | None = None
    max_epochs: int = 15
    sizes: tuple[int, ...] = ()
    cycle_mult: int = 2
    batch_norm: Literal["frozen", "train"] = "frozen"
    views: int = 3
    tta_views: int = 4
    probes: bool = True
    threads: int | None = None
    use_store: bool = True
    cache_size: int = 10_000_000_000
    checkpoint_seconds: float = 30.0
    time_budget: float | None = None

    def __post_init__(self) -> None:
        faults = [*self._counts(), *self._rates(), *self._shares(), *self.option_faults()]
        if not self.steps or any(step not in range(1, STEPS + 1) for step in self.steps):
            faults.append(f"--steps names {list(self.steps)}; steps are numbered 1 to {STEPS}, such as 1-4 or 1,2,3")
        if not faults:  # numbers that cannot be used have no cycles
            faults += self._sizes()
        faults += self._choices()
        if faults:
            raise SettingsError("; ".join(faults), subject=faults[0].split()[0])

    @property
    def full_cycles(self) -> int:
        """Number of step 8's cycles that fit into `max_epochs`."""
        return cycles_within(self.max_epochs, cycle_len=self.cycle_len, cycle_mult=self.cycle_mult)

    @property
    def columns(self) -> Columns:
        """How a CSV file that names the pictures is read."""
        return Columns(
            path=self.path_column,
            label=self.label_column,
            split=self.split_column,
            group=self.group_column,
            label_separator=self.label_separator,
        )

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "TrainSettings":
        """Settings from what `to_dict` gave.

        Args:
            plain: Plain values by name.

        Returns:
            The settings.

        Raises:
            SettingsError: If a name is unknown or a value cannot be used.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(plain.keys() - known):
            raise SettingsError(f"unknown setting {unknown[0]}{nearest(unknown[0], known)}", subject=unknown[0])
        kinds: dict[str, Callable[[Any], Any]] = {"weights": Path, "square": Square, "augment": Augment}
        kinds |= {
            "steps": tuple,
            "sizes": tuple,
            "exclude": _paths,
            "exclude_kinds": tuple,
            "relabel": _paths,
            "fold": tuple,
        }
        return cls(**{name: kinds[name](value) if name in kinds else value for name, value in plain.items()})

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values; what is None is left out."""
        plain = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in plain.items() if value is not None}

    def to_toml(self) -> str:
        """The settings as TOML."""
        return "".join(f"{name} = {_toml(value)}\n" for name, value in self.to_dict().items())

    def _counts(self) -> list[str]:
        least = {
            "size": 32,
            "batch_size": 1,
            "full_batch_size": 1,
            "head_epochs": 1,
            "augmented_cycles": 1,
            "cycle_len": 1,
            "max_epochs": 1,
        }
        least |= {"cycle_mult": 1, "views": 1, "tta_views": 0, "threads": 1, "seed": 0, "cache_size": 0}
        found = {name: getattr(self, name) for name in least}
        return [
            f"{_flag(name)} is {value}; it must be at least {least[name]}"
            for name, value in found.items()
            if value is not None and value < least[name]
        ]

    def _rates(self) -> list[str]:
        rates = {"lr": self.lr, "full_lr": self.full_lr}
        bad = {n: rate for n, rate in rates.items() if rate is not None and not (math.isfinite(rate) and rate > 0)}
        faults = [f"{_flag(name)} is {rate}; a learning rate is a positive number" for name, rate in bad.items()]
        if not (math.isfinite(self.rate_ratio) and self.rate_ratio >= 1):
            faults.append(f"--rate-ratio is {self.rate_ratio}; it must be at least 1")
        return faults

    def _sizes(self) -> list[str]:
        faults = []
        if any(size < 32 for size in self.sizes):
            faults.append(f"--sizes names {list(self.sizes)}; squares are at least 32 pixels wide")
        if self.sizes and self.unfreeze == "late":
            faults.append("--sizes needs the whole network unfrozen: stored activations have one size (--unfreeze all)")
        if self.sizes and not {5, 8} <= set(self.steps):
            faults.append(f"--sizes is for step 8 after step 5; --steps names {list(self.steps)}")
        if len(self.sizes) > self.full_cycles:
            found = f"--sizes names {len(self.sizes)} sizes for {self.full_cycles} cycles"
            faults.append(f"{found} of at most {self.max_epochs} epochs; raise --max-epochs")
        return faults

    def _choices(self) -> list[str]:
        known = {"head": HEADS, "unfreeze": UNFREEZINGS, "batch_norm": BATCH_NORMS}
        found = {name: getattr(self, name) for name in known}
        return [
            f"{_flag(name)} is {value!r}; it must be {' or '.join(known[name])}"
            for name, value in found.items()
            if value not in known[name]
        ]

    def _shares(self) -> list[str]:
        faults = []
        if not 0 < self.valid_share < 1:
            faults.append(f"--valid-share is {self.valid_share}; it must lie between 0 and 1")
        if self.fold and not (self.fold[1] >= 2 and 1 <= self.fold[0] <= self.fold[1]):
            found = "/".join(map(str, self.fold))
            faults.append(f"--fold is {found}; there must be 2 folds or more, numbered from 1, such as 2/5")
        if not self.checkpoint_seconds >= 0:
            faults.append(f"--checkpoint-seconds is {self.checkpoint_seconds}; it must be at least 0")
        if self.time_budget is not None and not (math.isfinite(self.time_budget) and self.time_budget > 0):
            faults.append(f"--time-budget is {self.time_budget} seconds; it must be above 0")
        if self.exclude_kinds and not self.exclude:
            faults.append("--exclude-kind says which rows of --exclude count; name a list of findings with --exclude")
        if not 0 <= self.max_broken_share <= 1:
            faults.append(f"--max-broken-share is {self.max_broken_share}; it must lie between 0 and 1")
        return faults


def parse_steps(text: str) -> tuple[int, ...]:
    """Reads which steps are meant.

    Args:
        text: Numbers and ranges, such as "1-4" or "1,2,3,7-8".

    Returns:
        The numbers, ascending, each once.

    Raises:
        SettingsError: If the text cannot be read so.

    >>> parse_steps("1-3,7")
    (1, 2, 3, 7)
    """
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()) or part.strip().endswith("-"):
            raise SettingsError(f"--steps {text!r} cannot be read; write it like 1-4 or 1,2,3", subject="steps")
        if int(last or first) < int(first):
            raise SettingsError(f"--steps {text!r} runs backwards; write {last}-{first}", subject="steps")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


def parse_sizes(text: str) -> tuple[int, ...]:
    """Reads the sizes of the training squares.

    Args:
        text: Numbers of pixels, such as "128,160,224"; nothing for none.

    Returns:
        The numbers in order.

    Raises:
        SettingsError: If the text cannot be read so.

    >>> parse_sizes("128, 224")
    (128, 224)
    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isdecimal() for part in parts):
        raise SettingsError(f"--sizes {text!r} cannot be read; write it like 128,160,224", subject="sizes")
    return tuple(map(int, parts))


def parse_fold(text: str) -> tuple[int, int]:
    """Reads which fold validates.

    Args:
        text: Its number and how many there are, such as "2/5".

    Returns:
        The two numbers.

    Raises:
        SettingsError: If the text cannot be read so.

    >>> parse_fold("2/5")
    (2, 5)
    """
    fold, _, count = text.partition("/")
    if not (fold.strip().isdecimal() and count.strip().isdecimal()):
        raise SettingsError(f"--fold {text!r} cannot be read; write it like 2/5", subject="fold")
    return int(fold), int(count)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _paths(plain: Sequence[str]) -> tuple[Path, ...]:
    return tuple(map(Path, plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value


def _toml(value: Any) -> str:
    import json

    return json.dumps(value)  # strings, numbers, booleans and lists of numbers are written alike in TOML
