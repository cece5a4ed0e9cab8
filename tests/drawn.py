"""Pictures that have large and small features, as photographs have, and copies of them."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps


def scene(seed: int, size: tuple[int, int] = (240, 180)) -> Image.Image:
    """A smooth field of colours with finer fields over it, and shapes before it, decided by a seed."""
    random = np.random.default_rng(seed)
    field = np.zeros((size[1], size[0], 3))
    for cells, strength in ((5, 1.0), (13, 0.5), (40, 0.25)):
        coarse = Image.fromarray(random.integers(0, 256, (cells, cells, 3)).astype(np.uint8))
        field += strength * np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), np.float64)
    image = Image.fromarray((field / 1.75).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = (int(random.integers(0, side)) for side in size)
        width, height = (int(random.integers(side // 10, side // 3)) for side in size)
        draw.ellipse((x, y, x + width, y + height), fill=tuple(random.integers(0, 256, 3).tolist()))
    return image


def reencoded(image: Image.Image, quality: int = 40) -> Image.Image:
    """The picture after JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def resized(image: Image.Image, across: float = 0.5, down: float = 0.5) -> Image.Image:
    """The picture in another size."""
    return image.resize((round(image.width * across), round(image.height * down)), Image.Resampling.BICUBIC)


def brightened(image: Image.Image) -> Image.Image:
    """The picture, lighter."""
    return ImageEnhance.Brightness(image).enhance(1.15)


def cropped(image: Image.Image, left: float = 0.1, upper: float = 0.0) -> Image.Image:
    """Three quarters of the picture."""
    box = (left, upper, left + 0.85, upper + 0.88)
    sides = (image.width, image.height) * 2
    return image.crop(tuple(round(edge * side) for edge, side in zip(box, sides, strict=True)))  # type: ignore[arg-type]


def mirrored(image: Image.Image) -> Image.Image:
    """The picture, left and right exchanged."""
    return ImageOps.mirror(image)
