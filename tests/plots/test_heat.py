"""Evidence over a square: colours by sign, strength by amount, nothing where there is none."""

import numpy as np
import pytest

from unfreeze.plots.heat import AGAINST, FOR, GREY_SHARE, OPACITY, overlay


def distance(colours: np.ndarray, to: tuple[int, int, int]) -> np.ndarray:
    return np.asarray(np.abs(colours.astype(int) - np.array(to)).sum(-1))


def test_the_stronger_the_evidence_the_nearer_its_colour() -> None:
    square = np.full((3, 5, 5), 128, np.uint8)
    share = np.tile(np.array([-1.0, -0.5, 0.0, 0.5, 1.0], np.float32), (5, 1))
    row = np.asarray(overlay(square, share))[0]
    assert row[2].tolist() == [128, 128, 128]
    assert distance(row[2:], FOR).tolist() == sorted(distance(row[2:], FOR), reverse=True)
    assert distance(row[:3], AGAINST).tolist() == sorted(distance(row[:3], AGAINST))
    assert row[4] == pytest.approx(0.25 * 128 + OPACITY * np.array(FOR), abs=1)


def test_without_evidence_the_picture_is_only_paler() -> None:
    square = np.zeros((3, 2, 2), np.uint8)
    square[0] = 200
    found = np.asarray(overlay(square, np.zeros((2, 2), np.float32)))
    grey = 0.299 * 200
    assert found[0, 0] == pytest.approx([GREY_SHARE * grey + (1 - GREY_SHARE) * 200] + 2 * [GREY_SHARE * grey], abs=1)


def test_the_two_colours_differ_in_lightness_too() -> None:
    lightness = [np.dot(colour, (0.299, 0.587, 0.114)) for colour in (FOR, AGAINST)]
    assert lightness[0] - lightness[1] > 50
