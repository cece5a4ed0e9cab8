"""What a scan sees of a picture beside its size: enough to compare pictures without opening them again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """Cheap measures of one picture, taken while it is checked.

    Attributes:
        size_bytes: Size of the file.
        format: Pillow's name of the format, such as "JPEG".
        mode: Pillow's mode of the file before it became RGB, such as "RGB", "L" or "CMYK".
        frames: Number of frames; the first one is used.
        camera: Make and model by its EXIF data; empty where there are none.
    """

    size_bytes: int
    format: str
    mode: str
    frames: int
    camera: str
