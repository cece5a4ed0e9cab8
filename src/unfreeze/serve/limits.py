"""What one request, one client and all of them together may cost."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from unfreeze.errors import SettingsError

if TYPE_CHECKING:
    from unfreeze.images.limits import DecodeLimits

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeLimits:
    """Bounds that hold whatever is sent; who exceeds one is told which and what it was.

    Attributes:
        pictures: Pictures in one request.
        picture_bytes: Size of one picture's file in bytes.
        request_bytes: Size of a request's whole body in bytes.
        held_bytes: Bytes of bodies that are held at a time, of all requests together.
        pixels: Pixels of one picture. A JPEG with more is decoded at a half, a quarter or an eighth of its size.
        decode_seconds: Processor time for decoding one picture.
        stall_seconds: How long a client may send nothing in the middle of a request.
        body_seconds: How long a client may take to send a request.
        answer_seconds: How long an answer may take once the request is there.
        queue_pictures: Pictures that wait or are in work at a time, of all requests together.
        connections: Connections that are open at a time.
        requests_per_minute: Requests of one client's address to the models; 0 for any number.
    """

    pictures: int = 32
    picture_bytes: int = 32 * MIB
    request_bytes: int = 64 * MIB
    held_bytes: int = 256 * MIB
    pixels: int = 50_000_000
    decode_seconds: float = 10.0
    stall_seconds: float = 10.0
    body_seconds: float = 60.0
    answer_seconds: float = 30.0
    queue_pictures: int = 256
    connections: int = 500
    requests_per_minute: int = 0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < 0 or (value == 0 and name != "requests_per_minute"):
                raise SettingsError(f"{name} is {value}; it must lie above 0", subject=name)
        for less, more in (("pictures", "queue_pictures"), ("request_bytes", "held_bytes")):
            if getattr(self, less) > getattr(self, more):
                message = f"{less} is {getattr(self, less)}, more than {more} ({getattr(self, more)}); no such request"
                raise SettingsError(f"{message} could ever be answered", subject=less)

    @property
    def decoding(self) -> "DecodeLimits":
        """What decoding one picture may cost."""
        from unfreeze.images.limits import DecodeLimits  # loads Pillow, which --help does without

        return DecodeLimits(pixels=self.pixels, file_bytes=self.picture_bytes, seconds=self.decode_seconds)
