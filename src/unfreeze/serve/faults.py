"""Why one picture gets no answer, as a problem with its status."""

from PIL import Image

from unfreeze.errors import PictureError
from unfreeze.images.formats import missing, picture_format
from unfreeze.images.limits import LimitError
from unfreeze.serve.problems import Problem


def picture_problem(error: PictureError, data: bytes, *, name: str) -> Problem:
    """What to tell of a picture that the decoder refused.

    Args:
        error: What it raised.
        data: The file.
        name: What the client calls it.

    Returns:
        400 of no bytes, 413 of what would cost too much, 415 of what is no picture in a format that is decoded here,
        and 422 of a damaged one; the detail says what was found.
    """
    detail = str(error).removeprefix(f"{name}: ")  # who sent several finds the name beside the problem
    if not data:
        return Problem(400, "empty-picture", detail)
    if isinstance(error.__cause__, LimitError | Image.DecompressionBombError | MemoryError):
        return Problem(413, "picture-too-large", detail)
    begins_like = picture_format(data)
    if begins_like is None or missing(begins_like):
        return Problem(415, "not-a-picture", detail)
    return Problem(422, "damaged-picture", detail)
