"""How a picture of any shape becomes the square that a network sees: arithmetic only."""

from dataclasses import dataclass
from enum import StrEnum


class Square(StrEnum):
    """What is done with a picture that is not square.

    Attributes:
        CROP: The middle square is cut out; what lies outside is lost.
        SQUASH: Both sides are brought to the same length; shapes are distorted.
        PAD: The long side is fitted and the rest filled; all is seen, and smaller.
    """

    CROP = "crop"
    SQUASH = "squash"
    PAD = "pad"


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a picture, in pixels; it may reach beyond the picture.

    Attributes:
        left: Its left edge, counted from the picture's.
        top: Its upper edge, counted from the picture's.
        width: How wide it is.
        height: How high it is.
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, upper, right and lower edge, as Pillow wants them."""
        return self.left, self.top, self.left + self.width, self.top + self.height


def plain_window(width: int, height: int, square: Square, *, crop_share: float = 1.0) -> Window:
    """The window that view 0 shows.

    Cutting `crop_share` of the short side and resizing to S is resizing the short side to S / crop_share and then
    cutting S, in one resampling.

    Args:
        width: The picture's width in pixels.
        height: The picture's height in pixels.
        square: What is done with a picture that is not square.
        crop_share: Part of the short side that is cut out; for `crop` only.

    Returns:
        The window; it reaches beyond the picture only for `pad`.

    >>> plain_window(400, 200, Square.CROP, crop_share=0.5)
    Window(left=150.0, top=50.0, width=100.0, height=100.0)
    >>> plain_window(400, 200, Square.PAD)
    Window(left=0.0, top=-100.0, width=400, height=400)
    """
    match square:
        case Square.CROP:
            side = min(width, height) * crop_share
        case Square.SQUASH:
            return Window(0.0, 0.0, width, height)
        case Square.PAD:
            side = max(width, height)
    return Window((width - side) / 2, (height - side) / 2, side, side)


def zoomed_window(width: int, height: int, square: Square, *, zoom: float, across: float, down: float) -> Window:
    """The window that an augmented view shows before it is turned: the largest one, magnified and moved.

    Args:
        width: The picture's width in pixels.
        height: The picture's height in pixels.
        square: What is done with a picture that is not square.
        zoom: Magnification; the largest window's sides are divided by it.
        across: Where the window lies between the far left, 0, and the far right, 1.
        down: Where the window lies between the top, 0, and the bottom, 1.

    Returns:
        The window; it reaches beyond the picture only for `pad`.

    >>> zoomed_window(400, 200, Square.CROP, zoom=2, across=1.0, down=0.5)
    Window(left=300.0, top=50.0, width=100.0, height=100.0)
    """
    largest = plain_window(width, height, square)
    room_left, room_top = min(0.0, largest.left), min(0.0, largest.top)
    room_width, room_height = max(width, largest.width), max(height, largest.height)
    w, h = largest.width / zoom, largest.height / zoom
    return Window(room_left + across * (room_width - w), room_top + down * (room_height - h), w, h)


def seen_share(width: int, height: int, square: Square, *, crop_share: float = 1.0) -> float:
    """Part of a picture's area that view 0 shows, between 0 and 1.

    >>> seen_share(400, 200, Square.CROP)
    0.5
    """
    window = plain_window(width, height, square, crop_share=crop_share)
    return min(1.0, window.width * window.height / (width * height))
