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
        thumbnail: Grey levels of the whole upright picture, squashed to 16 x 16, row by row.
        colour: Mean red, green and blue of the picture, 0 to 255.
        border: Mean red, green and blue of a frame along its edges, a 25th of its short side wide, 0 to 255.
        spread: Standard deviation of its grey levels; 0 for a blank picture.
        sharpness: Variance of the Laplacian of its grey levels over their variance, both of the picture reduced to a
            short side of 64 to 127 pixels; 0 for a blank picture, about 20 for noise.
    """

    size_bytes: int
    format: str
    mode: str
    frames: int
    camera: str
    thumbnail: bytes
    colour: tuple[float, float, float]
    border: tuple[float, float, float]
    spread: float
    sharpness: float
