"""Where in a square a network saw what it answered: class activation maps, arithmetic only.

A network whose head is linear on averaged features can be asked exactly: its logit of a class is the mean, over
positions, of what the head would say of the features at each position. That mean, not yet taken, is the map (Zhou et
al. 2016, "Learning deep features for discriminative localization"; here with the class's bias).
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def class_maps(maps: Floats, weights: Floats, biases: Floats | None = None) -> Floats:
    """How much each position speaks for a class.

    With the class's bias a position's value is the logit of a picture that looks like this position throughout. Without
    it 0 means nothing: features are not centred, so that a head may have a large bias only to make up for it.

    Args:
        maps: Features at each position of N pictures, shape (N, D, h, w).
        weights: What a class's logit makes of each feature, shape (N, D): the class's row of the head, or the
            difference of two classes' rows for what speaks for one of them and against the other.
        biases: The class's bias, or the difference of two, shape (N,); none where the weights are gradients.

    Returns:
        Evidence in logits, shape (N, h, w): above 0 for the class, below 0 against it. Where features are averages of
        their maps, the mean over positions is the logit.

    >>> maps = np.array([[[[0.0, 2.0]], [[1.0, 1.0]]]], np.float32)
    >>> class_maps(maps, np.array([[3.0, -1.0]], np.float32), np.array([0.5], np.float32)).tolist()
    [[[-0.5, 5.5]]]
    """
    evidence = np.einsum("nd,ndhw->nhw", weights, maps, optimize=True)
    if biases is not None:
        evidence = evidence + biases[:, np.newaxis, np.newaxis]
    return np.asarray(evidence, np.float32)


def spread(maps: Floats, size_px: int) -> Floats:
    """Brings maps to the size of the square that the network saw, bilinearly.

    A position's value stands at the middle of its part of the square; beyond the middles of the outermost positions
    their values go on. A position sees more of the square than its part of it, so edges in a map are not edges in the
    picture.

    Args:
        maps: Shape (N, h, w).
        size_px: Side S of the square in pixels.

    Returns:
        Shape (N, S, S), within the range of the maps.

    >>> spread(np.array([[[0.0, 4.0]]], np.float32), 4)[0, 0].tolist()
    [0.0, 1.0, 3.0, 4.0]
    """
    down, across = (_weights(count, size_px) for count in maps.shape[1:])
    return np.asarray(np.einsum("sh,nhw,tw->nst", down, maps, across, optimize=True), np.float32)


def shares(maps: Floats, *, whole: float | None = None) -> Floats:
    """Brings evidence to -1..1 for drawing, so that 0 stays 0: neither for the class nor against it.

    Args:
        maps: Evidence, shape (N, ...).
        whole: The evidence that becomes 1; each picture's own largest, in amount, unless said otherwise. Its own shows
            where the evidence lies, a common one lets pictures be compared.

    Returns:
        The same shape; 0 throughout where there is no evidence at all.

    >>> shares(np.array([[2.0, -4.0], [0.0, 0.0]], np.float32)).tolist()
    [[0.5, -1.0], [0.0, 0.0]]
    """
    largest = np.abs(maps).max(tuple(range(1, maps.ndim)), keepdims=True) if whole is None else np.float32(whole)
    scaled = np.divide(maps, largest, out=np.zeros_like(maps), where=np.broadcast_to(largest > 0, maps.shape))
    return np.asarray(np.clip(scaled, -1, 1), np.float32)


def _weights(count: int, size_px: int) -> Floats:
    """What each of S pixels takes of each of so many positions along a side, shape (S, count); rows sum to 1."""
    middles = (np.arange(size_px) + 0.5) * count / size_px - 0.5
    places = np.clip(middles, 0, count - 1)[:, np.newaxis]  # (S, 1)
    return np.asarray(np.maximum(0, 1 - np.abs(places - np.arange(count))), np.float32)
