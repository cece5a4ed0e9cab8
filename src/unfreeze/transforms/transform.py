"""The whole way from a decoded picture and a view number to a square, as one value that can be stored and compared."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from PIL import Image

from unfreeze.errors import SettingsError
from unfreeze.transforms.changes import change_draws, rand_changes, trivial_changes
from unfreeze.transforms.render import Squared, render
from unfreeze.transforms.squares import Square, Window
from unfreeze.transforms.views import MAX_ZOOM, Augment, View, augmented_view, draws, plain_view

PIXELS_VERSION = 3
"""Raised whenever the same picture and settings would give other pixels: stored activations then no longer apply."""

STRONG = {Augment.TRIVIAL: trivial_changes, Augment.RAND: rand_changes}
"""Kinds of views that end in strong changes."""


@dataclass(frozen=True, kw_only=True)
class Transform:
    """Turns pictures into squares; the same in training, validation, prediction and export.

    Attributes:
        size_px: Side of the square in pixels.
        square: What is done with a picture that is not square.
        crop_share: Part of the short side that the plain view cuts out; for `crop` only.
        augment: How training views differ from the plain view.
        seed: Decides the training views.
    """

    size_px: int
    square: Square = Square.CROP
    crop_share: float = 1.0
    augment: Augment = Augment.SIDE_ON
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size_px < 32:
            message = f"size_px is {self.size_px}; a network needs squares of at least 32 pixels (--size 32)"
            raise SettingsError(message, subject="size_px")
        if not 0 < self.crop_share <= 1:
            message = f"crop_share is {self.crop_share}; it must lie above 0 and not above 1"
            raise SettingsError(message, subject="crop_share")

    def __call__(self, image: Image.Image, *, content: str = "", number: int = 0) -> Squared:
        """Draws one view of an upright RGB picture.

        Args:
            image: The decoded picture.
            content: Hash of its bytes; needed for views other than 0.
            number: The view's number; 0 is the plain view.

        Returns:
            The square, shape (3, S, S), dtype uint8.
        """
        view = self.view(image.width, image.height, content=content, number=number)
        return render(image, view, size_px=self.size_px, square=self.square)

    @property
    def short_side_px(self) -> int:
        """Short side that a picture needs to be drawn from, in pixels; more of it is averaged away.

        Every window of a picture this large is at least twice as wide as the square, where a JPEG that was decoded at
        reduced scale gives the same square within two grey levels on average (docs/decisions/0001-pixels.md).
        """
        return math.ceil(2 * self.size_px / min(self.crop_share, 1 / MAX_ZOOM))

    def view(self, width: int, height: int, *, content: str = "", number: int = 0) -> View:
        """What view `number` does to a picture of the given size in pixels and content."""
        if self.is_plain(number):
            return plain_view(width, height, self.square, crop_share=self.crop_share)
        view = augmented_view(width, height, self.square, self.augment, draws(self.seed, content, number))
        make = STRONG.get(self.augment)
        if make is None:
            return view
        return replace(view, changes=make(change_draws(self.seed, content, number), size_px=self.size_px))

    @property
    def tested(self) -> "Transform":
        """The same for validation and prediction: where answers are averaged over views, these are mild ones."""
        return replace(self, augment=self.augment.mild)

    def window(self, width: int, height: int) -> Window:
        """The part of a picture of the given size in pixels that the plain view shows."""
        return self.view(width, height).window

    def is_plain(self, number: int) -> bool:
        """Whether view `number` is the validation view."""
        return number == 0 or self.augment is Augment.NONE

    def key(self, number: int) -> str:
        """A name for all that decides the pixels of view `number` beside the picture itself."""
        settings = self.to_dict()
        if self.is_plain(number):
            del settings["augment"], settings["seed"]
            number = 0
        text = json.dumps([PIXELS_VERSION, number, settings], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values, for JSON; `from_dict` reads them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> "Transform":
        """The transform that `to_dict` wrote down."""
        choices = {"square": Square(settings["square"]), "augment": Augment(settings["augment"])}
        return cls(**{**settings, **choices})
