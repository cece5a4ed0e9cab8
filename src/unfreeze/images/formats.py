"""Which files are pictures, by their names alone; what a file really holds is seen when it is decoded."""

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".avif"}
)

SUFFIXES_BY_PLUGIN = {".heic": "pillow-heif", ".heif": "pillow-heif"}
"""Formats that Pillow reads only when another package is installed and registered."""

SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information"})


def is_hidden(name: str) -> bool:
    """Whether a file or folder belongs to a system or a tool, not to the collection.

    >>> is_hidden(".ipynb_checkpoints"), is_hidden("__MACOSX"), is_hidden("cat.jpg")
    (True, True, False)
    """
    return name.startswith((".", "~$")) or name.lower() in SYSTEM_NAMES
