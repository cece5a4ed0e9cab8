"""What the first process tells the others to do: they follow, and decide nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from unfreeze.images.table import ImageTable
from unfreeze.transforms.transform import Transform


@dataclass(frozen=True, kw_only=True)
class Prepare:
    """The pictures, and where their activations are kept; comes first.

    Attributes:
        table: The pictures.
        transform: How they become squares for training.
        threads: Pictures in work at a time.
        use_store: Whether there is a store in the cache.
        limit_bytes: What it may hold; None for no limit.
    """

    table: ImageTable
    transform: Transform
    threads: int
    use_store: bool
    limit_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Extract:
    """Activations are brought into the stores together: see `extract_together`.

    Attributes:
        prefix: Key of the frozen prefix.
        transform: How pictures become squares.
        rows: Pictures, by their numbers in the table.
        views: Numbers of their views.
        pretrained: Whether they go to the store in the cache, because another run will ask for them.
        everywhere: Whether every process needs them.
    """

    prefix: str
    transform: Transform
    rows: Sequence[int]
    views: Sequence[int]
    pretrained: bool
    everywhere: bool


@dataclass(frozen=True)
class Begin:
    """Training begins, or goes on.

    Attributes:
        suffix: What is trained, with its optimizer, as torch writes it.
    """

    suffix: bytes


@dataclass(frozen=True, kw_only=True)
class Read:
    """The batches of the steps that come next; each process takes its part of each.

    Attributes:
        view: The view's number.
        size_px: Side of the squares.
        batches: Numbers of the training pictures of each batch.
        stored: Key of the prefix whose stored activations are read; None where pictures are.
        pretrained: Whether these lie in the store in the cache.
    """

    view: int
    size_px: int
    batches: Sequence[Sequence[int]] = ()
    stored: str | None = None
    pretrained: bool = True


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step on the next batch; as `Trainable.train_step`."""

    rates: Sequence[float]
    seed: int
    momentum: float


@dataclass(frozen=True)
class End:
    """No more steps for now."""


@dataclass(frozen=True)
class Stop:
    """All is done."""


Order = Prepare | Extract | Begin | Read | Step | End | Stop
