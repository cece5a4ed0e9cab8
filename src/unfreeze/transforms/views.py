"""Numbered, seeded views: which changes view v of a picture undergoes, as numbers.

View 0 is the validation view. View v of a picture is decided by (seed, content, v) alone: the numbers come straight
from a hash, so neither batch, thread, order, device, library version nor resuming can change them.
"""

from dataclasses import dataclass
from enum import StrEnum

from unfreeze.transforms.changes import Change
from unfreeze.transforms.hashed import hashed_draws
from unfreeze.transforms.squares import Square, Window, plain_window, zoomed_window

MAX_ZOOM = 1.1
MAX_DEGREES = 10.0
MAX_LIGHTING = 0.05

TTA_VIEWS = 4
"""Augmented views that an answer is averaged over where test-time augmentation is asked of a finished model."""


class Augment(StrEnum):
    """How training views differ from the plain view.

    Attributes:
        SIDE_ON: Position, zoom, rotation, lighting and left-right flips: photographs taken from the side.
        TOP_DOWN: The same with all eight flips and quarter turns: photographs taken from above.
        UPRIGHT: The same without any flip: writing, digits, road signs.
        TRIVIAL: As side_on, and one strong change of shape or colour, as TrivialAugment makes them.
        RAND: As side_on, and two changes of middle strength, as RandAugment makes them.
        NONE: Training views are the plain view.
    """

    SIDE_ON = "side_on"
    TOP_DOWN = "top_down"
    UPRIGHT = "upright"
    TRIVIAL = "trivial"
    RAND = "rand"
    NONE = "none"

    @property
    def mild(self) -> "Augment":
        """The kind that answers are averaged over: strong changes are for training alone."""
        return Augment.SIDE_ON if self in (Augment.TRIVIAL, Augment.RAND) else self


@dataclass(frozen=True, slots=True)
class View:
    """What one view does to a picture.

    Attributes:
        window: The part of the picture that is shown, before turning.
        degrees: Rotation about the window's middle.
        quarter_turns: Turns by 90 degrees, 0 to 3.
        flipped: Whether left and right are exchanged.
        brightness: Added to values in 0..1.
        contrast: Factor on the distance of values from 0.5.
        plain: Whether this is the validation view, which is resampled without turning.
        changes: What happens to the square at the end.
    """

    window: Window
    degrees: float = 0.0
    quarter_turns: int = 0
    flipped: bool = False
    brightness: float = 0.0
    contrast: float = 1.0
    plain: bool = True
    changes: tuple[Change, ...] = ()


def plain_view(width: int, height: int, square: Square, *, crop_share: float) -> View:
    """View 0 of a picture of the given size in pixels."""
    return View(plain_window(width, height, square, crop_share=crop_share))


def augmented_view(width: int, height: int, square: Square, augment: Augment, draws: tuple[float, ...]) -> View:
    """A training view, from eight numbers.

    Ranges are the lesson's: zoom 1 to 1.1, rotation by at most 10 degrees, lighting by at most 0.05.

    Args:
        width: The picture's width in pixels.
        height: The picture's height in pixels.
        square: What is done with a picture that is not square.
        augment: Which changes are made; not `none`.
        draws: Eight numbers in [0, 1): zoom, across, down, rotation, brightness, contrast, flip, quarter turns.

    Returns:
        The view.
    """
    zoom, across, down, turn, light, contrast, flip, quarters = draws
    window = zoomed_window(width, height, square, zoom=1 + zoom * (MAX_ZOOM - 1), across=across, down=down)
    return View(
        window,
        degrees=(2 * turn - 1) * MAX_DEGREES,
        quarter_turns=int(quarters * 4) if augment is Augment.TOP_DOWN else 0,
        flipped=flip < 0.5 and augment is not Augment.UPRIGHT,
        brightness=(2 * light - 1) * MAX_LIGHTING,
        contrast=1 + (2 * contrast - 1) * MAX_LIGHTING,
        plain=False,
    )


def draws(seed: int, content: str, number: int) -> tuple[float, ...]:
    """Eight numbers in [0, 1) that belong to one view of one picture.

    Args:
        seed: The run's seed.
        content: Hash of the picture's bytes.
        number: The view's number, from 1.

    Returns:
        The upper 53 bits of each 64-bit word of a BLAKE2b hash, scaled.

    >>> draws(0, "ab", 1) == draws(0, "ab", 1) != draws(0, "ab", 2)
    True
    """
    return hashed_draws(f"view {seed} {content} {number}")
