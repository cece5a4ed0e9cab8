"""How activations are rounded when they are stored, for whoever must have the same without storing them."""

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats


def as_stored(array: Floats) -> Floats:
    """What reading gives after an array was put, so that a run without the store equals one with it to the last bit.

    Args:
        array: The array of one key: the choice between float16 and float32 is made for each array on its own.

    Returns:
        A new float32 array of the same shape, rounded to float16 unless a finite value would become infinite.

    >>> as_stored(np.array([1 / 3, 65504], np.float32)).tolist()
    [0.333251953125, 65504.0]
    >>> as_stored(np.array([1.1, 65520], np.float32)).tolist() == [float(np.float32(1.1)), 65520.0]
    True
    """
    return narrowed(array).astype(np.float32)


def narrowed(array: Floats) -> npt.NDArray[np.float16 | np.float32]:
    """An array as float16, or as float32 where a finite value would become infinite."""
    with np.errstate(over="ignore", under="ignore"):
        narrow = array.astype("<f2")
    return narrow if np.array_equal(np.isinf(narrow), np.isinf(array)) else array.astype("<f4")
